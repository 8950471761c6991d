import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  discardNode,
  isSessionOver,
  isUnanswered,
  pause,
  removeNode,
} from '../../../src/zookeeper/locks/node-removal.ts';
import { BadVersionError, NoAuthError, NotEmptyError } from '../../../src/zookeeper/server-refusal.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;
let path: string;

beforeEach(async () => {
  room = await openRoom();
  path = await room.put('/a', Buffer.alloc(0), 'ephemeral', room.nodes);
});

const czxid = () => room.ensemble.server.tree.stat(path)!.czxid;
const remove = (...options: [version?: number, czxid?: bigint]) =>
  room.come(removeNode(room.nodes, path, room.nodes.sessionId, ...options));
/** Each deletion is refused so, unless there are no more of these. */
function refuse(...errors: Error[]) {
  const deletions = vi.spyOn(room.nodes, 'delete');
  for (const error of errors) deletions.mockRejectedValueOnce(error);
  return deletions;
}

describe('what a request has come to', () => {
  it('is unknown where it has no answer', () => {
    for (const error of [new ConnectionLossError('/a'), new RequestTimeoutError('/a', 1)])
      expect([isUnanswered(error), isSessionOver(error)]).toEqual([true, false]);
  });

  it('is the end of the session where that is over, or the client is closed', () => {
    for (const error of [new SessionExpiredError('/a'), new ClientClosedError('/a')])
      expect([isUnanswered(error), isSessionOver(error)]).toEqual([false, true]);
  });

  it('is neither where it was refused', () => {
    for (const error of [new NoAuthError('/a'), new Error('a'), null])
      expect([isUnanswered(error), isSessionOver(error)]).toEqual([false, false]);
  });
});

describe('the removal of a node', () => {
  it('says whether it was there until then', async () => {
    expect([await remove(), room.has(path)]).toEqual([true, false]);
    expect(await remove()).toBe(false);
  });

  it.each(['before', 'after'] as const)('is repeated where its answer was lost: %s', async (cut) => {
    room.cuts.push(cut, cut);
    expect([await remove(), room.has(path)]).toEqual([true, false]);
  });

  it('ends with the session of the node', async () => {
    const deletions = refuse();
    const { sessionId } = room.nodes;
    room.isolate(room.nodes, 5_000);
    expect(await room.come(removeNode(room.nodes, path, sessionId))).toBe(false);
    await room.pass(5_000);
    // Another session is there, which the node is none of.
    deletions.mockClear();
    expect(await room.come(removeNode(room.nodes, path, sessionId))).toBe(false);
    expect(deletions).not.toHaveBeenCalled();
  });

  it.each([new NoAuthError('/a'), new BadVersionError('/a')])(
    'fails where that will not change: %s',
    async (error) => {
      const deletions = refuse(error);
      await expect(remove()).rejects.toBe(error);
      expect(deletions).toHaveBeenCalledTimes(1);
    },
  );

  it('names the version that the node must have', async () => {
    await expect(remove(1)).rejects.toThrow(BadVersionError);
    await room.come(room.others.setData(path, Buffer.from('b')));
    expect(await remove(1)).toBe(true);
  });

  it('is tried again after longer and longer pauses, whatever else speaks against it', async () => {
    const refusal = new NotEmptyError('/a');
    const triedMs: number[] = [];
    const { delete: carryOut } = room.nodes;
    const beganMs = room.time.nowMs;
    vi.spyOn(room.nodes, 'delete').mockImplementation((...args) => {
      triedMs.push(Math.round(room.time.nowMs - beganMs));
      return triedMs.length < 10 ? Promise.reject(refusal) : carryOut.apply(room.nodes, args);
    });
    expect([await remove(), room.has(path)]).toEqual([true, false]);
    const pauses = triedMs.slice(1).map((ms, i) => ms - triedMs[i]!);
    // The clocks of clients run a little faster or slower than that of the ensemble.
    const expected = [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000];
    expect(pauses).toHaveLength(expected.length);
    for (const [i, ms] of expected.entries()) expect(Math.abs(pauses[i]! - ms)).toBeLessThan(1 + ms / 50);
  });
});

describe('a node that somebody else may make anew', () => {
  /** The first deletion is carried out, then another such node is made, and then the answer is lost. */
  async function remake(): Promise<void> {
    const { delete: carryOut } = room.nodes;
    vi.spyOn(room.nodes, 'delete').mockImplementationOnce(async (...args) => {
      await carryOut.apply(room.nodes, args);
      await room.others.create(path);
      throw new ConnectionLossError(path);
    });
  }

  it('is left alone, and the own one was there until then', async () => {
    const created = czxid();
    await remake();
    expect([await remove(-1, created), room.has(path)]).toEqual([true, true]);
  });

  it('is removed as well by who does not say which one is his', async () => {
    await remake();
    expect([await remove(), room.has(path)]).toEqual([true, false]);
  });

  it('is his own until it was deleted', async () => {
    refuse(new ConnectionLossError(path));
    expect([await remove(-1, czxid()), room.has(path)]).toEqual([true, false]);
  });

  it('is looked for at a server that knows what all others know', async () => {
    const asked: string[] = [];
    const { sync, exists } = room.nodes;
    vi.spyOn(room.nodes, 'sync').mockImplementation((...args) => {
      asked.push('sync');
      return sync.apply(room.nodes, args);
    });
    vi.spyOn(room.nodes, 'exists').mockImplementation((...args) => {
      asked.push('exists');
      return exists.apply(room.nodes, args);
    });
    refuse(new ConnectionLossError(path));
    await remove(-1, czxid());
    expect(asked).toEqual(['sync', 'exists']);
  });

  it('is deleted while nobody knows which one it is', async () => {
    refuse(new ConnectionLossError(path));
    vi.spyOn(room.nodes, 'exists').mockRejectedValueOnce(new ConnectionLossError(path));
    expect([await remove(-1, czxid()), room.has(path)]).toEqual([true, false]);
  });
});

describe('a node that nobody wants', () => {
  it('is removed, and what that comes to is nobody’s concern', async () => {
    const { sessionId } = room.nodes;
    refuse(new NoAuthError(path));
    await room.come(discardNode(room.nodes, { path, sessionId }));
    expect(room.has(path)).toBe(true);
    await room.come(discardNode(room.nodes, { path, sessionId }));
    expect(room.has(path)).toBe(false);
  });

  it('is not taken for another one of the same path', async () => {
    const { sessionId } = room.nodes;
    refuse(new ConnectionLossError(path));
    await room.come(discardNode(room.nodes, { path, sessionId, czxid: czxid() - 1n }));
    expect(room.has(path)).toBe(true);
  });
});

it('a pause is as long as it is said to be, and short by default', async () => {
  let ended = 0;
  const end = () => void ended++;
  const clock = { nowMs: () => room.time.nowMs, after: room.time.after.bind(room.time) };
  void pause(clock).then(end);
  void pause(clock, 100).then(end);
  await room.pass(19);
  expect(ended).toBe(0);
  await room.pass(1);
  expect(ended).toBe(1);
  await room.pass(79);
  expect(ended).toBe(1);
  await room.pass(1);
  expect(ended).toBe(2);
});
