import type { Nodes } from '../nodes.ts';
import { Downgrade } from './downgrade.ts';
import { LockOwnerBusyError, LockUpgradeError } from './lock-error.ts';
import { QueuedLock, type QueuedLockOptions } from './queued-lock.ts';

/**
 * A lock that many may read or one may write, as Curator's InterProcessReadWriteLock and kazurator's ReadWriteLock, which
 * respect it and are respected. Requests are granted in their order, so that writers are not starved by readers.
 *
 * An owner that holds the write lock enters the read lock at once, and may keep it when it releases the write lock. An owner
 * that holds the read lock cannot have the write lock: it would wait for itself.
 */
export class ReadWriteLock {
  readonly path: string;
  readonly readLock: QueuedLock;
  readonly writeLock: QueuedLock;

  constructor(nodes: Nodes, path: string, options: QueuedLockOptions = {}) {
    this.path = path;
    this.writeLock = new QueuedLock(
      nodes,
      path,
      { rule: () => ({ kind: 'write' }), before: (owner) => this.#refuseUpgrade(owner) },
      options,
    );
    this.readLock = new QueuedLock(
      nodes,
      path,
      { rule: () => ({ kind: 'read' }), before: (owner) => this.#downgrade(nodes, owner) },
      options,
    );
  }

  /** How long both wait unless a call says otherwise; null: for ever. */
  get timeoutMs(): number | null {
    return this.readLock.timeoutMs;
  }

  set timeoutMs(timeoutMs: number | null) {
    this.readLock.timeoutMs = timeoutMs;
    this.writeLock.timeoutMs = timeoutMs;
  }

  /** Who reads, or is about to, would wait for itself. */
  #refuseUpgrade(owner: object): null {
    if (this.readLock.holdOf(owner) !== null) throw new LockUpgradeError(this.path);
    if (this.readLock.isAwaitedBy(owner)) throw new LockOwnerBusyError(this.path);
    return null;
  }

  #downgrade(nodes: Nodes, owner: object): Downgrade | null {
    if (this.writeLock.isAwaitedBy(owner)) throw new LockOwnerBusyError(this.path);
    const write = this.writeLock.holdOf(owner);
    // The write lock must be held all along: only then nobody else can have written.
    const isHeld = (): boolean => this.writeLock.holdOf(owner) === write;
    return write && new Downgrade(nodes, this.path, { write: write.node, data: this.readLock.data, isHeld });
  }
}
