import { describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { NodeData } from '../../../src/engine/zookeeper/node-data.ts';
import type { PlacedContender, PlacedLock } from '../../../src/engine/zookeeper/placed-lock.ts';
import { ClusterRows } from '../../../src/server/inspection/cluster-rows.ts';

const NAME = byteStringOf('täsk');
const KEY = '0c8c2e5b-1234-4abc-8def-0123456789ab';
const place = new LockPaths().placeOf(NAME);
const data: NodeData = {
  ...{ server: '1-a', client: { sessionId: 's1', address: '10.0.0.1:5', protocol: 'rest' }, holder: 'Zoë' },
  ...{ lockTimeoutMs: 5_000, sinceMs: 1_000.4, grantedMs: 0, asksRenewal: false },
};

function contender(options: Partial<PlacedContender> = {}): PlacedContender {
  const stat = { czxid: 0x1_0000_00ffn, createdMs: 900 } as PlacedContender['stat'];
  return { path: '/x', key: KEY, isReader: false, stat, data, text: '', ...options };
}

function lock(holders: readonly PlacedContender[], waiters: readonly PlacedContender[] = []): PlacedLock {
  return { place, size: 3, holderCount: 7, waiterCount: 8, holders, waiters };
}

/** A claim of this server at the same lock. */
function claimHere(lockTimeoutMs: number): Claim {
  const command = new LockCommand();
  command.name = NAME;
  command.size = 1;
  return Object.assign(new Claim(command, place, 1_500), { lockTimeoutMs });
}

const elsewhere = new ClusterRows({ claimOf: () => null });

describe('the rows of a lock in ZooKeeper', () => {
  it('have its name as a text, and the counts also of those who are not listed', () => {
    const info = elsewhere.lock(lock([contender()], [contender({ isReader: true })]));
    expect(info).toMatchObject({ name: 'täsk', size: 3, shard: 0, holderCount: 7, waiterCount: 8 });
    expect(info.holders).toEqual([elsewhere.holder(lock([]), contender())]);
    expect(info.waiters).toEqual([elsewhere.waiter(lock([]), contender({ isReader: true }))]);
  });

  it('say of a holder what stands in its node', () => {
    expect(elsewhere.holder(lock([]), contender())).toEqual({
      ...{ claimId: '1000000ff', sessionId: 's1', address: '10.0.0.1:5', protocol: 'rest' },
      ...{ holder: 'Zoë', mode: 'EXCLUSIVE', permits: 1, sinceMs: 1_000, deadlineMs: null },
      ...{ key: KEY, lockTimeoutMs: 5_000, fencingToken: '4294967551', isSinceAsked: true },
    });
    const granted = elsewhere.holder(lock([]), contender({ data: { ...data, grantedMs: 2_000.6 } }));
    expect([granted.sinceMs, granted.isSinceAsked]).toEqual([2_001, undefined]);
  });

  it('tell nobody the key of one who waits', () => {
    const waiter = elsewhere.waiter(lock([]), contender({ isReader: true }));
    expect(JSON.stringify(waiter)).not.toContain(KEY);
    expect(waiter).toMatchObject({ mode: 'SHARED', claimId: '1000000ff', sinceMs: 1_000 });
  });

  it('say of another program that it is one, with what it has written', () => {
    const rows = ['', '10.0.0.9'].map((text) => elsewhere.holder(lock([]), contender({ data: null, text })));
    expect(rows.map(({ holder }) => holder)).toEqual(['external', 'external 10.0.0.9']);
    expect(rows[0]).toMatchObject({
      sessionId: '',
      address: '',
      protocol: '',
      sinceMs: 900,
      lockTimeoutMs: 0,
    });
  });

  it('know better what this server has granted', () => {
    const claim = claimHere(9_000);
    const asked: string[] = [];
    const rows = new ClusterRows({
      claimOf: (name, key) => {
        asked.push(`${name} ${key}`);
        return claim;
      },
    });
    // It waits, without end.
    expect(rows.waiter(lock([]), contender()).deadlineMs).toBeNull();
    claim.grantedMs = 3_000.5;
    claim.deadlineMs = 12_000.5;
    expect(rows.holder(lock([]), contender())).not.toHaveProperty('isSinceAsked');
    expect(rows.holder(lock([]), contender())).toMatchObject({
      ...{ sinceMs: 3_001, lockTimeoutMs: 9_000, deadlineMs: 12_001 },
    });
    // A lease that was taken away since is 0, and no reason to believe the node.
    claim.lockTimeoutMs = 0;
    expect(rows.holder(lock([]), contender()).lockTimeoutMs).toBe(0);
    expect(new Set(asked)).toEqual(new Set([`${NAME} ${KEY}`]));
  });
});
