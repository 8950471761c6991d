import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { NodeData } from '../../../src/engine/zookeeper/node-data.ts';
import { Reaper } from '../../../src/engine/zookeeper/reaper.ts';
import { serverPath, tellOrphans } from '../../../src/engine/zookeeper/server-register.ts';
import { childOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NotEmptyError } from '../../../src/zookeeper/server-refusal.ts';
import type { CreateMode } from '../../../src/zookeeper/wire/op-code.ts';
import { ConnectionLossError } from '../../../src/zookeeper/zookeeper-error.ts';
import type { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { type NodeRoom, openRoom, ours, uuidOf } from './node-room.ts';

const paths = new LockPaths();
const HELD = { server: 'gone', grantedMs: 5 };

let room: NodeRoom;
let reapers: Reaper[] = [];
let failures: unknown[] = [];
let numbers = 0;

beforeEach(async () => {
  room = await openRoom();
  reapers = [];
  failures = [];
});

afterEach(async () => {
  await room.come(Promise.all(reapers.map((reaper) => reaper.close())));
  // Nobody is left in office, and nobody waits for it.
  expect(officers()).toEqual([]);
});

/** Who is in office, and who waits for it. */
const officers = () => (room.has('/reaper') ? room.ensemble.server.tree.children('/reaper') : []);

/** Begins, and lets it look once. */
async function begin(nodes: ModelNodes = room.nodes, isNeeded = true): Promise<Reaper> {
  const reaper = new Reaper(nodes, paths, isNeeded, (error) => failures.push(error));
  reapers.push(reaper);
  await room.pass(0);
  return reaper;
}

/** A contender for lock a, by default one that stays and whose server has never been there. */
function contender(fields: Partial<NodeData> = {}, mode: CreateMode = 'persistent'): Promise<string> {
  const number = String(numbers++).padStart(10, '0');
  const path = childOf(paths.placeOf('a').base, `_c_${uuidOf(numbers)}-__WRIT__${number}`);
  return room.put(path, ours({ server: 'gone', ...fields }), mode);
}

/** A server that is there until its node is deleted. */
const server = (name: string) => room.put(serverPath(name), Buffer.alloc(0), 'ephemeral');

const write = (path: string, fields: Partial<NodeData>) =>
  room.come(room.others.setData(path, ours({ server: 'gone', ...fields })));

async function expectGoneAfter(path: string, ms: number): Promise<void> {
  await room.pass(ms - 1);
  expect(room.has(path)).toBe(true);
  await room.pass(1);
  expect(room.has(path)).toBe(false);
}

describe('what a server has left behind that is gone', () => {
  it('ends at once if it only waited, and a whole lease later if it was held', async () => {
    const [waiter, holder] = [await contender(), await contender({ ...HELD, lockTimeoutMs: 3_000 })];
    await begin();
    expect([room.has(waiter), room.has(holder)]).toEqual([false, true]);
    await expectGoneAfter(holder, 3_000);
    expect(failures).toEqual([]);
  });

  it('is seen when that server goes, and not before', async () => {
    const registered = await server('here');
    const [waiter, holder] = [
      await contender({ server: 'here' }),
      await contender({ ...HELD, server: 'here', lockTimeoutMs: 3_000 }),
    ];
    await begin();
    await room.pass(50_000);
    expect(room.has(waiter)).toBe(true);
    await room.come(room.others.delete(registered));
    await room.pass(0);
    expect(room.has(waiter)).toBe(false);
    await expectGoneAfter(holder, 3_000);
  });

  it('is seen when a server that lives says that it has left something', async () => {
    await server('here');
    const left = await contender({ ...HELD, server: 'here', lockTimeoutMs: 3_000 });
    await begin();
    for (const server of ['here', '']) {
      await write(left, { ...HELD, server, lockTimeoutMs: 3_000 });
      await room.come(tellOrphans(room.others));
      await room.pass(0);
    }
    await expectGoneAfter(left, 3_000);
  });

  it('is seen when there was no server at all in the beginning', async () => {
    await begin();
    const registered = await server('here');
    const waiter = await contender({ server: 'here' });
    await room.pass(1_000);
    await room.come(room.others.delete(registered));
    await room.pass(0);
    expect(room.has(waiter)).toBe(false);
  });

  it('is whatever says no server at all', async () => {
    await server('here');
    const nameless = await contender({ server: '' });
    await begin();
    expect(room.has(nameless)).toBe(false);
  });

  it('stays if it has no timeout, vanishes by itself, or is another program’s', async () => {
    const kept = [
      await contender(HELD),
      await contender({ ...HELD, lockTimeoutMs: 10 }, 'ephemeral'),
      await room.put(
        `${paths.placeOf('a').base}/_c_${uuidOf(900)}-__WRIT__0000000900`,
        Buffer.from('10.0.0.1'),
      ),
    ];
    await begin();
    await room.pass(200_000);
    expect(kept.filter((path) => !room.has(path))).toEqual([]);
  });
});

describe('a server whose own nodes do not stay', () => {
  it('asks once whether there are others, and does not seek the office before', async () => {
    const asked = ['create', 'getChildren', 'getData', 'exists'] as const;
    const calls = asked.map((method) => vi.spyOn(room.nodes, method));
    const reaper = await begin(room.nodes, false);
    await room.pass(200_000);
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 1]);
    expect(officers()).toEqual([]);
    await room.come(reaper.close());
  });

  it('sees to the leases of one that comes later and goes again', async () => {
    await begin(room.nodes, false);
    await room.pass(10_000);
    const registered = await server('here');
    const holder = await contender({ ...HELD, server: 'here', lockTimeoutMs: 3_000 });
    await room.pass(1_000);
    expect(officers()).toHaveLength(1);
    await room.come(room.others.delete(registered));
    await expectGoneAfter(holder, 3_000);
  });

  it('finds such servers also behind a session that was lost', async () => {
    await begin(room.nodes, false);
    room.isolate(room.nodes, 2_000);
    await room.pass(1_000);
    await server('here');
    await room.pass(2_000);
    expect(officers()).toHaveLength(1);
  });
});

