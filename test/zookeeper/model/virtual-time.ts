interface Timer {
  readonly atMs: number;
  readonly order: number;
  call: (() => void) | null;
}

/** Resolves when all microtasks have run: Node.js runs ticks that microtasks ask for only behind the last of these. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/**
 * A clock that stands still while something happens, and jumps to when the next thing does. What is due at the same time
 * happens in the order in which it was asked for, so that a run depends on its seed alone.
 */
export class VirtualTime {
  nowMs = 0;
  /** How many timers have run. */
  events = 0;
  readonly #heap: Timer[] = [];
  #order = 0;

  /** Calls at this time, or now when that is past. Returns what ends it. */
  at(atMs: number, call: () => void): () => void {
    const timer: Timer = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, call };
    this.#push(timer);
    return () => {
      timer.call = null;
    };
  }

  after(waitMs: number, call: () => void): () => void {
    return this.at(this.nowMs + waitMs, call);
  }

  /** Lets time pass until it is this late, or until `isDone` says so. All microtasks run between two timers. */
  async runUntil(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    await microtasksDone();
    while (!isDone()) {
      const timer = this.#heap[0];
      if (timer === undefined || timer.atMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.#pop();
      const { call } = timer;
      if (call === null) continue;
      this.nowMs = timer.atMs;
      this.events++;
      call();
      await microtasksDone();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(timer, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}
