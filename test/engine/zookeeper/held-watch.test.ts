import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { HeldWatch } from '../../../src/engine/zookeeper/held-watch.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { ConnectionLossError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom, ours } from './node-room.ts';

/** How long a lock is held before its node is watched. */
const UNWATCHED_MS = 200;

let room: NodeRoom;
let watch: HeldWatch;
let events: unknown[] = [];

beforeEach(async () => {
  room = await openRoom();
  events = [];
  watch = new HeldWatch(room.nodes, {
    gone: (claim) => void events.push(['gone', claim.node!.path]),
    written: (claim, { lockTimeoutMs }) => void events.push(['written', claim.node!.path, lockTimeoutMs]),
  });
});

/** A lock that is held by the node at this path. */
async function hold(path: string): Promise<Claim> {
  const command = Object.assign(new LockCommand(), { name: 'a' });
  const claim = new Claim(command, new LockPaths().placeOf('a'), 0);
  const { stat } = await room.come(room.nodes.create(path, { mode: 'ephemeral', data: ours() }));
  const { sessionId } = room.nodes;
  claim.node = { path, name: nameOf(path), prefix: '', sessionId, czxid: stat.czxid };
  claim.state = 'held';
  return claim;
}

/** One whose node is watched. */
async function holdWatched(path: string): Promise<Claim> {
  const claim = await hold(path);
  watch.add(claim);
  await room.pass(UNWATCHED_MS);
  return claim;
}

const write = (path: string, lockTimeoutMs = 5_000) =>
  room.come(room.others.setData(path, ours({ lockTimeoutMs })));
const remove = (path: string) => room.come(room.others.delete(path));

describe('the node of a held lock', () => {
  it('is watched once it has been held for a while, together with what has come meanwhile', async () => {
    const read = vi.spyOn(room.nodes, 'getData');
    const first = await hold('/a');
    watch.add(first);
    await room.pass(UNWATCHED_MS - 1);
    const second = await hold('/b');
    watch.add(second);
    expect([watch.has(first), watch.has(second)]).toEqual([false, false]);
    expect(read).not.toHaveBeenCalled();
    await room.pass(1);
    expect([watch.has(first), watch.has(second)]).toEqual([true, true]);
    expect(read).toHaveBeenCalledTimes(2);
    const third = await hold('/c');
    watch.add(third);
    await room.pass(UNWATCHED_MS - 1);
    expect(watch.has(third)).toBe(false);
    await room.pass(1);
    expect(watch.has(third)).toBe(true);
    expect(events).toEqual([]);
  });

  it('is not watched if it was released before', async () => {
    const read = vi.spyOn(room.nodes, 'getData');
    const claim = await hold('/a');
    watch.add(claim);
    watch.remove(claim);
    await room.pass(UNWATCHED_MS);
    expect([read.mock.calls.length, watch.has(claim)]).toEqual([0, false]);
  });

  it('tells each time that another server writes it', async () => {
    const claim = await holdWatched('/a');
    for (const lockTimeoutMs of [1_000, 2_000]) {
      await write('/a', lockTimeoutMs);
      await room.pass(0);
    }
    expect(events).toEqual([
      ['written', '/a', 1_000],
      ['written', '/a', 2_000],
    ]);
    expect(claim.version).toBe(2);
  });

  it('tells what was written and that it was removed in the first moments', async () => {
    watch.add(await hold('/a'));
    watch.add(await hold('/b'));
    await write('/a');
    await remove('/b');
    await room.pass(UNWATCHED_MS);
    expect(events).toEqual([
      ['written', '/a', 5_000],
      ['gone', '/b'],
    ]);
  });

  it('is looked at at once if it may have been written already', async () => {
    const claim = await hold('/a');
    await write('/a');
    watch.addWritten(claim);
    expect(watch.has(claim)).toBe(true);
    await room.pass(0);
    expect(events).toEqual([['written', '/a', 5_000]]);
  });

  it('tells nothing of what this server has written itself, nor of what another program has', async () => {
    const claim = await holdWatched('/a');
    claim.version = 1;
    await write('/a');
    await room.pass(0);
    expect(events).toEqual([]);
    await room.come(room.others.setData('/a', Buffer.from('10.0.0.1')));
    await room.pass(0);
    expect([events, claim.version]).toEqual([[], 2]);
    await write('/a');
    await room.pass(0);
    expect(events).toEqual([['written', '/a', 5_000]]);
  });

  it('is gone when it is removed, and when another one is at its path', async () => {
    await holdWatched('/a');
    await remove('/a');
    await room.pass(0);
    expect(events).toEqual([['gone', '/a']]);
    watch.add(await hold('/b'));
    await remove('/b');
    await room.put('/b', ours({ lockTimeoutMs: 9_000 }));
    await room.pass(UNWATCHED_MS);
    expect(events).toEqual([
      ['gone', '/a'],
      ['gone', '/b'],
    ]);
  });
});

