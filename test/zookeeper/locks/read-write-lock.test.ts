import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import { LockOwnerBusyError, LockUpgradeError } from '../../../src/zookeeper/locks/lock-error.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import type { QueuedLock } from '../../../src/zookeeper/locks/queued-lock.ts';
import { ReadWriteLock } from '../../../src/zookeeper/locks/read-write-lock.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const PATH = '/lock';

let room: NodeRoom;
let lock: ReadWriteLock;
let owner: object;

beforeEach(async () => {
  room = await openRoom();
  lock = new ReadWriteLock(room.nodes, PATH);
  owner = {};
});

const read = (by?: object): Promise<HeldLock> => room.come(lock.readLock.acquire(by && { owner: by }));
const write = (by?: object): Promise<HeldLock> => room.come(lock.writeLock.acquire(by && { owner: by }));
const isRefused = async (face: QueuedLock): Promise<boolean> => (await room.come(face.tryAcquire())) === null;
const queue = (): string[] => room.queueAt(PATH);

/** Somebody else's request, which waits as long as it takes. */
async function wait(face: QueuedLock): Promise<{ held: HeldLock | null }> {
  const request: { held: HeldLock | null } = { held: null };
  void face.acquire({ timeoutMs: null }).then((held) => {
    request.held = held;
  });
  await room.pass(50);
  return request;
}

