import { childrenOf } from '../child-nodes.ts';
import { childOf } from '../node-path.ts';
import type { Nodes, SessionClock } from '../nodes.ts';
import { type AcquireLimits, checkLimits, checkTimeout } from './acquire-limits.ts';
import { Acquisition } from './acquisition.ts';
import { AddressData } from './address-data.ts';
import { queueOf } from './contenders.ts';
import { HeldLock } from './held-lock.ts';
import { firstOf, holdWithin, type LockRequest } from './hold-within.ts';
import { checkAcquireOptions, checkLockArguments } from './lock-arguments.ts';
import { LockNotOwnedError, LockOwnerBusyError, LockTimeoutError } from './lock-error.ts';
import type { LockHold } from './lock-hold.ts';
import { lockNamesOf, type Rule } from './standing.ts';

/** As kazurator's README promises. */
const TIMEOUT_MS = 1_000;

/** Times in milliseconds. */
export interface AcquireOptions {
  /** How long all of it may take; null or over 24 days: for ever. Default: the lock's. 0 tries, as `tryAcquire` does. */
  readonly timeoutMs?: number | null;
  /** Takes the request back, and has `acquire` reject with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Who asks. The same owner may enter a lock again that it holds, and releases it as often. Without one, each call is
   * another contender.
   */
  readonly owner?: object;
}

export interface QueuedLockOptions {
  /** How long `acquire` waits unless it says otherwise; null: for ever. Default 1,000. */
  readonly timeoutMs?: number | null;
  /** What others see in the node. Default: the address of this client, as with Curator. */
  readonly data?: string | Uint8Array;
}

/** What makes one lock differ from another. */
export interface LockKind {
  readonly rule: () => Rule;
  /** Called before an owner queues: may refuse, or give a request that is made first. @throws ZooKeeperError */
  readonly before?: (owner: object) => LockRequest | null;
}

/** What was handed out of one hold, and not released. */
interface Handed {
  readonly owner: object | undefined;
  readonly locks: Set<HeldLock>;
}

/** A lock whose contenders queue below one node, as nodes that vanish with their sessions. */
export class QueuedLock {
  /** The node below which they queue. */
  readonly path: string;
  /** How long `acquire` waits unless it says otherwise, in milliseconds; null: for ever. */
  timeoutMs: number | null;
  readonly #nodes: Nodes;
  readonly #kind: LockKind;
  readonly #data: Uint8Array | null;
  readonly #address = new AddressData();
  readonly #byOwner = new Map<object, LockHold>();
  readonly #waiting = new Set<object>();
  /** In the order in which they were granted. An owner has one hold at a time. */
  readonly #held = new Map<LockHold, Handed>();

  /** @internal */
  constructor(nodes: Nodes, path: string, kind: LockKind, options: QueuedLockOptions = {}) {
    checkLockArguments(nodes, path, options);
    const { timeoutMs = TIMEOUT_MS, data } = options;
    checkTimeout(path, timeoutMs);
    this.path = path;
    this.timeoutMs = timeoutMs;
    this.#nodes = nodes;
    this.#kind = kind;
    this.#data = data === undefined ? null : Buffer.from(data);
  }

  /**
   * Takes the lock, and waits for it in the queue.
   *
   * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    checkAcquireOptions(this.path, options);
    const { timeoutMs = this.timeoutMs } = options;
    const lock = await (timeoutMs === 0
      ? this.tryAcquire(options)
      : this.#acquire(options, timeoutMs, false));
    if (lock === null) throw new LockTimeoutError(this.path, 0);
    return lock;
  }

  /**
   * Takes the lock if it is free and nobody waits for it; null otherwise. An attempt that is refused changes nothing.
   *
   * @throws ZooKeeperError, or the reason of `signal`
   */
  async tryAcquire(options: Omit<AcquireOptions, 'timeoutMs'> = {}): Promise<HeldLock | null> {
    checkAcquireOptions(this.path, options);
    return this.#acquire(options, null, true);
  }