describe('a lease of a lock whose server is gone', () => {
  it('begins anew when the node is written', async () => {
    const path = await contender({ ...HELD, lockTimeoutMs: 12_000 });
    await begin();
    await room.pass(9_000);
    await write(path, { ...HELD, lockTimeoutMs: 7_000 });
    // It is looked for such writes every 5 s.
    await room.pass(1_000);
    await expectGoneAfter(path, 7_000);
  });

  it('goes on when the node is written at the last moment', async () => {
    const path = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    const { nodes } = room;
    const { delete: remove } = nodes;
    vi.spyOn(nodes, 'delete').mockImplementationOnce(async (...args) => {
      await room.others.setData(path, ours({ ...HELD, lockTimeoutMs: 2_000 }));
      return remove.apply(nodes, args);
    });
    await begin();
    await room.pass(3_000);
    expect(room.has(path)).toBe(true);
    await room.pass(5_000 + 2_000);
    expect([room.has(path), failures]).toEqual([false, []]);
  });

  it('is none where somebody has released the lock meanwhile', async () => {
    const path = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    await begin();
    await room.pass(2_999);
    await room.come(room.others.delete(path));
    await room.pass(10_000);
    expect(failures).toEqual([]);
  });
});

describe('how often it is looked', () => {
  it('is every minute while there is nothing to wait for', async () => {
    await begin();
    const path = await contender();
    await expectGoneAfter(path, 60_000);
  });

  it('is every five seconds while there are leases', async () => {
    await contender({ ...HELD, lockTimeoutMs: 120_000 });
    await begin();
    const path = await contender();
    await expectGoneAfter(path, 5_000);
  });

  it('is every minute where locks have no timeout', async () => {
    await contender(HELD);
    await begin();
    const path = await contender();
    await expectGoneAfter(path, 60_000);
  });
});

