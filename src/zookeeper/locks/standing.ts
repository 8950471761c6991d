import { type Contender, LOCK_NAME, queueOf, READ_NAME, WRITE_NAME } from './contenders.ts';

/** Who may hold a lock together. */
export type Rule =
  /** The first `size` of the queue. */
  | { readonly kind: 'queue'; readonly lockName: string; readonly size: number }
  /** The first, of readers and writers. */
  | { readonly kind: 'write' }
  /** Everybody before whom no writer stands. */
  | { readonly kind: 'read' };

/** The rule of a mutex. */
export const MUTEX: Rule = { kind: 'queue', lockName: LOCK_NAME, size: 1 };

/** What to do: nothing, because the lock is held; wait until a node is gone; or queue again, because the own one is. */
export type Standing =
  | { readonly kind: 'held' }
  | { readonly kind: 'behind'; readonly nodes: readonly string[] }
  | { readonly kind: 'missing' };

const HELD: Standing = { kind: 'held' };
const MISSING: Standing = { kind: 'missing' };
const READ_WRITE = [READ_NAME, WRITE_NAME];

/** The names of the nodes that count for a rule. */
export function lockNamesOf(rule: Rule): readonly string[] {
  return rule.kind === 'queue' ? [rule.lockName] : READ_WRITE;
}

/** The name that a node gets which asks by a rule. */
export function lockNameOf(rule: Rule): string {
  if (rule.kind === 'queue') return rule.lockName;
  return rule.kind === 'read' ? READ_NAME : WRITE_NAME;
}

/**
 * Whether a node has the lock, else for whose end it waits: of one node, so that the end of a lock wakes one waiter and not
 * all; where `size` may hold it, of the `size` nodes before its own. Of those further ahead at least one must go together
 * with one of these before it is its turn, so any of these says when to look again. Curator and kazurator watch the first
 * of them only, and leave a lease unused until its turn comes. That a node is gone does not mean that the lock is free.
 *
 * @param children of the lock's node, in any order, with whatever else stands there
 */
export function standingOf(children: readonly string[], own: string, rule: Rule): Standing {
  const queue = queueOf(children, lockNamesOf(rule));
  const index = queue.findIndex(({ node }) => node === own);
  if (index < 0) return MISSING;
  if (rule.kind === 'queue') return index < rule.size ? HELD : behind(queue.slice(index - rule.size, index));
  if (rule.kind === 'write') return index === 0 ? HELD : behind(queue.slice(index - 1, index));
  const writer = queue.findLast(({ lockName }, at) => at < index && lockName === WRITE_NAME);
  return writer === undefined ? HELD : behind([writer]);
}

/** Whether a newcomer would have to wait. */
export function isTaken(children: readonly string[], rule: Rule): boolean {
  const queue = queueOf(children, lockNamesOf(rule));
  if (rule.kind === 'queue') return queue.length >= rule.size;
  return rule.kind === 'write' ? queue.length > 0 : queue.some(({ lockName }) => lockName === WRITE_NAME);
}

function behind(contenders: readonly Contender[]): Standing {
  return { kind: 'behind', nodes: contenders.map(({ node }) => node) };
}
