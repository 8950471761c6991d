import type { ClaimInfo, HolderInfo, WaiterInfo } from '../contract/lock-info.ts';
import type { LockRow } from './lock-row.ts';

/** Who profits from a release. */
export type NextInLine =
  | { readonly kind: 'nobody' }
  /** Somebody waits, but it is not known who is first. */
  | { readonly kind: 'unknown'; readonly waiterCount: number }
  | { readonly kind: 'granted'; readonly waiter: WaiterInfo }
  /** The head of the queue still does not fit, and nobody passes it. */
  | { readonly kind: 'blocked'; readonly waiter: WaiterInfo };

/** Who would get the lock next if these of its holders were released. */
export function nextInLine(row: LockRow, released: readonly HolderInfo[]): NextInLine {
  const [head] = row.waiters;
  if (row.waiterCount === 0) return { kind: 'nobody' };
  if (head === undefined) return { kind: 'unknown', waiterCount: row.waiterCount };
  const gone = new Set(released.map(({ claimId }) => claimId));
  const staying = row.holders.filter(({ claimId }) => !gone.has(claimId));
  const staysUnknown = row.holders.length < row.holderCount;
  return { kind: fits(head, staying, row.size) && !staysUnknown ? 'granted' : 'blocked', waiter: head };
}

function fits(head: ClaimInfo, holders: readonly HolderInfo[], size: number): boolean {
  if (head.mode === 'SHARED') return holders.every(({ mode }) => mode === 'SHARED');
  if (holders.some(({ mode }) => mode === 'SHARED')) return false;
  const taken = holders.reduce((sum, { permits }) => sum + permits, 0);
  return taken + head.permits <= size;
}
