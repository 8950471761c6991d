import { Limits } from '../../base/limits.ts';
import type { HolderInfo, LockInfo, WaiterInfo, WatchStep } from '../../contract/lock-info.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { Claim } from '../../engine/zookeeper/claim.ts';
import { byteStringOf, type LockPaths, textOf } from '../../engine/zookeeper/lock-place.ts';
import { LockWalk } from '../../engine/zookeeper/lock-walk.ts';
import { type PlacedContender, type PlacedLock, readPlacedLock } from '../../engine/zookeeper/placed-lock.ts';
import { removeNode } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import {
  InspectionEndedError,
  type Inspector,
  type ListPage,
  type ListQuery,
  NameTooLongError,
  nothingReleased,
  PageTokenError,
  SHOWN_KEY_CHARACTERS,
  type UnlockOutcome,
  type UnlockQuery,
  type Watch,
  type WatchQuery,
} from './inspector.ts';

/** What the engine of this server knows better than ZooKeeper, and does at once. */
interface LocalClaims {
  claimOf(name: string, key: string): Claim | null;
  release(claim: Claim): Promise<boolean>;
}

export interface ClusterInspectorOptions {
  readonly nodes: Nodes;
  readonly paths: LockPaths;
  readonly local: LocalClaims;
  readonly nowMs: () => number;
}

/** A look at the locks in ZooKeeper: those of all servers, and those of other programs at mapped paths. */
export class ClusterInspector implements Inspector {
  readonly #options: ClusterInspectorOptions;
  readonly #walk: LockWalk;
  #isClosed = false;

  constructor(options: ClusterInspectorOptions) {
    this.#options = options;
    this.#walk = new LockWalk(options.nodes, options.paths);
  }

  async list({ prefix, pageSize, pageToken, waiters }: ListQuery): Promise<ListPage> {
    this.#checkOpen();
    const query = { prefix: nameOf(prefix), countMax: pageSize, waiters, order: decodeOrder(pageToken) };
    const { locks, nextOrder } = await this.#walk.page(query);
    return {
      locks: locks.map((lock) => this.#infoOf(lock)),
      nextPageToken: nextOrder === null ? '' : encodeOrder(nextOrder),
      nowMs: this.#options.nowMs(),
    };
  }

  async get(name: string): Promise<LockInfo | null> {
    const lock = await this.#read(name);
    return lock === null ? null : this.#infoOf(lock);
  }

  async unlock({ name, key, all }: UnlockQuery): Promise<UnlockOutcome> {
    if (all && key !== '') return nothingReleased(Refusals.keyWithAll);
    if (key !== '' && key.length < SHOWN_KEY_CHARACTERS) return nothingReleased(Refusals.keyPrefixShort);
    if (key.length > Limits.keyBytesMax) return nothingReleased(Refusals.keyTooLong);
    const lock = await this.#read(name);
    if (lock === null || lock.holderCount === 0) return nothingReleased(Refusals.lockDoesNotExist);
    const refuse = (refusal: Refusal): UnlockOutcome => ({
      ...nothingReleased(refusal),
      holders: this.#infoOf(lock).holders,
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

  watch(_query: WatchQuery, _listener: (steps: readonly WatchStep[]) => void): Watch {
    throw new InspectionEndedError();
  }

  close(): void {
    this.#isClosed = true;
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
    const done = await Promise.all(
      meant.map(({ path, key }) => {
        const claim = local.claimOf(lock.place.name, key);
        return claim === null ? removeNode(nodes, path, nodes.sessionId) : local.release(claim);
      }),
    );
    const released = meant.filter((_contender, index) => done[index]);
    if (released.length === 0) return nothingReleased(Refusals.lockDoesNotExist);
    const infos = released.map((contender) => this.#holderOf(lock, contender));
    return { released: infos, releasedCount: infos.length, refusal: null, holders: [], holderCount: 0 };
  }

  #infoOf(lock: PlacedLock): LockInfo {
    return {
      name: textOf(lock.place.name),
      size: lock.size,
      shard: 0,
      holderCount: lock.holderCount,
      waiterCount: lock.waiterCount,
      holders: lock.holders.map((contender) => this.#holderOf(lock, contender)),
      waiters: lock.waiters.map((contender) => this.#waiterOf(lock, contender)),
    };
  }

  #holderOf(lock: PlacedLock, contender: PlacedContender): HolderInfo {
    const { key, stat, data } = contender;
    const claim = this.#options.local.claimOf(lock.place.name, key);
    return {
      ...this.#waiterOf(lock, contender),
      key,
      sinceMs: Math.round(claim?.grantedMs ?? (data?.grantedMs || data?.sinceMs) ?? stat.createdMs),
      lockTimeoutMs: claim?.lockTimeoutMs ?? data?.lockTimeoutMs ?? 0,
      fencingToken: stat.czxid.toString(),
    };
  }

  #waiterOf(lock: PlacedLock, { key, stat, data, text, isReader }: PlacedContender): WaiterInfo {
    const claim = this.#options.local.claimOf(lock.place.name, key);
    const deadlineMs = claim?.deadlineMs ?? Number.POSITIVE_INFINITY;
    return {
      // Its key would do, but not everybody may know that.
      claimId: stat.czxid.toString(16),
      ...(data?.client ?? UNKNOWN),
      holder: data === null ? `external ${text}`.trim() : data.holder,
      mode: isReader ? 'SHARED' : 'EXCLUSIVE',
      permits: 1,
      sinceMs: Math.round(data?.sinceMs ?? stat.createdMs),
      // Only the server that looks after it knows.
      deadlineMs: deadlineMs === Number.POSITIVE_INFINITY ? null : Math.round(deadlineMs),
    };
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new InspectionEndedError();
  }
}

const UNKNOWN = { sessionId: '', address: '', protocol: '' } as const;

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
