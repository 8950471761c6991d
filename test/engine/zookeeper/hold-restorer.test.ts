import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { type HeldRecord, recordOf } from '../../../src/engine/zookeeper/held-record.ts';
import { type RestoreParts, restoreHolds } from '../../../src/engine/zookeeper/hold-restorer.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import type { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { type NodeRoom, openRoom, ours } from './node-room.ts';

const paths = new LockPaths();
const DEFAULT_MS = 30_000;
const NOW_MS = 1_000_000;

let room: NodeRoom;
let records: HeldRecord[] = [];
let takenOver: Claim[] = [];
let keys = 0;

beforeEach(async () => {
  room = await openRoom();
  records = [];
  takenOver = [];
});

interface Grant {
  readonly lockTimeoutMs?: number;
  /** The node outlives its server. */
  readonly stays?: boolean;
  readonly owner?: ModelNodes;
}

/** A lock that was held when the server before stopped, with its record. Returns the path of its node. */
async function hold({
  lockTimeoutMs = 5_000,
  stays = false,
  owner = room.nodes,
}: Grant = {}): Promise<string> {
  const command = Object.assign(new LockCommand(), { name: 'a', lockTimeoutMs });
  command.key.a = ++keys;
  const claim = new Claim(command, paths.placeOf('a'), 0);
  const node = childOf(claim.place.base, `_c_${claim.key}-__READ__${String(keys).padStart(10, '0')}`);
  const path = await room.put(node, ours({ lockTimeoutMs }), stays ? 'persistent' : 'ephemeral', owner);
  const { czxid } = room.ensemble.server.tree.stat(path)!;
  claim.node = { path, name: nameOf(path), prefix: '', sessionId: owner.sessionId, czxid };
  records.push(recordOf(claim));
  return path;
}

function restore(parts: Partial<RestoreParts> = {}): Promise<Claim[]> {
  const plan: RestoreParts = {
    held: records,
    defaultLockTimeoutMs: DEFAULT_MS,
    ownNodes: async () => room.ensemble.server.tree.ephemeralsOf(room.nodes.sessionId),
    done: () => {},
    takeOver: async (claim) => void takenOver.push(claim),
    ownPath: '',
    ...parts,
  };
  return room.come(restoreHolds(room.nodes, paths, plan, () => NOW_MS));
}

const pathsOf = (claims: readonly Claim[]) => claims.map(({ node }) => node!.path);
const write = (path: string, data: Uint8Array) => room.come(room.others.setData(path, data));

describe('a lock of the server before', () => {
  it('is held on, with a whole lease from now on', async () => {
    const path = await hold();
    const [claim] = await restore();
    expect(claim).toMatchObject({
      ...{ state: 'held', lockTimeoutMs: 5_000, deadlineMs: NOW_MS + 5_000, grantedMs: NOW_MS, version: 0 },
      node: { path, sessionId: room.nodes.sessionId },
    });
    expect([room.has(path), takenOver, claim!.nodeStays]).toEqual([true, [], false]);
  });

  it('that had no timeout gets the default one', async () => {
    await hold({ lockTimeoutMs: 0 });
    const [claim] = await restore();
    expect([claim!.lockTimeoutMs, claim!.deadlineMs]).toEqual([DEFAULT_MS, NOW_MS + DEFAULT_MS]);
  });

  it.each([
    ['longer', 60_000, 60_000],
    ['shorter', 100, 5_000],
  ])(
    'that another server has renewed meanwhile has the longer lease: %s',
    async (_what, written, expected) => {
      const path = await hold();
      await write(path, ours({ lockTimeoutMs: written }));
      const [claim] = await restore();
      expect([claim!.lockTimeoutMs, claim!.version]).toEqual([expected, 1]);
    },
  );

  it('has its own lease where another program has written over it', async () => {
    const path = await hold();
    await write(path, Buffer.from('10.0.0.1'));
    const [claim] = await restore();
    expect([claim!.lockTimeoutMs, claim!.version]).toEqual([5_000, 1]);
  });

  it('is said to be taken over where it outlives its server, with the lease that it has', async () => {
    const path = await hold({ stays: true, lockTimeoutMs: 0 });
    const claims = await restore();
    expect([pathsOf(claims), takenOver, claims[0]!.lockTimeoutMs]).toEqual([[path], claims, DEFAULT_MS]);
    expect(claims[0]!.nodeStays).toBe(true);
  });

  it('keeps the lease that another server gives it while it is taken over', async () => {
    const path = await hold({ stays: true });
    let attempts = 0;
    const takeOver = async (claim: Claim): Promise<void> => {
      if (attempts++ === 0) await room.others.setData(path, ours({ lockTimeoutMs: 60_000 }));
      claim.version = (await room.nodes.setData(path, ours({ server: 'me' }), claim.version)).version;
    };
    const [claim] = await restore({ takeOver });
    expect([claim!.lockTimeoutMs, claim!.version, attempts]).toEqual([60_000, 2, 2]);
  });
});