describe('the office', () => {
  it('has one server at a time, and the next one begins with whole leases', async () => {
    const first = await begin();
    const path = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    const second = room.open();
    await room.pass(0);
    const list = vi.spyOn(second, 'getData');
    await begin(second);
    await room.pass(100);
    expect(list.mock.calls.filter(([read]) => read === path)).toEqual([]);
    await room.come(first.close());
    await room.pass(0);
    await expectGoneAfter(path, 3_000);
  });

  it('is left by who has lost its session, who comes again', async () => {
    const path = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    await begin();
    room.isolate(room.nodes, 2_000);
    await room.pass(1_999);
    expect(officers()).toEqual([]);
    await room.pass(1);
    expect(officers()).toHaveLength(1);
    await expectGoneAfter(path, 3_000);
    expect(failures).toEqual([]);
  });

  it('is left in the middle of what is overdue by who may have lost it', async () => {
    const overdue = [await contender(), await contender()];
    const { nodes } = room;
    const { delete: remove } = nodes;
    const removals = vi.spyOn(nodes, 'delete').mockImplementationOnce(async (...args) => {
      await remove.apply(nodes, args);
      room.isolate(nodes, 5_000);
      await new Promise<void>((resolve) => void room.time.after(1_200, resolve));
    });
    await begin();
    await room.pass(4_000);
    expect(removals).toHaveBeenCalledTimes(1);
    expect(overdue.filter((path) => room.has(path))).toHaveLength(1);
    await room.pass(1_000);
    expect(overdue.filter((path) => room.has(path))).toEqual([]);
  });

  it('is sought no more when it was closed, or its client was', async () => {
    await begin();
    const second = room.open();
    await room.pass(0);
    const waiting = await begin(second);
    await room.come(waiting.close());
    const third = room.open();
    await room.pass(0);
    const closed = await begin(third);
    third.close();
    await room.pass(0);
    await room.come(closed.close());
    expect(officers()).toHaveLength(1);
    expect(failures).toEqual([]);
  });
});

describe('what ZooKeeper refuses', () => {
  const refusal = new NoAuthError('/locks');

  it('is told, and asked again a second later', async () => {
    const { getChildren } = room.nodes;
    let refusals = 0;
    vi.spyOn(room.nodes, 'getChildren').mockImplementation((asked, ...rest) =>
      asked === '/locks' && refusals++ < 2
        ? Promise.reject(refusal)
        : getChildren.call(room.nodes, asked, ...rest),
    );
    const path = await contender();
    await begin();
    expect(failures).toEqual([refusal]);
    await room.pass(999);
    expect(failures).toHaveLength(1);
    await expectGoneAfter(path, 1_001);
    expect(failures).toEqual([refusal, refusal]);
  });

  it('is told also where the office itself cannot be had', async () => {
    vi.spyOn(room.nodes, 'create').mockRejectedValueOnce(refusal);
    const path = await contender();
    await begin();
    expect(failures).toEqual([refusal]);
    await expectGoneAfter(path, 1_000);
  });

  it('is no reason to leave the others, however often it is refused', async () => {
    const stuck = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    await room.put(`${stuck}/below`);
    const other = await contender({ ...HELD, lockTimeoutMs: 3_000 });
    await begin();
    await expectGoneAfter(other, 3_000);
    expect([room.has(stuck), failures]).toEqual([true, [expect.any(NotEmptyError)]]);
    await room.come(room.others.delete(`${stuck}/below`));
    await room.pass(5_000 + 3_000);
    expect(room.has(stuck)).toBe(false);
  });
});

describe('a connection that is lost', () => {
  it.each(['before', 'after'] as const)('%s a deletion takes no lease up again', async (cut) => {
    const all: string[] = [];
    for (let i = 0; i < 3; i++) all.push(await contender({ ...HELD, lockTimeoutMs: 3_000 }));
    await begin();
    room.cuts.push(cut);
    await room.pass(3_000);
    expect(all.filter((path) => room.has(path))).toEqual([]);
    expect([room.cuts, failures]).toEqual([[], []]);
  });

  it('while it is looked is no failure', async () => {
    const path = await contender();
    vi.spyOn(room.nodes, 'getData').mockRejectedValueOnce(new ConnectionLossError('/locks'));
    await begin();
    expect(failures).toEqual([]);
    await expectGoneAfter(path, 1_000);
  });
});
