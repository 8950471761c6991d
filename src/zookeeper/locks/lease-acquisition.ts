import { childrenOf } from '../child-nodes.ts';
import type { Nodes } from '../nodes.ts';
import { Acquisition } from './acquisition.ts';
import { Changes } from './changes.ts';
import { LEASE_NAME } from './contenders.ts';
import type { LeaseLimit } from './lease-limit.ts';
import { discardNode, isSessionOver, isUnanswered } from './node-removal.ts';
import { createQueueNode, type QueueMode, type QueueNode, removeTwins } from './queue-node.ts';
import { MUTEX } from './standing.ts';

export interface LeaseOptions {
  /** The nodes below which those stand who want a lease, and the leases. */
  readonly locks: string;
  readonly leases: string;
  readonly limit: LeaseLimit;
  readonly data: Uint8Array;
  /**
   * Does not wait for a lease, only a moment for those who are about to take one: looks first, so that an attempt of no use
   * leaves no trace.
   */
  readonly tries: boolean;
  /** How the lease is made. Default: one that vanishes with its session. The other stays, and somebody has to see to it. */
  readonly mode?: QueueMode;
  /** What the name of the lease begins with. Default: something random. */
  readonly prefix?: string;
  /** Makes the node above those who want a lease. Default: as containers, with all that is missing above it. */
  readonly makeBase?: () => Promise<void>;
  /** Is called when it stands in line for a lease. What it throws ends the request, and leaves nothing behind. */
  readonly queued?: () => Promise<void>;
  /** What to throw when one of its nodes was removed by somebody while it waited. Default: nothing, it queues anew. */
  readonly removed?: () => Error;
}

/** So long at most it is waited for those who are about to take a lease, by who does not wait for one. */
const TRY_MS_MAX = 1_000;
const TRY_LOOK_MS = 50;

type LeaseStanding = 'granted' | 'gone' | 'behind' | 'taken';

/**
 * One request for a lease of a semaphore, as Curator's InterProcessSemaphoreV2 makes it: who has the lock beside the leases
 * makes one, and waits until there are few enough. The others wait for that lock, so one at a time watches the leases.
 */
export class LeaseAcquisition {
  readonly #nodes: Nodes;
  readonly #options: LeaseOptions;
  readonly #lock: Acquisition;
  readonly #changes: Changes;

