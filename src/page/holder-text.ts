import type { ClaimInfo, HolderInfo } from '../contract/lock-info.ts';
import type { LockRow } from './lock-row.ts';
import { formatAge, groupDigits, visibleText } from './text-format.ts';

/** Of a longer text a cell shows the beginning: laying out 64 KiB of it would hold up the page. */
const CELL_CHARACTERS_MAX = 160;

/** Whom a claim belongs to, by the text that it brought, or else by its address. */
export function claimantOf(claim: ClaimInfo): string {
  return visibleText(claim.holder || claim.address || 'a session that has ended', CELL_CHARACTERS_MAX);
}

/** The address, where `claimantOf` says something else. */
export function addressOf({ holder, address, protocol }: ClaimInfo): string {
  if (holder === '' && address !== '') return protocol === 'rest' ? 'over REST' : '';
  if (address === '') return 'its session has ended';
  return protocol === 'rest' ? `${address} over REST` : address;
}

export function modeOf({ mode }: ClaimInfo): string {
  return mode === 'SHARED' ? 'shared' : 'exclusive';
}

/** Of a holder, another server may know it alone. */
export function remainingOf(claim: ClaimInfo | HolderInfo, nowMs: number): string {
  if (claim.deadlineMs !== null) return formatAge(claim.deadlineMs - nowMs);
  return 'lockTimeoutMs' in claim && claim.lockTimeoutMs > 0 ? 'unknown' : 'no limit';
}

/** Another server may have granted it, which alone knows when: then it is less than that. */
export function heldFor({ sinceMs, isSinceAsked }: HolderInfo, nowMs: number): string {
  const age = formatAge(nowMs - sinceMs);
  return isSinceAsked === true ? `<${age}` : age;
}

/** What stands in the cells of a lock's row, in the order of the columns. */
export interface RowTexts {
  readonly name: string;
  readonly holder: string;
  readonly address: string;
  readonly mode: string;
  readonly permits: string;
  readonly age: string;
  readonly remaining: string;
  readonly token: string;
  readonly key: string;
  readonly waiters: string;
}

export function rowTexts(row: LockRow, nowMs: number): RowTexts {
  const name = visibleText(row.name, CELL_CHARACTERS_MAX);
  const waiters = groupDigits(row.waiterCount);
  const { first } = row;
  if (first === undefined) {
    const holder = row.holderCount > 0 ? `${groupDigits(row.holderCount)} holders` : 'nobody';
    const none = { address: '', mode: '–', age: '–', remaining: '–', token: '–', key: '–' };
    return { name, holder, permits: `0 of ${groupDigits(row.size)}`, waiters, ...none };
  }
  const others = row.holderCount - 1;
  return {
    name,
    holder: claimantOf(first),
    address: others > 0 ? `and ${groupDigits(others)} more` : addressOf(first),
    mode: modeOf(first),
    permits: permitsText(row),
    age: heldFor(first, nowMs),
    remaining: remainingOf(first, nowMs),
    token: first.fencingToken,
    key: first.key,
    waiters,
  };
}

/** How much of the lock is taken: of a shared one, by how many. */
function permitsText(row: LockRow): string {
  if (row.first?.mode === 'SHARED') return `${groupDigits(row.holderCount)} ×`;
  // Those who are not known by name have one permit each at least.
  const unknown = row.holderCount - row.holders.length;
  const taken = row.holders.reduce((sum, { permits }) => sum + permits, 0) + unknown;
  return `${groupDigits(Math.min(taken, row.size))} of ${groupDigits(row.size)}`;
}
