import { childrenOf } from '../../zookeeper/child-nodes.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BUCKETS, bucketPath, isHashed, LOCKS_PATH, type LockPaths, type LockPlace } from './lock-place.ts';
import { type PlacedLock, readPlacedLock } from './placed-lock.ts';

/** Locks that are read at a time: each takes a few requests. */
const READ_TOGETHER = 64;

export interface WalkQuery {
  /** Names that begin with this, a byte string. */
  readonly prefix: string;
  readonly countMax: number;
  readonly waiters: boolean;
  /** Where to go on: the order of a lock, see `LockPlace`; 0 for the beginning. */
  readonly order: number;
}

export interface WalkPage {
  readonly locks: readonly PlacedLock[];
  /** Where to go on; null behind the last lock. */
  readonly nextOrder: number | null;
}

/**
 * Walks over the locks in the order of the hashes of their names. Nothing is kept between two pages, and what comes or goes
 * meanwhile moves nothing else: a lock that is used all the time is on exactly one page, whatever server is asked for it.
 */
export class LockWalk {
  readonly #nodes: Nodes;
  readonly #paths: LockPaths;

  constructor(nodes: Nodes, paths: LockPaths) {
    this.#nodes = nodes;
    this.#paths = paths;
  }

  async page({ prefix, countMax, waiters, order }: WalkQuery): Promise<WalkPage> {
    // The connected server may be behind the others.
    await this.#nodes.sync(LOCKS_PATH);
    const buckets = await this.#buckets();
    const locks: PlacedLock[] = [];
    for (let bucket = order >>> 24; bucket < BUCKETS; bucket++) {
      const places = await this.#placesIn(bucket, buckets.has(bucket), prefix);
      let left = places.filter((place) => place.order >= order);
      while (left.length > 0) {
        const some = takeTogether(left, Math.min(READ_TOGETHER, countMax - locks.length));
        left = left.slice(some.length);
        const read = await Promise.all(some.map((place) => readPlacedLock(this.#nodes, place, waiters)));
        // Of a hashed one the name is known only now.
        for (const lock of read) if (lock?.place.name.startsWith(prefix) === true) locks.push(lock);
        if (locks.length < countMax) continue;
        const next = left[0];
        if (next !== undefined) return { locks, nextOrder: next.order };
        return { locks, nextOrder: bucket + 1 < BUCKETS ? (bucket + 1) * 2 ** 24 : null };
      }
    }
    return { locks, nextOrder: null };
  }

  /** The buckets that are there. */
  async #buckets(): Promise<ReadonlySet<number>> {
    const children = await childrenOf(this.#nodes, LOCKS_PATH);
    return new Set(children.map((child) => Number.parseInt(child, 16)));
  }

  async #placesIn(bucket: number, isThere: boolean, prefix: string): Promise<LockPlace[]> {
    const path = bucketPath(bucket);
    const places = isThere
      ? (await childrenOf(this.#nodes, path)).map((node) => this.#paths.placeAt(childOf(path, node)))
      : [];
    const mapped = this.#paths.mapped.filter(({ order }) => order >>> 24 === bucket);
    return [...places, ...mapped]
      .filter((place) => place !== null)
      .filter(({ name, base }) => isHashed(base.slice(path.length + 1)) || name.startsWith(prefix))
      .sort((a, b) => a.order - b.order || (a.base < b.base ? -1 : 1));
  }
}

/** The first `count` of them, and those that have the order of the last: a page ends between two orders. */
function takeTogether(places: readonly LockPlace[], count: number): LockPlace[] {
  let end = Math.max(1, count);
  while (end < places.length && places[end]!.order === places[end - 1]!.order) end++;
  return places.slice(0, end);
}
