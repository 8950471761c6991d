import { randomUUID } from 'node:crypto';
import { childOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NodeExistsError } from '../server-refusal.ts';
import { parseContender, READ_NAME, WRITE_NAME } from './contenders.ts';
import { LockUpgradeError } from './lock-error.ts';
import { LockHold } from './lock-hold.ts';
import { isSessionOver, isUnanswered, removeNode } from './node-removal.ts';
import type { QueueNode } from './queue-node.ts';
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
  set timeoutMs(timeoutMs: number | null) {
    this.readLock.timeoutMs = timeoutMs;
    this.writeLock.timeoutMs = timeoutMs;
  }

  async #refuseUpgrade(owner: object): Promise<null> {
    if (this.readLock.holdOf(owner) !== null) throw new LockUpgradeError(this.path);
    return null;
  }

  /**
   * The read node of a writer takes the number of its write node, so that it stands before all who queue behind that one,
   * also when the write lock is released. With a number of its own it would stand behind the next writer, who would not wait
   * for it: Curator did so before 5.5. Its fencing token is the write node's for the same reason: the next writer's is larger.
   */
  async #downgrade(nodes: Nodes, owner: object): Promise<LockHold | null> {
    const write = this.writeLock.holdOf(owner);
    if (write === null) return null;
    const sequence = parseContender(write.node.name, [WRITE_NAME])!.sequence;
    const prefix = `_c_${randomUUID()}-`;
    const name = `${prefix}${READ_NAME}${sequence}`;
    const node: QueueNode = { ...write.node, path: childOf(this.path, name), name, prefix };
    if (!(await createExactly(nodes, node, this.readLock.data))) return null;
    // The write lock must have held all along: only then nobody else can have written.
    if (this.writeLock.holdOf(owner) === write)
      return new LockHold(nodes, this.path, node, write.fencingToken);
    removeNode(nodes, node.path, node.sessionId).catch(() => {});
    return null;
  }
}

/**
 * Its name is certain, so a creation whose answer was lost is made again, but not in another session: there nobody would
 * remove it, and its number is before all others.
 *
 * @returns false when the session is over
 */
async function createExactly(
  nodes: Nodes,
  { path, sessionId }: QueueNode,
  data: Uint8Array,
): Promise<boolean> {
  while (nodes.isSessionAlive(sessionId)) {
    try {
      await nodes.create(path, { mode: 'ephemeral', data });
      return true;
    } catch (error) {
      if (error instanceof NodeExistsError) return true;
      if (isSessionOver(error)) return false;
      if (!isUnanswered(error)) throw error;
    }
  }
  return false;
}
