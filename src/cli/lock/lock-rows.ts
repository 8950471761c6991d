import type { HolderReply, LockReply, WaiterReply } from './admin-replies.ts';
import { formatAge } from './age.ts';

/** Enough of a key for `unlock`. */
const SHOWN_KEY_CHARACTERS = 8;

export const LOCK_HEAD = ['LOCK', 'STATE', 'HOLDER', 'CLIENT', 'KEY', 'AGE', 'LEFT'] as const;

/** The rows of one lock in a table: who holds it, then who waits. Cells are not yet safe to show. */
export function lockRows(lock: LockReply): string[][] {
  const rows = lock.holders.map((holder) => [
    lock.name,
    stateOf(holder, lock.size),
    ...cellsOf(holder, holder.key.slice(0, SHOWN_KEY_CHARACTERS)),
  ]);
  addMore(rows, lock.name, Number(lock.holder_count) - lock.holders.length, 'hold it');
  lock.waiters.forEach((waiter, i) => {
    rows.push([lock.name, `waits ${i + 1}`, ...cellsOf(waiter, '')]);
  });
  if (lock.waiters.length > 0)
    addMore(rows, lock.name, Number(lock.waiter_count) - lock.waiters.length, 'wait');
  return rows;
}

export const HOLDER_HEAD = ['KEY', 'HOLDER', 'CLIENT', 'AGE', 'LEFT'] as const;

/** A row of one of several who hold the same lock. */
export function holderRow(holder: HolderReply): string[] {
  const [text, client, , age, left] = cellsOf(holder, '') as [string, string, string, string, string];
  return [holder.key, text, client, age, left];
}

function cellsOf(claim: WaiterReply | HolderReply, key: string): string[] {
  const isHolder = 'key' in claim;
  const age = formatAge(Number(claim.age_ms));
  // Another server has granted it, which alone knows when its timeout ends.
  const unknown = isHolder && Number(claim.lock_timeout_ms) > 0 ? '?' : '-';
  return [
    claim.holder,
    claim.session?.address || '-',
    key,
    isHolder && claim.age_at_most ? `<${age}` : age,
    claim.remaining_ms === undefined ? unknown : formatAge(Number(claim.remaining_ms)),
  ];
}

function stateOf({ mode, permits }: HolderReply, size: number): string {
  if (mode === 'SHARED') return 'shared';
  return size === 1 ? 'held' : `holds ${permits}/${size}`;
}

function addMore(rows: string[][], name: string, count: number, what: string): void {
  if (count > 0) rows.push([name, `${count} more ${what}`]);
}