  constructor(nodes: Nodes, options: LeaseOptions) {
    this.#nodes = nodes;
    this.#options = options;
    this.#changes = new Changes(nodes);
    const { locks: base, data, prefix, makeBase, queued, removed } = options;
    this.#lock = new Acquisition(nodes, {
      base,
      data,
      rule: () => MUTEX,
      tries: false,
      prefix,
      makeBase,
      removed,
      check: queued,
    });
  }

  cancel(): void {
    this.#changes.cancel();
    this.#lock.cancel();
  }

  /**
   * Resolves with the lease; null when the request was cancelled, or there is none and it is not to be waited for, and nothing is
   * left of it.
   *
   * @throws ZooKeeperError
   */
  async run(): Promise<QueueNode | null> {
    const endKeeping = this.#nodes.keepRunning();
    try {
      for (;;) {
        const lock = await (this.#options.tries ? this.#tryToLock() : this.#lock.run());
        if (lock === null) return null;
        const lease = await this.#runLocked(lock);
        if (lease === null) return null;
        // Giving the lock back takes as long as no server can be reached, and the session may end meanwhile.
        if (lease !== 'gone' && this.#nodes.isSessionAlive(lease.sessionId)) return lease;
      }
    } finally {
      endKeeping();
    }
  }

  /**
   * As long as there are leases to be had, whoever has the lock has it for a moment only: it stands in line for it, until none is
   * left, or somebody does not go on.
   */
  async #tryToLock(): Promise<QueueNode | null> {
    if (await this.#isTaken()) return null;
    const looks = this.#cancelWhenTaken();
    try {
      const lock = await this.#lock.run();
      if (lock === null && looks.failure !== null) throw looks.failure;
      return lock;
    } finally {
      looks.end();
    }
  }

  #cancelWhenTaken(): { failure: unknown; readonly end: () => void } {
    const { clock } = this.#nodes;
    const untilMs = clock.nowMs() + TRY_MS_MAX;
    let isOver = false;
    let endTimer = (): void => {};
    const looks = {
      failure: null as unknown,
      end: () => {
        isOver = true;
        endTimer();
      },
    };
    const look = async (): Promise<void> => {
      try {
        const isTaken = await this.#isTaken();
        if (isOver) return;
        if (isTaken || clock.nowMs() >= untilMs) this.#lock.cancel();
        else lookLater();
      } catch (error) {
        looks.failure = error;
        if (!isOver) this.#lock.cancel();
      }
    };
    const lookLater = (): void => {
      endTimer = clock.after(TRY_LOOK_MS, () => void look());
    };
    lookLater();
    return looks;
  }

  /** A server may show leases that are given back by now: it is brought up to date before anybody is told. */
  async #isTaken(): Promise<boolean> {
    const { leases, limit } = this.#options;
    if (((await this.#list())?.length ?? 0) < limit.max) return false;
    const [, children] = await Promise.all([this.#nodes.sync(leases), this.#list()]);
    return children !== null && children.length >= limit.max;
  }

  async #runLocked(lock: QueueNode): Promise<QueueNode | null | 'gone'> {
    const { leases: base, data, mode = 'ephemeralSequential', prefix } = this.#options;
    let lease: QueueNode | null = null;
    try {
      const suffix = LEASE_NAME;
      const queued = await createQueueNode(this.#nodes, {
        base,
        suffix,
        mode,
        data,
        prefix,
        request: this.#changes,
      });
      if (queued === null) return null;
      lease = queued.node;
      const standing = await this.#untilGranted(lock, lease);
      if (standing === 'granted' && !this.#changes.isCancelled) return lease;
      await discardNode(this.#nodes, lease);
      if (this.#changes.isCancelled || standing === 'taken') return null;
      const { removed } = this.#options;
      if (removed !== undefined && this.#isAlive(lock, lease)) throw removed();
      return 'gone';
    } catch (error) {
      if (lease !== null) await discardNode(this.#nodes, lease);
      if (isSessionOver(error) && this.#nodes.state !== 'closed') return 'gone';
      throw error;
    } finally {
      await discardNode(this.#nodes, lock);
    }
  }

  /** Everybody counts all children, whatever they are: so must this. */
  async #untilGranted(lock: QueueNode, lease: QueueNode): Promise<LeaseStanding> {
    const { leases, limit, tries } = this.#options;
    let standing = 'behind' as LeaseStanding;
    let wakeNow = (): void => {};
    const endLimit = limit.onChange(() => wakeNow());
    try {
      while (standing === 'behind' && !this.#changes.isCancelled) {
        await this.#changes.wait([leases], async (wake) => {
          wakeNow = wake;
          const [children, isInLine] = await Promise.all([this.#list(wake), this.#isInLine(lock)]);
          if (children === null) return false;
          removeTwins(this.#nodes, leases, lease, children);
          const isThere = isInLine && children.includes(lease.name);
          if (!isThere || !this.#isAlive(lock, lease)) standing = 'gone';
          else if (children.length > limit.max) standing = tries ? 'taken' : 'behind';
          else if (this.#nodes.state === 'connected') standing = 'granted';
          return standing === 'behind';
        });
      }
    } finally {
      endLimit();
    }
    return standing;
  }

  /**
   * Whoever takes the request out of the queue removes the node that has the lock, and looks then for the lease that may have been
   * made meanwhile. This looks for the node behind the lease, so one of the two sees the other.
   */
  async #isInLine({ path }: QueueNode): Promise<boolean> {
    if (this.#options.removed === undefined) return true;
    try {
      return (await this.#nodes.exists(path)) !== null;
    } catch (error) {
      // The list that was asked for with it has no answer either.
      if (isUnanswered(error)) return true;
      throw error;
    }
  }

  /** Null: there was no answer, so it is asked again; who does not wait is told. */
  async #list(wake?: () => void): Promise<readonly string[] | null> {
    try {
      return await childrenOf(this.#nodes, this.#options.leases, wake);
    } catch (error) {
      if (isUnanswered(error) && !this.#options.tries) return null;
      throw error;
    }
  }

  #isAlive(lock: QueueNode, lease: QueueNode): boolean {
    return this.#nodes.isSessionAlive(lock.sessionId) && this.#nodes.isSessionAlive(lease.sessionId);
  }
}
