import { Limits } from '../../base/limits.ts';
import type { LockInfo, WatchStep } from '../../contract/lock-info.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import { LockMirror, type WatchedNodes } from '../../engine/zookeeper/lock-mirror.ts';
import { byteStringOf, type LockPaths } from '../../engine/zookeeper/lock-place.ts';
import { LockWalk } from '../../engine/zookeeper/lock-walk.ts';
import { type PlacedContender, type PlacedLock, readPlacedLock } from '../../engine/zookeeper/placed-lock.ts';
import { removeNode } from '../../zookeeper/locks/node-removal.ts';
import { ClusterRows, type LocalClaims } from './cluster-rows.ts';
import { ClusterWatch } from './cluster-watch.ts';
import {
  ClusterUnreachableError,
  InspectionEndedError,
  type Inspector,
  type ListPage,
  type ListQuery,
  NameTooLongError,
  nothingReleased,
  PageTokenError,
  SHOWN_KEY_CHARACTERS,
  TooManyWatchesError,
  type UnlockOutcome,
  type UnlockQuery,
  type Watch,
  type WatchQuery,
} from './inspector.ts';

export interface ClusterInspectorOptions {
  readonly nodes: WatchedNodes;
  readonly paths: LockPaths;
  readonly local: LocalClaims;
  readonly nowMs: () => number;
}

/** A look at the locks in ZooKeeper: those of all servers, and those of other programs at mapped paths. */
export class ClusterInspector implements Inspector {
  readonly #options: ClusterInspectorOptions;
  readonly #walk: LockWalk;
  readonly #rows: ClusterRows;
  readonly #watches = new Set<ClusterWatch>();
  #mirror: LockMirror | null = null;
  #isClosed = false;

  constructor(options: ClusterInspectorOptions) {
    this.#options = options;
    this.#walk = new LockWalk(options.nodes, options.paths);
    this.#rows = new ClusterRows(options.local);
  }

