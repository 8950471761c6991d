import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import { listingsOf } from '../../../src/zookeeper/locks/shared-listings.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient } from '../../../src/zookeeper/zookeeper-client.ts';
import { afterwards } from '../../server/running-server.ts';
import { FakeServer } from '../fake-server.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const ask = (path: string) => listingsOf(room.nodes).of(path);

describe('listings of one moment', () => {
  it('are one, of each lock', async () => {
    await room.put('/a/x');
    await room.put('/b/y');
    const asked = vi.spyOn(room.nodes, 'getChildren');
    const all = await room.come(Promise.all([ask('/a'), ask('/b'), ask('/a')]));
    expect(all.map(({ children }) => children)).toEqual([['x'], ['y'], ['x']]);
    expect(all[0]).toBe(all[2]);
    expect(asked.mock.calls).toEqual([['/a'], ['/b']]);
  });

  it('show what was asked for before by any of those who share them', async () => {
    await room.put('/a/x');
    const first = ask('/a');
    void room.nodes.create('/a/y');
    const second = ask('/a');
    void room.nodes.create('/a/z');
    const all = await room.come(Promise.all([first, second]));
    expect(all.map(({ children }) => children.toSorted())).toEqual([
      ['x', 'y', 'z'],
      ['x', 'y', 'z'],
    ]);
  });

  it('are not those of the next moment, though there is no answer yet', async () => {
    await room.put('/a/x');
    const first = ask('/a');
    await null;
    await null;
    void room.nodes.create('/a/y');
    const second = ask('/a');
    expect((await room.come(first)).children).toEqual(['x']);
    expect((await room.come(second)).children.toSorted()).toEqual(['x', 'y']);
  });

  it('fail for all of them, and not for the next', async () => {
    const refused = [ask('/a'), ask('/a')];
    for (const listing of refused) await expect(room.come(listing)).rejects.toThrow(NoNodeError);
    await room.put('/a/x');
    expect((await room.come(ask('/a'))).children).toEqual(['x']);
  });

  it('are not shared by clients', async () => {
    await room.put('/a/x');
    const asked = vi.spyOn(room.others, 'getChildren');
    await room.come(Promise.all([ask('/a'), listingsOf(room.others).of('/a')]));
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

it('leave in the packet of the creation that they are to show', async () => {
  const asked: readonly number[] = [OpCode.Create2, OpCode.GetChildren2];
  const server = await FakeServer.start({ answer: ({ op }) => (asked.includes(op) ? null : undefined) });
  const client = await ZooKeeperClient.connect(server.address, { sessionTimeoutMs: 30_000 });
  afterwards(() => void client.close());
  // Nothing is under way any more, so that what is asked leaves at once.
  await client.sync('/');
  const write = vi.spyOn(Socket.prototype, 'write');
  const acquiring = new Mutex(client, '/a', { timeoutMs: 10_000 }).acquire();
  acquiring.catch(() => {});
  await expect.poll(() => server.ops.slice(-2)).toEqual(asked);
  expect(write.mock.calls.filter(([bytes]) => String(bytes).includes('/a'))).toHaveLength(1);
});
