import type { Nodes } from '../../../src/zookeeper/nodes.ts';

export interface LeaseUnderTest {
  readonly fencingToken: bigint;
  /** The node that stands for it. */
  readonly path: string;
  /** Whether it is certainly held. */
  readonly locked: boolean;
  /** Is aborted when the lease is lost. */
  readonly signal: AbortSignal;
  /** @returns whether it was held until then */
  release(): Promise<boolean>;
}

export interface AcquireOptions {
  /** In all; 0: try once; null: wait without limit. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /** Who holds the lock already may take it again, or the read lock beside the write lock. */
  readonly owner: object;
}

export interface LockUnderTest {
  acquire(options: AcquireOptions): Promise<LeaseUnderTest>;
}

export interface LocksUnderTest {
  mutex(nodes: Nodes, path: string, maxLeases: number): LockUnderTest;
  /** Null: there is none, and schedules have mutexes only. */
  readonly readWrite:
    | ((nodes: Nodes, path: string) => { readonly read: LockUnderTest; readonly write: LockUnderTest })
    | null;
  /** Whether an owner may take a lock that it has. */
  readonly isReentrant: boolean;
  /**
   * Whether a lease that is free is soon given to the next in the queue, whoever has released it. Who waits for one node
   * alone does not see that another holder's is gone, as it is with Curator's recipe when there are several leases.
   */
  readonly givesFreeLeases: boolean;
}

/** `one` of the leases of a mutex. */
export type LockMode = 'one' | 'read' | 'write';

export type LockLayout = { readonly kind: 'mutex'; readonly size: number } | { readonly kind: 'readWrite' };
