import { Limits } from '../../base/limits.ts';
import { Refusals } from '../../contract/refusal.ts';
import type { Listing } from '../../zookeeper/child-nodes.ts';
import { makeParents } from '../../zookeeper/locks/lock-parents.ts';
import { childOf, nameOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Stat } from '../../zookeeper/wire/records.ts';
import { decodeBaseData, encodeBaseData } from './base-data.ts';
import { foreignChild } from './layout-check.ts';
import type { Layout, LockPlace } from './lock-place.ts';
import { decodeNodeData } from './node-data.ts';
import { LockRefusedError } from './refused-error.ts';

/** What was read of a lock's node. It holds for as long as the node is the same and was not written. */
interface KnownBase {
  readonly czxid: bigint;
  readonly version: number;
  readonly size: number;
}

/** Tells the operator of a node that others use in another way. */
export type LayoutNotice = (path: string, child: string, layout: Layout) => void;

/** The layout that a lock of this size has at its place. */
export function layoutOf({ mapped }: LockPlace, size: number): Layout {
  return mapped ?? (size === 1 ? 'rw' : 'queue');
}

/**
 * The nodes above the contenders. Each says how large its lock is, for as long as anybody uses it; they are containers, which
 * ZooKeeper removes a while after their last child is gone.
 *
 * A contender stands in the queue when the size is looked at, so the node above it stays and cannot have been made anew with
 * another size; what was read of it before is known again by the transaction that made it.
 */
export class LockBases {
  readonly #nodes: Nodes;
  readonly #notice: LayoutNotice;
  readonly #known = new Map<string, KnownBase>();
  /** What stands among these children that others use, by the layout for which it was looked for last. */
  readonly #searched = new WeakMap<
    readonly string[],
    { readonly layout: Layout; readonly foreign: string | null }
  >();

  constructor(nodes: Nodes, notice: LayoutNotice) {
    this.#nodes = nodes;
    this.#notice = notice;
  }

  /** Makes the node of a lock, with those above it, if it is missing. */
  make(place: LockPlace, size: number): Promise<void> {
    const { base, name } = place;
    if (!saysSize(place)) return makeParents(this.#nodes, base);
    return makeParents(this.#nodes, base, encodeBaseData(nameOf(base), size, name));
  }

  /**
   * Whether a lock that was not used from here lately has this size, before there is a contender: one for a lock of another size
   * would be in the way of those who ask for the right one. The node is made only when somebody is to stand below it: one that
   * never had a child is never removed.
   *
   * @throws LockRefusedError
   */
  async expect(place: LockPlace, size: number): Promise<void> {
    if (!saysSize(place) || this.#known.get(place.base)?.size === size) return;
    const recorded = await this.#readSize(place);
    if (recorded !== null && recorded !== size) throw new LockRefusedError(Refusals.sizeMismatch);
  }

  /**
   * Whether the lock is of this size, and nobody uses its node in another way.
   *
   * @throws LockRefusedError
   */
  async check(place: LockPlace, size: number, { children, stat }: Listing): Promise<void> {
    const layout = layoutOf(place, size);
    const foreign = this.#foreignIn(children, layout);
    const isSame = !saysSize(place) || (await this.#sizeOf(place, size, stat)) === size;
    // Of another size it has another layout, and the size is what its caller can mend.
    if (!isSame) throw new LockRefusedError(Refusals.sizeMismatch);
    if (foreign !== null && !(await this.#isPassing(place, foreign)))
      this.#refuseLayout(place.base, foreign, layout);
    if (children.length > Limits.zookeeperContendersMax) throw new LockRefusedError(Refusals.tooManyClaims);
  }

  /** Thousands may look at one listing at a time, and mean the same layout. */
  #foreignIn(children: readonly string[], layout: Layout): string | null {
    const last = this.#searched.get(children);
    if (last?.layout === layout) return last.foreign;
    const foreign = foreignChild(children, layout);
    this.#searched.set(children, { layout, foreign });
    return foreign;
  }

  /** The size of a lock that was listed, as its node says it; null when it does not. */
  async recordedSize(place: LockPlace, stat: Stat): Promise<number | null> {
    if (!saysSize(place)) return 1;
    return this.#recall(place.base, stat) ?? (await this.#readSize(place));
  }

  /** Null: the node is missing, or does not say. */
  async #readSize({ base }: LockPlace): Promise<number | null> {
    try {
      const { data, stat } = await this.#nodes.getData(base);
      const size = decodeBaseData(data)?.size ?? null;
      if (size !== null) this.#remember(base, stat, size);
      return size;
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }

  /**
   * Whether a contender for another kind of lock is one of our servers', who has yet to see that the lock has another size. Where the
   * operator has named the path, servers may have been told of different kinds, and would not see each other.
   */
  async #isPassing({ base, mapped }: LockPlace, child: string): Promise<boolean> {
    if (mapped !== null) return false;
    try {
      const { data } = await this.#nodes.getData(childOf(base, child));
      return decodeNodeData(data) !== null;
    } catch (error) {
      if (error instanceof NoNodeError) return true;
      throw error;
    }
  }

  /** Writes the size where nobody has said it yet. */
  async #sizeOf(place: LockPlace, size: number, listed: Stat): Promise<number> {
    const known = this.#recall(place.base, listed);
    if (known !== null) return known;
    for (;;) {
      try {
        const { data, stat } = await this.#nodes.getData(place.base);
        const recorded = decodeBaseData(data);
        const isNamed = recorded === null || recorded.name === null || recorded.name === place.name;
        if (recorded === null || !isNamed) return this.#refuseLayout(place.base, '', layoutOf(place, size));
        if (recorded.size !== null) {
          this.#remember(place.base, stat, recorded.size);
          return recorded.size;
        }
        const written = encodeBaseData(nameOf(place.base), size, place.name);
        this.#remember(place.base, await this.#nodes.setData(place.base, written, stat.version), size);
        return size;
      } catch (error) {
        // The contender is gone with it, and comes again.
        if (error instanceof NoNodeError) return size;
        if (!(error instanceof BadVersionError)) throw error;
      }
    }
  }

  #recall(base: string, { czxid, version }: Stat): number | null {
    const known = this.#known.get(base);
    return known?.czxid === czxid && known.version === version ? known.size : null;
  }

  #remember(base: string, { czxid, version }: Stat, size: number): void {
    this.#known.delete(base);
    this.#known.set(base, { czxid, version, size });
    if (this.#known.size <= Limits.zookeeperBasesMax) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }

  #refuseLayout(base: string, child: string, layout: Layout): never {
    this.#notice(base, child, layout);
    throw new LockRefusedError(Refusals.otherLayout);
  }
}

/** A mutex or a read/write lock at a path of the operator's has one holder: there is nothing to say. */
function saysSize({ mapped }: LockPlace): boolean {
  return mapped === null || mapped === 'semaphore';
}
