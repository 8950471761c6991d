import type { Listing } from '../child-nodes.ts';
import { type Contender, queueOf, WRITE_NAME } from './contenders.ts';
import type { QueueNode } from './queue-node.ts';
import { lockNamesOf, type Rule, type Standing, sizeOf, standingBehind, standingOf } from './standing.ts';

/** As often somebody looks who looks alone: for twins, for others' nodes, and for the own standing. */
const LOOKS_OF_ONE = 4;

/**
 * The children of a lock's node, for all who look at the same listing. Who looks alone reads the names as they are. Where thousands
 * do, because a writer has left before whom they all waited, each reading all names would keep the event loop busy for seconds,
 * and the session waiting; so they are put in order for the second who looks, and found there from then on.
 */
export class ListedQueue implements Listing {
  readonly children: Listing['children'];
  readonly stat: Listing['stat'];
  readonly #ordered = new Map<string, OrderedQueue>();
  #looks = 0;
  #sortedNames: readonly string[] | null = null;

  constructor({ children, stat }: Listing) {
    this.children = children;
    this.stat = stat;
  }

  /** See {@link standingOf}. */
  standingOf(own: string, rule: Rule): Standing {
    if (this.#looks++ < LOOKS_OF_ONE) return standingOf(this.children, own, rule);
    return this.#orderedBy(rule).standingOf(own, rule);
  }

  /** The names of other nodes of the same request. */
  twinsOf({ name, prefix }: Pick<QueueNode, 'name' | 'prefix'>): string[] {
    const twins: string[] = [];
    const isTwin = (child: string): boolean => child !== name && child.startsWith(prefix);
    if (this.#looks++ < LOOKS_OF_ONE) return this.children.filter(isTwin);
    const sorted = this.#sorted();
    for (let at = firstFrom(sorted, prefix); sorted[at]?.startsWith(prefix) === true; at++)
      if (isTwin(sorted[at]!)) twins.push(sorted[at]!);
    return twins;
  }

  #orderedBy(rule: Rule): OrderedQueue {
    const names = lockNamesOf(rule);
    const key = names.join();
    let ordered = this.#ordered.get(key);
    if (ordered === undefined) {
      ordered = new OrderedQueue(this.children, names);
      this.#ordered.set(key, ordered);
    }
    return ordered;
  }

  #sorted(): readonly string[] {
    this.#sortedNames ??= [...this.children].sort();
    return this.#sortedNames;
  }
}

/** All who count for a lock, in the order of the queue. */
class OrderedQueue {
  readonly #childrenCount: number;
  readonly #contenders: readonly Contender[];
  readonly #indexes = new Map<string, number>();
  /** For each of them, where the last writer stands before it; -1: there is none. */
  readonly #writersBefore: Int32Array;

  constructor(children: readonly string[], lockNames: readonly string[]) {
    this.#childrenCount = children.length;
    this.#contenders = queueOf(children, lockNames);
    this.#writersBefore = new Int32Array(this.#contenders.length);
    let writer = -1;
    for (const [index, { node, lockName }] of this.#contenders.entries()) {
      this.#indexes.set(node, index);
      this.#writersBefore[index] = writer;
      if (lockName === WRITE_NAME) writer = index;
    }
  }

  standingOf(own: string, rule: Rule): Standing {
    const index = this.#indexes.get(own);
    if (index === undefined) return { kind: 'missing' };
    return standingBehind(this.#nearestBefore(index, rule), sizeOf(rule), this.#childrenCount);
  }

  #nearestBefore(index: number, rule: Rule): readonly Contender[] {
    if (rule.kind !== 'read') return this.#contenders.slice(Math.max(0, index - sizeOf(rule)), index);
    const writer = this.#writersBefore[index]!;
    return writer < 0 ? [] : [this.#contenders[writer]!];
  }
}

/** Where the first text stands that is not before another one; behind the last if there is none. */
function firstFrom(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
