import { describe, expect, it } from 'vitest';
import type { ScannedNode } from '../../../src/engine/zookeeper/node-scan.ts';
import { OrphanLeases } from '../../../src/engine/zookeeper/orphan-leases.ts';

const NEVER = Number.POSITIVE_INFINITY;

function orphan(path: string, lockTimeoutMs: number, { version = 1, grantedMs = 5 } = {}): ScannedNode {
  const client = { sessionId: '', address: '', protocol: '' } as const;
  return {
    path,
    data: { server: 's', client, holder: '', lockTimeoutMs, sinceMs: 1, grantedMs, asksRenewal: false },
    stat: { version } as ScannedNode['stat'],
  };
}

describe('the leases of locks whose servers are gone', () => {
  it('begin when they are seen first, and end a whole lease later', () => {
    const leases = new OrphanLeases();
    leases.see([orphan('/a', 1_000)], 100);
    leases.see([orphan('/a', 1_000)], 900);
    expect(leases.nextMs).toBe(1_100);
    expect(leases.takeOverdue(1_099)).toEqual([]);
    expect(leases.takeOverdue(1_100)).toEqual([{ path: '/a', version: 1 }]);
    // It has been said once.
    expect(leases.takeOverdue(9_999)).toEqual([]);
    expect(leases.nextMs).toBe(NEVER);
  });

  it('begin anew when their nodes were written', () => {
    const leases = new OrphanLeases();
    leases.see([orphan('/a', 1_000)], 0);
    leases.see([orphan('/a', 3_000, { version: 2 })], 800);
    expect(leases.takeOverdue(3_799)).toEqual([]);
    expect(leases.takeOverdue(3_800)).toEqual([{ path: '/a', version: 2 }]);
  });

  it('of those who only waited are over at once, and without a timeout never', () => {
    const leases = new OrphanLeases();
    leases.see([orphan('/waiter', 60_000, { grantedMs: 0 }), orphan('/for-ever', 0)], 7);
    expect(leases.takeOverdue(7)).toEqual([{ path: '/waiter', version: 1 }]);
    expect(leases.nextMs).toBe(NEVER);
    expect(leases.takeOverdue(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('are forgotten with their nodes', () => {
    const leases = new OrphanLeases();
    leases.see([orphan('/a', 10), orphan('/b', 20)], 0);
    leases.see([orphan('/b', 20)], 1);
    expect(leases.takeOverdue(100)).toEqual([{ path: '/b', version: 1 }]);
  });
});
