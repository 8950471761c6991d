import type { Nodes } from '../nodes.ts';
import { LockLostError } from './lock-error.ts';
import { removeNode } from './node-removal.ts';
import type { QueueNode } from './queue-node.ts';

/** A node that has a lock, however many have entered by it. */
export class LockHold {
  readonly node: QueueNode;
  /** What a store can compare: grows from grant to grant. */
  readonly fencingToken: bigint;
  readonly #nodes: Nodes;
  readonly #lockPath: string;
  #abort: AbortController | null = null;
  #error: LockLostError | null = null;
  readonly #endState: () => void;
  #entries = 1;
  #state: 'held' | 'released' | 'lost' = 'held';
  /** Called once, when nobody holds it any more. */
  ended: () => void = () => {};

  constructor(nodes: Nodes, lockPath: string, node: QueueNode, fencingToken = node.czxid) {
    this.#nodes = nodes;
    this.#lockPath = lockPath;
    this.node = node;
    this.fencingToken = fencingToken;
    this.#endState = nodes.onState(() => void this.isHeld);
  }

  /** Aborts when the lock is lost, with a LockLostError. */
  get signal(): AbortSignal {
    void this.isHeld;
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#error !== null) this.#abort.abort(this.#error);
    }
    return this.#abort.signal;
  }

  /**
   * Whether the session lives that owns the node. That somebody else deletes the node is not seen, as with all who use these
   * recipes: whoever may do that is trusted. It looks at the clock: behind a blocked event loop, timers are late.
   */
  get isHeld(): boolean {
    if (this.#state === 'held' && !this.#nodes.isSessionAlive(this.node.sessionId))
      this.lose(this.#nodes.state === 'closed' ? 'its client was closed' : 'its session is over');
    return this.#state === 'held';
  }

  /** Once more by the same owner. */
  enter(): void {
    this.#entries++;
  }

  /** Resolves with whether it was held until now; the node is gone when the last who entered has left. */
  async leave(): Promise<boolean> {
    if (!this.isHeld) return false;
    if (--this.#entries > 0) return true;
    this.#end('released');
    return removeNode(this.#nodes, this.node.path, this.node.sessionId);
  }

  lose(why: string): void {
    if (this.#state !== 'held') return;
    this.#error = new LockLostError(this.#lockPath, why);
    this.#end('lost');
    this.#abort?.abort(this.#error);
  }

  #end(state: 'released' | 'lost'): void {
    this.#state = state;
    this.#endState();
    this.ended();
  }
}
