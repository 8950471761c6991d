/** What Curator and kazurator call their nodes by: read and write have as many characters, so that both are cut off alike. */
export const LOCK_NAME = 'lock-';
export const LEASE_NAME = 'lease-';
export const READ_NAME = '__READ__';
export const WRITE_NAME = '__WRIT__';
/** All of them. */
export const CONTENDER_NAMES: readonly string[] = [LOCK_NAME, LEASE_NAME, READ_NAME, WRITE_NAME];

/** Sequence numbers have ten digits; negative ones, behind an overflow of 32 bits, nine or ten behind a dash. */
const SEQUENCE = /^-?\d{9,10}$/;
/** How long they are, the usual first. */
const SEQUENCE_LENGTHS = [10, 9, 11];
const [ZERO, NINE] = [0x30, 0x39];
/** From here on the numbers of a parent are used up so far that nobody may queue there any more. */
const SEQUENCE_MAX = 2 ** 31 - 1_000_000;

/** A node that stands for somebody who has or wants the lock. */
export interface Contender {
  readonly node: string;
  readonly lockName: string;
  /** What stands behind the lock's name. As texts, these are in the order of the queue. */
  readonly sequence: string;
}

/** Null: the node is no contender for a lock of these names, and nobody waits for it. */
export function parseContender(node: string, lockNames: readonly string[]): Contender | null {
  if (!endsInDigit(node)) return null;
  for (const length of SEQUENCE_LENGTHS) {
    for (const lockName of lockNames) {
      const at = node.length - length - lockName.length;
      // Most nodes are told apart by this comparison: a holder beside thousands of others reads all their names.
      if (at < 0 || !node.startsWith(lockName, at)) continue;
      const sequence = node.slice(node.length - length);
      if (SEQUENCE.test(sequence)) return { node, lockName, sequence };
    }
  }
  return null;
}

function endsInDigit(node: string): boolean {
  const last = node.charCodeAt(node.length - 1);
  return last >= ZERO && last <= NINE;
}

/**
 * Whether a number behind the name is read as that number, by those who look for the last occurrence of the name as Curator
 * does: not if the name may occur in the number itself, or begin in front of it and end in it.
 */
export function isLockNameClear(name: string): boolean {
  return /[^-\d]/.test(name);
}

/**
 * The queue, first come first. It has to be the order of texts, not of numbers, because others go by that; a read lock that
 * was made of a write lock has its number, and stands behind it.
 */
export function queueOf(children: readonly string[], lockNames: readonly string[]): Contender[] {
  const contenders: Contender[] = [];
  for (const node of children) {
    const contender = parseContender(node, lockNames);
    if (contender !== null) contenders.push(contender);
  }
  return contenders.sort(compareContenders);
}

/** Below 0: `a` stands before `b`. */
export function compareContenders(a: Contender, b: Contender): number {
  if (a.sequence !== b.sequence) return a.sequence < b.sequence ? -1 : 1;
  return Number(a.lockName === READ_NAME) - Number(b.lockName === READ_NAME);
}

/**
 * Whether a number is still in order with those behind it. After 2^31 nodes under one parent they become negative, and a
 * newcomer would stand before everybody. Only a new parent counts from 0 again.
 */
export function isSequenceUsable(sequence: string): boolean {
  const number = Number(sequence);
  return number >= 0 && number <= SEQUENCE_MAX;
}
