import type { Nodes } from '../nodes.ts';

/** A waiter looks by itself so often, should every event have been lost. */
const LOOK_MS = 30_000;

/** What a request for a lock waits for between two looks at the queue. */
export class Changes {
  readonly #nodes: Nodes;
  #isCancelled = false;
  #wake: () => void = () => {};

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Ends what waits, now and from now on. */
  cancel(): void {
    this.#isCancelled = true;
    this.#wake();
  }

  /**
   * Resolves when it may be worth looking again: at an event of one of the nodes, when a connection or a session has come or gone,
   * when the request is cancelled, and every now and then. An event says only that: it may have been somebody else's.
   *
   * @param arm sets the watch, and says whether there is something to wait for
   */
  async wait(paths: readonly string[], arm: (wake: () => void) => Promise<boolean>): Promise<void> {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#wake = wake;
    if (this.#isCancelled) return;
    const endState = this.#nodes.onState((state) => {
      if (state !== 'suspended' && state !== 'connecting') wake();
    });
    const endTimer = this.#nodes.clock.after(LOOK_MS, wake);
    try {
      if (await arm(wake)) await woken;
    } finally {
      endState();
      endTimer();
      for (const path of paths) this.#nodes.removeWatcher(path, wake);
    }
  }
}
