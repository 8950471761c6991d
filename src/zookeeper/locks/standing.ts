import { Limits } from '../../base/limits.ts';
import {
  type Contender,
  compareContenders,
  LOCK_NAME,
  parseContender,
  READ_NAME,
  WRITE_NAME,
} from './contenders.ts';

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
  | {
      readonly kind: 'behind';
      readonly nodes: readonly string[];
      /** These are not all that it waits for, so it has to look again by itself after so long; null: they are. */
      readonly lookMs: number | null;
    }
  | { readonly kind: 'missing' };

const LOOK_MS_MIN = 2_000;

const HELD: Standing = { kind: 'held' };
const MISSING: Standing = { kind: 'missing' };
const READ_WRITE = [READ_NAME, WRITE_NAME];
const WRITERS = [WRITE_NAME];

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
 * Where very many may hold it, as many waiters would set as many watches each, so only the first are watched.
 *
 * @param children of the lock's node, in any order, with whatever else stands there
 */
export function standingOf(children: readonly string[], own: string, rule: Rule): Standing {
  const index = children.indexOf(own);
  const contender = index < 0 ? null : parseContender(own, lockNamesOf(rule));
  if (contender === null) return MISSING;
  const size = sizeOf(rule);
  const nearest = nearestBefore(children, index, contender, { size, names: blockersOf(rule) });
  return standingBehind(nearest, size, children.length);
}

/**
 * @param nearest the last `size` that stand before a node and that it waits for, or as many as there are
 * @param childrenCount of the lock's node
 */
export function standingBehind(nearest: readonly Contender[], size: number, childrenCount: number): Standing {
  if (nearest.length < size) return HELD;
  const nodes = nearest.slice(0, Limits.zookeeperWatchedMax).map(({ node }) => node);
  const lookMs = size > Limits.zookeeperWatchedMax ? lookMsOf(childrenCount) : null;
  return { kind: 'behind', nodes, lookMs };
}

/** A list of so many names is long, so all who wait together read no more than some MB in a second. */
function lookMsOf(childrenCount: number): number {
  return Math.max(LOOK_MS_MIN, childrenCount ** 2 / 250);
}

/** Whether a newcomer would have to wait. */
export function isTaken(children: readonly string[], rule: Rule): boolean {
  const names = blockersOf(rule);
  let left = sizeOf(rule);
  return children.some((node) => parseContender(node, names) !== null && --left === 0);
}

/** How many may stand before a holder, and one more. */
export function sizeOf(rule: Rule): number {
  return rule.kind === 'queue' ? rule.size : 1;
}

/** The names of the nodes that one waits for. */
function blockersOf(rule: Rule): readonly string[] {
  return rule.kind === 'read' ? WRITERS : lockNamesOf(rule);
}

/**
 * The last `size` that stand before a node, first come first. They are picked in one pass, because a sorted queue costs too much
 * where thousands hold a lock together and each newcomer looks. Of equals those stand before who are listed before, as in
 * a stable sort.
 */
function nearestBefore(
  children: readonly string[],
  ownIndex: number,
  own: Contender,
  { size, names }: { readonly size: number; readonly names: readonly string[] },
): Contender[] {
  const nearest: Contender[] = [];
  for (let index = 0; index < children.length; index++) {
    const other = parseContender(children[index]!, names);
    if (other === null || index === ownIndex) continue;
    const order = compareContenders(other, own);
    if (order > 0 || (order === 0 && index > ownIndex)) continue;
    if (nearest.length === size && compareContenders(other, nearest[0]!) < 0) continue;
    let at = nearest.length;
    while (at > 0 && compareContenders(other, nearest[at - 1]!) < 0) at--;
    nearest.splice(at, 0, other);
    if (nearest.length > size) nearest.shift();
  }
  return nearest;
}
