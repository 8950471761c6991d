import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Flood, floods } from './floods.ts';
import { HostilePeer, NO_GOAWAY } from './hostile-peer.ts';
import { Siege } from './siege.ts';
import { Target } from './target.ts';

let target: Target;
let siege: Siege;

beforeAll(async () => {
  target = await Target.start();
  siege = new Siege(target);
  // The first second is that of the compiler, and of the young generation, which grows to its full size once.
  await Promise.all([siege.bystander.work(500), flood(floods[0]!, performance.now() + 500)]);
});

afterAll(async () => {
  siege.stop();
  await target.stop();
});

/** Longer than any flood goes on, however busy the machine is. */
const END_MS_MAX = 10_000;

/** Floods one connection after the other, at least until one is ended, and returns how each of them ended. */
async function flood({ before, round }: Flood, untilMs: number): Promise<number[]> {
  const ends: number[] = [];
  const isTime = () => performance.now() < (ends.length === 0 ? untilMs + END_MS_MAX : untilMs);
  while (isTime()) {
    const peer = await HostilePeer.greeted(target.port);
    await peer.send(before);
    for (let i = 0; !peer.closed && peer.goAway === NO_GOAWAY && isTime(); i++) await peer.send(round(i));
    if (peer.closed || peer.goAway !== NO_GOAWAY) ends.push(peer.goAway);
    peer.destroy();
  }
  return ends;
}

describe('a flood', () => {
  it.each(floods)('of $name is ended with error $error', async (attack) => {
    const ends: number[] = [];
    await siege.attack(async (untilMs) => {
      ends.push(...(await flood(attack, untilMs)));
    });
    expect(ends.length).toBeGreaterThan(0);
    // A GOAWAY may be lost when the client writes on into a closed socket; a wrong one may not be sent.
    expect(new Set(ends.filter((error) => error !== NO_GOAWAY))).toEqual(new Set([attack.error]));
  });
});