describe('readers and writers', () => {
  it('have the nodes of Curator’s, below one path', async () => {
    const [reader, uuid] = [await read(), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'];
    expect(reader.path).toMatch(new RegExp(`^/lock/_c_${uuid}-__READ__0000000000$`));
    await room.come(reader.release());
    expect((await write()).path).toMatch(new RegExp(`^/lock/_c_${uuid}-__WRIT__0000000001$`));
    expect([lock.path, lock.readLock.path, lock.writeLock.path]).toEqual([PATH, PATH, PATH]);
  });

  it('read together, and write alone', async () => {
    const readers = [await read(), await read({})];
    expect([readers.every(({ locked }) => locked), await isRefused(lock.writeLock)]).toEqual([true, true]);
    for (const reader of readers) await room.come(reader.release());
    await write();
    expect([await isRefused(lock.readLock), await isRefused(lock.writeLock)]).toEqual([true, true]);
  });

  it('are let in in their order, so a writer who waits is passed by no reader', async () => {
    const reader = await read();
    const [writer, late] = [await wait(lock.writeLock), await wait(lock.readLock)];
    expect([writer.held, late.held, await isRefused(lock.readLock)]).toEqual([null, null, true]);
    await room.come(reader.release());
    await room.pass(50);
    expect([writer.held?.locked, late.held]).toEqual([true, null]);
    await room.come(writer.held!.release());
    await room.pass(50);
    expect(late.held?.locked).toBe(true);
  });

  it('are looked at in one listing where many come together, and where a writer lets many in', async () => {
    const writer = await write();
    const asked = vi.spyOn(room.nodes, 'getChildren');
    const waiting = Promise.all(
      Array.from({ length: 300 }, () => lock.readLock.acquire({ timeoutMs: null })),
    );
    await room.pass(50);
    expect([queue().length, asked.mock.calls.length]).toEqual([301, 1]);
    await room.come(writer.release());
    const readers = await room.come(waiting);
    expect([readers.every(({ locked }) => locked), asked.mock.calls.length]).toEqual([true, 2]);
    expect(new Set(readers.map(({ fencingToken }) => fencingToken)).size).toBe(300);
  });

  it('watch whom they wait for: a writer the one before it, a reader the nearest writer', async () => {
    const theirs: QueueNode[] = [];
    for (const kind of ['__WRIT__', '__READ__', '__WRIT__', '__READ__'])
      theirs.push(await room.queue(PATH, kind, room.others));
    const watched = (): string[] => room.nodes.session.watches.paths('data');
    await wait(lock.readLock);
    expect(watched()).toEqual([theirs[2]!.path]);
    await room.queue(PATH, '__READ__', room.others);
    const before = await room.queue(PATH, '__READ__', room.others);
    await wait(lock.writeLock);
    expect(watched()).toEqual([theirs[2]!.path, before.path]);
  });

  it('have what they were given in their nodes', async () => {
    lock = new ReadWriteLock(room.nodes, PATH, { data: 'mine' });
    const writer = await write(owner);
    for (const { path } of [writer, await read(owner)]) expect(room.dataAt(path).toString()).toBe('mine');
  });

  it('wait as long as is said for both', async () => {
    lock = new ReadWriteLock(room.nodes, PATH, { timeoutMs: 300 });
    await write();
    lock.timeoutMs = 500;
    for (const face of [lock.readLock, lock.writeLock])
      await expect(room.come(face.acquire())).rejects.toMatchObject({ timeoutMs: 500 });
    expect(lock.timeoutMs).toBe(500);
  });

  it('are told apart from who holds the other face', async () => {
    await write(owner);
    expect([lock.writeLock.isOwnedBy(owner), lock.readLock.isOwnedBy(owner)]).toEqual([true, false]);
    expect(await room.come(lock.readLock.getParticipantNodes())).toHaveLength(1);
  });
});

describe('an owner that writes', () => {
  it('reads at once, by the number and the token of its write node', async () => {
    await room.come((await write()).release());
    const writer = await write(owner);
    const waiting = await wait(lock.writeLock);
    const reader = await room.come(lock.readLock.tryAcquire({ owner }));
    expect(queue()).toEqual(['__READ__0000000001', '__WRIT__0000000001', '__WRIT__0000000002']);
    expect(reader).toMatchObject({ locked: true, fencingToken: writer.fencingToken });
    expect(waiting.held).toBeNull();
  });

  it('goes on reading before the writer behind it when it has stopped writing', async () => {
    const writer = await write(owner);
    const next = await wait(lock.writeLock);
    const reader = await read(owner);
    await room.come(writer.release());
    await room.pass(1_000);
    expect([reader.locked, next.held]).toEqual([true, null]);
    await room.come(reader.release());
    await room.pass(50);
    expect(next.held?.locked).toBe(true);
    expect(next.held!.fencingToken).toBeGreaterThan(reader.fencingToken);
  });

  it('may stop reading first', async () => {
    const [writer, reader] = [await write(owner), await read(owner)];
    expect(await room.come(reader.release())).toBe(true);
    expect([writer.locked, queue()]).toEqual([true, ['__WRIT__0000000000']]);
    expect(await isRefused(lock.readLock)).toBe(true);
  });

  it('enters both again', async () => {
    const held = [await write(owner), await read(owner), await write(owner), await read(owner)];
    expect(queue()).toHaveLength(2);
    for (const one of held) expect(await room.come(one.release())).toBe(true);
    expect(queue()).toEqual([]);
  });

  it('lets nobody else read', async () => {
    await write(owner);
    await read(owner);
    expect(await room.come(lock.readLock.tryAcquire({ owner: {} }))).toBeNull();
    expect(await isRefused(lock.readLock)).toBe(true);
  });

  it('whose session is over reads as a newcomer', async () => {
    const writer = await write(owner);
    room.isolate(room.nodes, 3_000);
    await room.pass(4_000);
    await room.put(`${PATH}/_c_x-__READ__`, Buffer.alloc(0), 'ephemeralSequential');
    const reader = await read(owner);
    expect(reader.fencingToken).toBeGreaterThan(writer.fencingToken);
    expect(reader.path.slice(-10)).not.toBe(writer.path.slice(-10));
  });

  it('and stops while it asks to read queues as a newcomer', async () => {
    const writer = await write(owner);
    const reading = lock.readLock.acquire({ owner });
    const releasing = writer.release();
    const reader = await room.come(reading);
    await room.come(releasing);
    await room.pass(50);
    // The node that was of no use has used up a number, too.
    expect([reader.locked, queue()]).toEqual([true, ['__READ__0000000002']]);
  });
});

describe('an owner that reads', () => {
  it('is refused to write at once, for it would wait for itself', async () => {
    const reader = await read(owner);
    for (const timeoutMs of [null, 0]) {
      const refused = lock.writeLock.acquire({ owner, timeoutMs });
      await expect(refused).rejects.toThrow(LockUpgradeError);
      await expect(refused).rejects.toMatchObject({ path: PATH });
    }
    expect([reader.locked, queue()]).toEqual([true, ['__READ__0000000000']]);
    await room.come(reader.release());
    expect((await write(owner)).locked).toBe(true);
  });

  it('is refused it also where it has written before', async () => {
    const writer = await write(owner);
    await read(owner);
    await room.come(writer.release());
    await expect(lock.writeLock.tryAcquire({ owner })).rejects.toThrow(LockUpgradeError);
  });

  it('hinders no other to wait for writing', async () => {
    const reader = await read(owner);
    const writer = await wait(lock.writeLock);
    await room.come(reader.release());
    await room.pass(50);
    expect(writer.held?.locked).toBe(true);
  });
});

describe('an owner that waits for one face', () => {
  it.each(['read', 'write'] as const)('is not to ask for the other: %s', async (first) => {
    const { readLock, writeLock } = lock;
    const [asked, other] = first === 'read' ? [readLock, writeLock] : [writeLock, readLock];
    const holder = await write();
    const waiting = asked.acquire({ owner, timeoutMs: null });
    await room.pass(50);
    await expect(other.tryAcquire({ owner })).rejects.toThrow(LockOwnerBusyError);
    await room.come(holder.release());
    expect((await room.come(waiting)).locked).toBe(true);
  });
});