  async list({ prefix, pageSize, pageToken, waiters }: ListQuery): Promise<ListPage> {
    this.#checkOpen();
    const query = { prefix: nameOf(prefix), countMax: pageSize, waiters, order: decodeOrder(pageToken) };
    const { locks, nextOrder } = await this.#walk.page(query);
    return {
      locks: locks.map((lock) => this.#rows.lock(lock)),
      nextPageToken: nextOrder === null ? '' : encodeOrder(nextOrder),
      nowMs: this.#options.nowMs(),
    };
  }

  async get(name: string): Promise<LockInfo | null> {
    const lock = await this.#read(name);
    return lock === null ? null : this.#rows.lock(lock);
  }

  async unlock({ name, key, all }: UnlockQuery): Promise<UnlockOutcome> {
    if (all && key !== '') return nothingReleased(Refusals.keyWithAll);
    if (key !== '' && key.length < SHOWN_KEY_CHARACTERS) return nothingReleased(Refusals.keyPrefixShort);
    if (key.length > Limits.keyBytesMax) return nothingReleased(Refusals.keyTooLong);
    const lock = await this.#read(name);
    if (lock === null || lock.holderCount === 0) return nothingReleased(Refusals.lockDoesNotExist);
    const refuse = (refusal: Refusal): UnlockOutcome => ({
      ...nothingReleased(refusal),
      holders: this.#rows.lock(lock).holders,
      holderCount: lock.holderCount,
    });
    if (all) return this.#releaseAll(lock);
    if (key === '' && lock.holderCount > 1) return refuse(Refusals.severalHolders);
    const meant = lock.holders.filter((holder) => holder.key.startsWith(key));
    if (meant.length > 1) return refuse(Refusals.keyAmbiguous);
    if (meant.length === 0)
      return nothingReleased(
        lock.holderCount > lock.holders.length ? Refusals.keyPrefixAmongMany : Refusals.invalidKey,
      );
    return this.#release(lock, meant);
  }

  watch({ prefix }: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch {
    if (this.#isClosed) throw new InspectionEndedError();
    const watch = this.#openWatch(nameOf(prefix), listener);
    // Whoever asks for a watch has it before its first step.
    if (this.#mirror!.isComplete) setImmediate(() => watch.begin());
    return watch;
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of [...this.#watches]) watch.close();
  }

  #read(name: string): Promise<PlacedLock | null> {
    this.#checkOpen();
    const { nodes, paths } = this.#options;
    const place = paths.placeOf(nameOf(name));
    // The connected server may be behind the others.
    return nodes.sync(place.base).then(() => readPlacedLock(nodes, place, true));
  }

  /** Those whom a listing does not name come next, until none is left of those who held it at the beginning. */
  async #releaseAll(lock: PlacedLock): Promise<UnlockOutcome> {
    const until = lock.holders.at(-1)!.stat.czxid;
    let outcome = await this.#release(lock, lock.holders);
    for (let left = lock.holderCount - lock.holders.length; left > 0; ) {
      const again = await readPlacedLock(this.#options.nodes, lock.place, false);
      const meant = again?.holders.filter(({ stat }) => stat.czxid <= until) ?? [];
      if (meant.length === 0) break;
      left -= meant.length;
      const { releasedCount } = await this.#release(lock, meant);
      outcome = { ...outcome, releasedCount: outcome.releasedCount + releasedCount };
    }
    return outcome;
  }

  async #release(lock: PlacedLock, meant: readonly PlacedContender[]): Promise<UnlockOutcome> {
    const { nodes, local } = this.#options;
    const { sessionId } = nodes;
    // Of its own claims this server knows more than the ensemble, for as long as they are held.
    const rows = meant.map((contender) => this.#rows.holder(lock, contender));
    const done = await Promise.all(
      meant.map(({ path, key }) => {
        const claim = local.claimOf(lock.place.name, key);
        return claim === null ? removeNode(nodes, path, sessionId) : local.release(claim);
      }),
    );
    const released = rows.filter((_row, index) => done[index]);
    if (released.length < meant.length && !nodes.isSessionAlive(sessionId))
      throw new ClusterUnreachableError();
    if (released.length === 0) return nothingReleased(Refusals.lockDoesNotExist);
    return { released, releasedCount: released.length, refusal: null, holders: [], holderCount: 0 };
  }

  #openWatch(prefix: string, listener: (steps: readonly WatchStep[]) => void): ClusterWatch {
    const { nodes, paths, nowMs } = this.#options;
    if (this.#watches.size >= Limits.watchesMax) throw new TooManyWatchesError(Limits.watchesMax);
    // One mirror for all of them, for as long as there is any.
    this.#mirror ??= new LockMirror(nodes, paths, (before, after) => {
      for (const watch of [...this.#watches]) watch.changed(before, after);
    });
    const mirror = this.#mirror;
    const watch = new ClusterWatch({
      ...{ prefix, listener, nowMs, rows: this.#rows, locks: () => mirror.locks },
      closed: (closed) => this.#closeWatch(closed),
    });
    this.#watches.add(watch);
    mirror.completed = () => {
      for (const one of [...this.#watches]) one.begin();
    };
    return watch;
  }

  #closeWatch(watch: ClusterWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    this.#mirror?.close();
    this.#mirror = null;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new InspectionEndedError();
    if (this.#options.nodes.state !== 'connected') throw new ClusterUnreachableError();
  }
}

/** @throws NameTooLongError */
function nameOf(text: string): string {
  const name = byteStringOf(text);
  if (name.length > Limits.nameBytesMax) throw new NameTooLongError();
  return name;
}

const TOKEN_BYTES = 4;

/** Where a page begins. It is the same at all servers, and stays so when they are started again. */
function encodeOrder(order: number): string {
  const bytes = Buffer.alloc(TOKEN_BYTES);
  bytes.writeUInt32BE(order);
  return bytes.toString('base64url');
}

/** @throws PageTokenError */
function decodeOrder(token: string): number {
  if (token === '') return 0;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) throw new PageTokenError();
  return bytes.readUInt32BE(0);
}
