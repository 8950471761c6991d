import { beforeEach, describe, expect, it } from 'vitest';
import { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import { holdAllWithin, type WantedLock } from '../../../src/zookeeper/locks/hold-all-within.ts';
import { LockTimeoutError } from '../../../src/zookeeper/locks/lock-error.ts';
import { LockHold } from '../../../src/zookeeper/locks/lock-hold.ts';
import { pause } from '../../../src/zookeeper/locks/node-removal.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;
/** The time that each of them was given. */
let given: (number | null)[];

beforeEach(async () => {
  room = await openRoom();
  given = [];
});

/** A lock that is had after so long. */
async function had(path: string, afterMs = 0): Promise<WantedLock> {
  const lock = new HeldLock(new LockHold(room.nodes, path, await room.queue(path)), () => {});
  const acquire = async (timeoutMs: number | null): Promise<HeldLock> => {
    given.push(timeoutMs);
    if (afterMs > 0) await pause(room.nodes.clock, afterMs);
    return lock;
  };
  return { path, acquire };
}
const refused = (path: string, error: Error): WantedLock => ({
  path,
  acquire: () => Promise.reject(error),
});
const hold = (wanted: WantedLock[], timeoutMs: number | null) =>
  room.come(holdAllWithin(room.nodes.clock, wanted, { timeoutMs }));
const queues = (): number[] => ['/a', '/b'].map((path) => room.queueAt(path).length);

describe('locks that are wanted together', () => {
  it('share one time, in their order', async () => {
    const held = await hold([await had('/a', 300), await had('/b')], 1_000);
    expect([given, held.locked, queues()]).toEqual([[1_000, 700], true, [1, 1]]);
  });

  it.each([null, 0])(
    'are each asked for, where there is no end of time or no time: %s',
    async (timeoutMs) => {
      expect((await hold([await had('/a', 300), await had('/b')], timeoutMs)).locked).toBe(true);
      expect(given).toEqual([timeoutMs, timeoutMs]);
    },
  );

  it('are not asked for any more when the time is over', async () => {
    const late = hold([await had('/a', 300), await had('/b')], 300);
    await expect(late).rejects.toMatchObject({ path: '/b', timeoutMs: 300 });
    await room.pass(0);
    expect([given, queues()]).toEqual([[300], [0, 1]]);
  });

  it('are all given back where one is refused, which says all of the time', async () => {
    const timeout = new LockTimeoutError('/b', 7);
    await expect(hold([await had('/a'), refused('/b', timeout)], 1_000)).rejects.toMatchObject({
      ...{ path: '/b', timeoutMs: 1_000 },
    });
    const refusal = new Error('no');
    await expect(hold([await had('/a'), refused('/b', refusal)], null)).rejects.toBe(refusal);
    expect(queues()).toEqual([0, 0]);
  });
});
