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
   * Resolves when it may be worth looking again: with `event` at one of the nodes, at the end of the session, and when the
   * request is cancelled; with `look` when a connection has come back, and every now and then. An event says no more than
   * that: it may have been somebody else's.
   *
   * @param arm sets the watches, and says whether there is something to wait for
   * @param lookMs how often it is looked at anyway
   */
  async wait(
    paths: readonly string[],
    arm: (wake: () => void) => Promise<boolean>,
    lookMs = LOOK_MS,
  ): Promise<'event' | 'look'> {
    let settle!: (why: 'event' | 'look') => void;
    const woken = new Promise<'event' | 'look'>((resolve) => {
      settle = resolve;
    });
    const wake = (): void => settle('event');
    const look = (): void => settle('look');
    this.#wake = wake;
    if (this.#isCancelled) return 'event';
    const endState = this.#nodes.onState((state) => {
      if (state === 'connected') look();
      else if (state === 'lost' || state === 'closed') wake();
    });
    const endTimer = this.#nodes.clock.after(lookMs, look);
    try {
      return (await arm(wake)) ? await woken : 'event';
    } finally {
      endState();
      endTimer();
      for (const path of paths) this.#nodes.removeWatcher(path, wake);
    }
  }
}
