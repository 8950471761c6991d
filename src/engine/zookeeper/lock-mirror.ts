import type { Nodes, Watcher } from '../../zookeeper/nodes.ts';
import { UnimplementedError } from '../../zookeeper/server-refusal.ts';
import { LOCKS_PATH, type LockPaths } from './lock-place.ts';
import { LockWalk } from './lock-walk.ts';
import { type PlacedLock, readPlacedLock } from './placed-lock.ts';

/** What a mirror needs of ZooKeeper beside what locks do: watches that stay. */
export interface WatchedNodes extends Nodes {
  addWatch(path: string, options: { readonly recursive: boolean }, watcher: Watcher): Promise<() => void>;
}

/** Whatever changes within this time is looked at once. */
const GATHER_MS = 30;
/** How long after a failure it is tried again, and how often all is looked at where there are no watches that stay. */
const AGAIN_MS = 1_000;
const READ_TOGETHER = 64;
const PAGE = 512;

/** A lock was looked at, and differs from before or may do so. Null: nobody holds it or waits for it. */
export type MirrorListener = (before: PlacedLock | null, after: PlacedLock | null) => void;

/**
 * All locks as they are in ZooKeeper, kept up to date. A watch over all of their nodes says which to look at again; what
 * happened between two looks is one change. Behind a lost connection all are looked at.
 */
export class LockMirror {
  readonly #nodes: WatchedNodes;
  readonly #paths: LockPaths;
  readonly #walk: LockWalk;
  readonly #changed: MirrorListener;
  readonly #locks = new Map<string, PlacedLock>();
  readonly #dirty = new Set<string>();
  #endWatches: (() => void)[] = [];
  #endTimer: (() => void) | null = null;
  #isWatched = false;
  #wantsAll = true;
  #isWorking = false;
  #isClosed = false;
  /** Whether all locks have been looked at once. */
  isComplete = false;
  /** Called when that is so. */
  completed: () => void = () => {};

  constructor(nodes: WatchedNodes, paths: LockPaths, changed: MirrorListener) {
    this.#nodes = nodes;
    this.#paths = paths;
    this.#walk = new LockWalk(nodes, paths);
    this.#changed = changed;
    this.#wake(0);
  }

  get locks(): IterableIterator<PlacedLock> {
    return this.#locks.values();
  }

  close(): void {
    this.#isClosed = true;
    this.#endTimer?.();
    this.#unwatch();
  }

  readonly #watcher: Watcher = ({ type, path }) => {
    if (this.#isClosed) return;
    if (type === 'lost') this.#isWatched = false;
    if (type === 'lost' || type === 'reconnected') this.#wantsAll = true;
    else {
      const base = this.#paths.baseOf(path);
      if (base === null) return;
      this.#dirty.add(base);
    }
    this.#wake(GATHER_MS);
  };

  #wake(waitMs: number): void {
    if (this.#isClosed || this.#isWorking) return;
    this.#endTimer ??= this.#nodes.clock.after(waitMs, () => {
      this.#endTimer = null;
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    let waitMs = GATHER_MS;
    try {
      if (!this.#isWatched) await this.#watch();
      if (this.#wantsAll) await this.#lookAtAll();
      while (this.#dirty.size > 0 && !this.#isClosed) await this.#lookAtSome();
    } catch {
      // Nothing is known meanwhile, so all is looked at when there are answers again.
      this.#wantsAll = true;
      waitMs = AGAIN_MS;
    }
    this.#isWorking = false;
    if (!this.#isWatched) {
      this.#wantsAll = true;
      waitMs = AGAIN_MS;
    }
    if (this.#wantsAll || this.#dirty.size > 0) this.#wake(waitMs);
  }

  /** Servers before 3.6 have no such watches. There all is looked at again and again. */
  async #watch(): Promise<void> {
    this.#unwatch();
    // Before the first is set: that one may go with its session, and the last be set in the next.
    this.#isWatched = true;
    const paths = [LOCKS_PATH, ...this.#paths.mapped.map(({ base }) => base)];
    try {
      for (const path of paths) {
        const end = await this.#nodes.addWatch(path, { recursive: true }, this.#watcher);
        this.#endWatches.push(end);
      }
      if (this.#isClosed) this.#unwatch();
    } catch (error) {
      this.#isWatched = false;
      this.#unwatch();
      if (!(error instanceof UnimplementedError)) throw error;
    }
  }

  #unwatch(): void {
    for (const end of this.#endWatches) end();
    this.#endWatches = [];
  }

  async #lookAtAll(): Promise<void> {
    this.#wantsAll = false;
    this.#dirty.clear();
    const left = new Set(this.#locks.keys());
    for (let order: number | null = 0; order !== null && !this.#isClosed; ) {
      const page = await this.#walk.page({ prefix: '', countMax: PAGE, waiters: true, order });
      for (const lock of page.locks) {
        left.delete(lock.place.base);
        this.#put(lock.place.base, lock);
      }
      order = page.nextOrder;
    }
    for (const base of left) this.#put(base, null);
    if (this.isComplete || this.#isClosed) return;
    this.isComplete = true;
    this.completed();
  }

  async #lookAtSome(): Promise<void> {
    const some = [...this.#dirty].slice(0, READ_TOGETHER);
    for (const base of some) this.#dirty.delete(base);
    await Promise.all(
      some.map(async (base) => {
        const place = this.#paths.placeAt(base);
        if (place !== null) this.#put(base, await readPlacedLock(this.#nodes, place, true));
      }),
    );
  }

  #put(base: string, after: PlacedLock | null): void {
    if (this.#isClosed) return;
    const before = this.#locks.get(base) ?? null;
    if (after === null) this.#locks.delete(base);
    else this.#locks.set(base, after);
    if (before !== null || after !== null) this.#changed(before, after);
  }
}
