import { beforeEach, describe, expect, it } from 'vitest';
import { untilAnswered } from '../../../src/engine/zookeeper/until-answered.ts';
import { BadVersionError, NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  SessionExpiredError,
  TooManyRequestsError,
  ZooKeeperUseError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from './node-room.ts';

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

/** Fails so often with this error, and tells how often it was looked and how long that took. */
async function lookBehind(error: Error, failures = 3) {
  let looks = 0;
  const beganMs = room.time.nowMs;
  const found = await room.come(
    untilAnswered(room.nodes, async () => {
      if (looks++ < failures) throw error;
      return 'found';
    }),
  );
  return { found, looks, waitedMs: room.time.nowMs - beganMs };
}

describe('what is looked at until there is an answer', () => {
  it.each([new BadVersionError('/a'), new ConnectionLossError('/a')])(
    'is looked at at once where somebody has written it, or nobody knows: %s',
    async (error) => {
      const { found, looks, waitedMs } = await lookBehind(error);
      expect([found, looks]).toEqual(['found', 4]);
      expect(waitedMs).toBeLessThan(20);
    },
  );

  it('is looked at after a pause where something speaks against it for now', async () => {
    const { found, looks, waitedMs } = await lookBehind(new TooManyRequestsError('/a', 5));
    expect([found, looks]).toEqual(['found', 4]);
    expect(waitedMs).toBeGreaterThanOrEqual(3 * 20);
  });

  it('is gone when it is not there', async () => {
    expect(await lookBehind(new NoNodeError('/a'))).toMatchObject({ found: null, looks: 1 });
  });

  it.each([
    new NoAuthError('/a'),
    new ZooKeeperUseError('no', '/a'),
    new SessionExpiredError('/a'),
    new ClientClosedError('/a'),
    new TypeError('a mistake'),
  ])('is given up where that will not change: %s', async (error) => {
    await expect(lookBehind(error)).rejects.toBe(error);
  });
});
