import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { InspectedEngine } from '../../../src/engine/engine.ts';
import { WatchFeed } from '../../../src/server/inspection/watch-feed.ts';
import {
  decodeInspectRequest,
  encodeInspectRequest,
  InspectOp,
} from '../../../src/shard/inspection/inspect-request.ts';

/** A feed of two shards, and what it tells them: `shard operation characters`. */
function openFeed() {
  const told: string[] = [];
  const engine = {
    shards: 2,
    inspect(shard: number, _inspection: number, body: Buffer) {
      const { op, countMax } = decodeInspectRequest(body, 0, body.length);
      told.push(`${shard} ${op} ${countMax}`);
    },
    flush() {},
  } as unknown as InspectedEngine;
  let steps = 0;
  const feed = new WatchFeed(engine, 7, (_shard, rows) => {
    steps += rows.length;
  });
  feed.begin(encodeInspectRequest({ op: InspectOp.Watch }));
  return { feed, told, steps: () => steps };
}

const step = [[0, 1]] as const;
const least = Limits.watchCreditCharacters / 4;

describe('a feed', () => {
  it('gives credit back when enough was taken, to the shard that sent it', () => {
    const { feed, told } = openFeed();
    told.length = 0;
    feed.take(0, step, least - 1);
    feed.take(1, step, least - 1);
    expect(told).toEqual([]);
    feed.take(1, step, 1);
    expect(told).toEqual([`1 ${InspectOp.Credit} ${least}`]);
  });

  it('keeps all credit while it pauses, and gives it back when it goes on', () => {
    const { feed, told, steps } = openFeed();
    told.length = 0;
    feed.pause();
    feed.take(0, step, 10 * least);
    feed.take(1, step, 5);
    expect([told, steps()]).toEqual([[], 2]);
    feed.resume();
    feed.resume();
    expect(told).toEqual([`0 ${InspectOp.Credit} ${10 * least}`, `1 ${InspectOp.Credit} 5`]);
  });

  it('is over when every shard has said so, and passes nothing on after its end', () => {
    const { feed, told, steps } = openFeed();
    told.length = 0;
    feed.close();
    feed.close();
    expect(told).toEqual([`0 ${InspectOp.Unwatch} 0`, `1 ${InspectOp.Unwatch} 0`]);
    expect(feed.take(0, step, least)).toBe(false);
    expect(feed.take(0, [], 2)).toBe(false);
    expect(feed.take(1, step, least)).toBe(false);
    expect(feed.take(1, [], 2)).toBe(true);
    expect(steps()).toBe(0);
  });
});