describe('a lock that is held no more', () => {
  it('is not told of, and leaves no watch', async () => {
    const claim = await holdWatched('/a');
    expect(room.nodes.session.watches.isEmpty).toBe(false);
    watch.remove(claim);
    expect([watch.has(claim), room.nodes.session.watches.isEmpty]).toEqual([false, true]);
    await write('/a');
    await remove('/a');
    await room.pass(1_000);
    expect(events).toEqual([]);
  });

  it.each([
    ['written', () => write('/a')],
    ['removed', () => remove('/a')],
  ] as const)('is not told of where its node was %s while it was looked at', async (_what, change) => {
    const claim = await hold('/a');
    await change();
    watch.addWritten(claim);
    claim.state = 'ended';
    await room.pass(1_000);
    expect(events).toEqual([]);
  });

  it('is not looked at any more by a watch whose setting was under way', async () => {
    const claim = await hold('/a');
    const read = vi.spyOn(room.nodes, 'getData');
    watch.addWritten(claim);
    watch.remove(claim);
    await room.pass(0);
    await write('/a');
    await room.pass(0);
    expect([read.mock.calls.length, events]).toEqual([1, []]);
  });
});

describe('a watch', () => {
  it('goes on behind a lost connection, and tells what has happened meanwhile', async () => {
    await holdWatched('/a');
    room.isolate(room.nodes, 500);
    await write('/a', 7_000);
    await room.pass(500);
    expect(events).toEqual([['written', '/a', 7_000]]);
  });

  it('that could not be set is set a while later', async () => {
    vi.spyOn(room.nodes, 'getData').mockRejectedValueOnce(new ConnectionLossError('/a'));
    const claim = await holdWatched('/a');
    expect(watch.has(claim)).toBe(false);
    await write('/a');
    await room.pass(UNWATCHED_MS - 1);
    expect(events).toEqual([]);
    await room.pass(1);
    expect(events).toEqual([['written', '/a', 5_000]]);
    await remove('/a');
    await room.pass(0);
    expect(events).toHaveLength(2);
  });

  it('that is refused is none, and the lock is held as before', async () => {
    vi.spyOn(room.nodes, 'getData').mockRejectedValue(new NoAuthError('/a'));
    const claim = await holdWatched('/a');
    await write('/a');
    await room.pass(1_000);
    expect(events).toEqual([]);
    // Whoever has to know whether the node is there asks for it.
    expect(watch.has(claim)).toBe(false);
  });

  it('tells nothing of the end of the session, which ends the lock itself', async () => {
    await holdWatched('/a');
    const read = vi.spyOn(room.nodes, 'getData');
    room.isolate(room.nodes, 1_500);
    await room.pass(1_500);
    expect([room.nodes.session.losses, events, read.mock.calls.length]).toEqual([1, [], 0]);
  });

  it('is not set any more when all is closed', async () => {
    const claim = await hold('/a');
    watch.add(claim);
    watch.close();
    await room.pass(1_000);
    expect(watch.has(claim)).toBe(false);
  });
});