describe('a lock that is not held any more', () => {
  it('is one whose node is gone, before or while it is taken over', async () => {
    const [first, second] = [await hold(), await hold({ stays: true })];
    await room.come(room.others.delete(first));
    const takeOver = async (): Promise<void> => {
      await room.others.delete(second);
      await room.nodes.setData(second, ours());
    };
    expect(await restore({ takeOver })).toEqual([]);
  });

  it('is one whose node is another session’s', async () => {
    const path = await hold({ owner: room.others });
    expect(await restore()).toEqual([]);
    expect(room.has(path)).toBe(true);
  });

  it('is one whose node was made anew', async () => {
    const path = await hold();
    await room.come(room.nodes.delete(path));
    await room.put(path, ours(), 'ephemeral', room.nodes);
    expect(await restore()).toEqual([]);
    // Nobody waits for that one.
    expect(room.has(path)).toBe(false);
  });
});

describe('what else the session has left', () => {
  it('is removed, but for the node by which this server says that it is there', async () => {
    const kept = await hold();
    const [waiter, own] = ['/locks/00/b/_c_1-__WRIT__0000000001', '/servers/me'];
    for (const path of [waiter, own]) await room.put(path, ours(), 'ephemeral', room.nodes);
    const claims = await restore({ ownPath: own });
    expect(pathsOf(claims)).toEqual([kept]);
    expect([kept, own, waiter].map((path) => room.has(path))).toEqual([true, true, false]);
  });

  it('stays if it cannot be removed, and keeps nothing else from being so', async () => {
    const left = ['/locks/00/b/_c_1-__WRIT__0000000001', '/locks/00/b/_c_2-__WRIT__0000000002'];
    for (const path of left) await room.put(path, ours(), 'ephemeral', room.nodes);
    vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(new NoAuthError(left[0]));
    expect(await restore()).toEqual([]);
    expect(left.map((path) => room.has(path))).toEqual([true, false]);
  });
});

describe('the restoring of locks', () => {
  it('takes any number of them, in their order', async () => {
    const held: string[] = [];
    for (let i = 0; i < 257; i++) held.push(await hold());
    const getData = vi.spyOn(room.nodes, 'getData');
    let atOnce = 0;
    const { getData: read } = room.others;
    getData.mockImplementation((path) => {
      atOnce = Math.max(
        atOnce,
        getData.mock.calls.length - getData.mock.settledResults.filter(isSettled).length,
      );
      return read.call(room.others, path);
    });
    expect(pathsOf(await restore())).toEqual(held);
    expect(atOnce).toBe(256);
  });

  it('fails, and removes nothing, where something is refused', async () => {
    const path = await hold();
    const left = await room.put('/locks/00/b/_c_1-__WRIT__0000000001', ours(), 'ephemeral', room.nodes);
    vi.spyOn(room.nodes, 'getData').mockRejectedValueOnce(new NoAuthError(path));
    await expect(restore()).rejects.toThrow(NoAuthError);
    expect([path, left].map((one) => room.has(one))).toEqual([true, true]);
  });

  it.each(['before', 'after'] as const)('asks again where an answer is lost: %s', async (cut) => {
    const path = await hold({ stays: true });
    room.cuts.push(cut);
    const takeOver = async (claim: Claim): Promise<void> => {
      const data = ours({ server: 'me', lockTimeoutMs: claim.lockTimeoutMs });
      claim.version = (await room.nodes.setData(path, data, claim.version)).version;
    };
    const [claim] = await restore({ takeOver });
    expect([claim!.lockTimeoutMs, claim!.version]).toEqual([5_000, cut === 'before' ? 1 : 2]);
  });

  it('fails where the session is over', async () => {
    await hold();
    room.isolate(room.nodes, 3_000);
    await expect(restore()).rejects.toThrow(SessionExpiredError);
  });
});

function isSettled({ type }: { readonly type: string }): boolean {
  return type !== 'incomplete';
}
