import { childOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NodeExistsError } from '../server-refusal.ts';
import { parseContender, READ_NAME, WRITE_NAME } from './contenders.ts';
import type { LockRequest } from './hold-within.ts';
import { discardNode, isSessionOver, isUnanswered } from './node-removal.ts';
import { nextProtection } from './protection.ts';
import type { QueueNode } from './queue-node.ts';

export interface DowngradeOptions {
  /** The node by which the owner writes. */
  readonly write: QueueNode;
  readonly data: Uint8Array;
  /** Whether the write lock is still held by it. */
  readonly isHeld: () => boolean;
}

/**
 * A writer's request for the read lock, which it has at once.
 *
 * Its read node takes the number of its write node, so that it stands before all who queue behind that one, also when the write
 * lock is released. With a number of its own it would stand behind the next writer, who would not wait for it: Curator did
 * so before 5.5. Its fencing token is the write node's for the same reason: the next writer's is larger.
 */
export class Downgrade implements LockRequest {
  readonly #nodes: Nodes;
  readonly #node: QueueNode;
  readonly #options: DowngradeOptions;
  #isCancelled = false;

  constructor(nodes: Nodes, lockPath: string, options: DowngradeOptions) {
    const { write } = options;
    const prefix = nextProtection();
    const name = `${prefix}${READ_NAME}${parseContender(write.name, [WRITE_NAME])!.sequence}`;
    this.#nodes = nodes;
    this.#node = { ...write, path: childOf(lockPath, name), name, prefix };
    this.#options = options;
  }

  cancel(): void {
    this.#isCancelled = true;
  }

  /** Resolves with the read node; null when the write lock is not held any more, or the request was cancelled. */
  async run(): Promise<QueueNode | null> {
    const endKeeping = this.#nodes.keepRunning();
    try {
      const isMade = await this.#create();
      if (isMade && !this.#isCancelled && this.#options.isHeld()) return this.#node;
      // By its path alone, which nobody else has: its token is not the transaction that created it.
      const { path, sessionId } = this.#node;
      void discardNode(this.#nodes, { path, sessionId });
      return null;
    } finally {
      endKeeping();
    }
  }

  /**
   * Its name is certain, so a creation whose answer was lost is made again, but not in another session: there nobody would
   * remove it, and its number is before all others.
   *
   * @returns false when the session is over, or nobody waits for it any more: then it may be there
   */
  async #create(): Promise<boolean> {
    const { path, sessionId } = this.#node;
    while (this.#nodes.isSessionAlive(sessionId) && !this.#isCancelled) {
      try {
        await this.#nodes.create(path, { mode: 'ephemeral', data: this.#options.data });
        return true;
      } catch (error) {
        if (error instanceof NodeExistsError) return true;
        if (isSessionOver(error)) return false;
        if (!isUnanswered(error)) throw error;
      }
    }
    return false;
  }
}