  /**
   * Releases what was acquired last, by this owner if one is named: see {@link HeldLock.release}.
   *
   * @throws LockNotOwnedError
   */
  async release(owner?: object): Promise<boolean> {
    const handed = [...this.#held.values()].findLast((entry) => entry.owner === owner);
    const last = handed && [...handed.locks].at(-1);
    if (last === undefined) throw new LockNotOwnedError(this.path);
    return last.release();
  }

  /** Whether anybody holds it by this object. */
  get isAcquired(): boolean {
    for (const hold of this.#held.keys()) if (hold.isHeld) return true;
    return false;
  }

  /** Whether this owner holds it; without one, whether somebody does who named none. */
  isOwnedBy(owner?: object): boolean {
    for (const [hold, handed] of this.#held) if (handed.owner === owner && hold.isHeld) return true;
    return false;
  }

  /** The same as {@link isOwnedBy} without an owner: kazurator's name for it. */
  get isOwnedByCurrent(): boolean {
    return this.isOwnedBy();
  }

  /** @internal The hold of an owner, if it certainly has one. */
  holdOf(owner: object): LockHold | null {
    const hold = this.#byOwner.get(owner);
    return hold?.isHeld === true ? hold : null;
  }

  /** The paths of all who have or want the lock, first come first. */
  async getParticipantNodes(): Promise<string[]> {
    const children = await childrenOf(this.#nodes, this.path);
    return queueOf(children, lockNamesOf(this.#kind.rule())).map(({ node }) => childOf(this.path, node));
  }

  /** @internal Whether an owner has asked for it, and was neither given nor refused it yet. */
  isAwaitedBy(owner: object): boolean {
    return this.#waiting.has(owner);
  }

  /** @internal By which its time is measured. */
  get clock(): SessionClock {
    return this.#nodes.clock;
  }

  /** @internal What the nodes of this lock say of their holder. */
  get data(): Uint8Array {
    return this.#data ?? this.#address.of(this.#nodes);
  }

  async #acquire(
    { owner, signal }: AcquireOptions,
    timeoutMs: number | null,
    tries: boolean,
  ): Promise<HeldLock | null> {
    const limits: AcquireLimits = { timeoutMs, signal };
    checkLimits(this.path, limits);
    if (owner === undefined) return this.#handOut(await this.#queue(null, limits, tries), undefined);
    const entered = this.holdOf(owner);
    if (entered !== null) {
      entered.enter();
      return this.#handOut(entered, owner);
    }
    if (this.#waiting.has(owner)) throw new LockOwnerBusyError(this.path);
    const first = this.#kind.before?.(owner) ?? null;
    this.#waiting.add(owner);
    try {
      const hold = await this.#queue(first, limits, tries);
      if (hold !== null) this.#byOwner.set(owner, hold);
      return this.#handOut(hold, owner);
    } finally {
      this.#waiting.delete(owner);
    }
  }

  #queue(first: LockRequest | null, limits: AcquireLimits, tries: boolean): Promise<LockHold | null> {
    const { base, rule, data } = { base: this.path, rule: this.#kind.rule, data: this.data };
    const acquisition = new Acquisition(this.#nodes, { base, rule, data, tries });
    const request = first === null ? acquisition : firstOf(first, acquisition);
    return holdWithin(this.#nodes, this.path, request, limits);
  }

  #handOut(hold: LockHold | null, owner: object | undefined): HeldLock | null {
    if (hold === null) return null;
    const handed = this.#held.get(hold) ?? { owner, locks: new Set() };
    const lock = new HeldLock(hold, () => {
      handed.locks.delete(lock);
      if (handed.locks.size === 0) this.#held.delete(hold);
    });
    handed.locks.add(lock);
    this.#held.set(hold, handed);
    hold.ended = () => this.#forget(hold, owner);
    return lock;
  }

  #forget(hold: LockHold, owner: object | undefined): void {
    this.#held.delete(hold);
    if (owner !== undefined && this.#byOwner.get(owner) === hold) this.#byOwner.delete(owner);
  }
}
