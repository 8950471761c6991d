import { childrenOf } from '../child-nodes.ts';
import { childOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';
import { type AcquireLimits, checkLimits, checkTimeout } from './acquire-limits.ts';
import { AddressData } from './address-data.ts';
import { HeldLock } from './held-lock.ts';
import type { HeldLocks } from './held-locks.ts';
import { holdAllWithin, type WantedLock } from './hold-all-within.ts';
import { holdWithin } from './hold-within.ts';
import { LeaseAcquisition } from './lease-acquisition.ts';
import { type LeaseCount, LeaseLimit } from './lease-limit.ts';
import { checkAcquireOptions, checkLockArguments } from './lock-arguments.ts';
import { LockTimeoutError } from './lock-error.ts';
import type { AcquireOptions, QueuedLockOptions } from './queued-lock.ts';

export interface SemaphoreOptions extends QueuedLockOptions {
  /**
   * How many leases there are. All who use the path must say the same, for nobody can see what others said, or name the same
   * {@link SharedCount}.
   */
  readonly maxLeases: number | LeaseCount;
}

/** Times in milliseconds. A semaphore knows no owners: a lease is a lease. */
export type LeaseRequest = Omit<AcquireOptions, 'owner'>;

/** A number of leases, as Curator's InterProcessSemaphoreV2 has them. Requests are granted in their order. */
export class Semaphore {
  readonly path: string;
  /** How long `acquire` waits unless it says otherwise, in milliseconds; null: for ever. */
  timeoutMs: number | null;
  readonly #nodes: Nodes;
  readonly #limit: LeaseLimit;
  readonly #data: Uint8Array | null;
  readonly #address = new AddressData();

  constructor(nodes: Nodes, path: string, options: SemaphoreOptions) {
    checkLockArguments(nodes, path, options, '{ maxLeases: 5 }');
    const { maxLeases, timeoutMs = 1_000, data } = options;
    this.#limit = new LeaseLimit(path, maxLeases);
    checkTimeout(path, timeoutMs);
    this.path = path;
    this.timeoutMs = timeoutMs;
    this.#nodes = nodes;
    this.#data = data === undefined ? null : Buffer.from(data);
  }

  /** How many leases there are now. */
  get maxLeases(): number {
    return this.#limit.max;
  }

  /** See {@link SemaphoreOptions.maxLeases}. Whoever waits here notices at once. Who has a lease keeps it. */
  set maxLeases(maxLeases: number | LeaseCount) {
    this.#limit.source = maxLeases;
  }

  /**
   * Takes a lease, and waits for it.
   *
   * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
   */
  async acquire(options: LeaseRequest = {}): Promise<HeldLock> {
    checkAcquireOptions(this.path, options);
    const { timeoutMs = this.timeoutMs, signal } = options;
    const limits: AcquireLimits = { timeoutMs, signal };
    checkLimits(this.path, limits);
    const lease = await (timeoutMs === 0 ? this.#try(signal) : this.#acquire(limits, false));
    if (lease === null) throw new LockTimeoutError(this.path, 0);
    return lease;
  }

  /**
   * Takes a lease if one is free; null otherwise. Waits for those who are about to take one, at most a second. An attempt that is
   * refused changes nothing.
   *
   * @throws ZooKeeperError, or the reason of `signal`
   */
  async tryAcquire(options: Omit<LeaseRequest, 'timeoutMs'> = {}): Promise<HeldLock | null> {
    checkAcquireOptions(this.path, options);
    const { signal } = options;
    checkLimits(this.path, { timeoutMs: null, signal });
    return this.#try(signal);
  }

  /**
   * Takes several leases, one after the other, or none. Two who want more than half each may stand in each other's way until
   * the time of one is over.
   *
   * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
   */
  async acquireMany(count: number, options: LeaseRequest = {}): Promise<HeldLocks> {
    checkAcquireOptions(this.path, options);
    const { timeoutMs = this.timeoutMs, signal } = options;
    checkLimits(this.path, { timeoutMs, signal });
    // A count that others change may grow until the time is over.
    const max = this.#limit.isFixed ? this.maxLeases : Number.POSITIVE_INFINITY;
    if (!Number.isSafeInteger(count) || count < 1 || count > max)
      throw new ZooKeeperUseError(
        `of ${this.maxLeases} leases, a whole number from 1 on can be had, not ${String(count)}`,
        this.path,
      );
    return holdAllWithin(this.#nodes.clock, this.#wanted(count, signal), { timeoutMs, signal });
  }

  /** The paths of all leases that are taken or being taken. */
  async getParticipantNodes(): Promise<string[]> {
    const leases = childOf(this.path, 'leases');
    const children = await childrenOf(this.#nodes, leases);
    return [...children].sort().map((name) => childOf(leases, name));
  }

  *#wanted(count: number, signal: AbortSignal | undefined): Iterable<WantedLock> {
    const acquire = (timeoutMs: number | null): Promise<HeldLock> =>
      this.acquire({ timeoutMs, ...(signal && { signal }) });
    for (let i = 0; i < count; i++) yield { path: this.path, acquire };
  }

  #try(signal: AbortSignal | undefined): Promise<HeldLock | null> {
    return this.#acquire({ timeoutMs: null, signal }, true);
  }

  async #acquire(limits: AcquireLimits, tries: boolean): Promise<HeldLock | null> {
    const acquisition = new LeaseAcquisition(this.#nodes, {
      locks: childOf(this.path, 'locks'),
      leases: childOf(this.path, 'leases'),
      limit: this.#limit,
      data: this.#data ?? this.#address.of(this.#nodes),
      tries,
    });
    const hold = await holdWithin(this.#nodes, this.path, acquisition, limits);
    return hold === null ? null : new HeldLock(hold, () => {});
  }
}
