/** Where time comes from. Everything below the server takes `now` as a value or this as an argument. */
export interface Clock {
  /** Milliseconds since the Unix epoch, with fractions. It never runs back. */
  nowMs(): number;
}

/** One instant on both clocks, taken once at start and handed to every thread, so that all threads tell the same time. */
export interface ClockAnchor {
  /** The wall clock at the anchor, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** The monotonic clock at the same moment, in milliseconds (`process.hrtime`). */
  readonly monotonicMs: number;
}

/** Takes the anchor that {@link AnchoredClock} counts from. */
export function takeClockAnchor(): ClockAnchor {
  return { wallMs: Date.now(), monotonicMs: monotonicMs() };
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Wall time at the anchor, advanced by the monotonic clock: a step of the system clock neither expires a lock
 * early nor keeps it for longer. `performance.now()` counts from another origin in every thread and is the
 * cheapest monotonic clock to read, so each thread measures its distance to the anchor once.
 */
export class AnchoredClock implements Clock {
  #offsetMs: number;

  constructor(anchor: ClockAnchor) {
    this.#offsetMs = anchor.wallMs + (monotonicMs() - anchor.monotonicMs) - performance.now();
  }

  nowMs(): number {
    return this.#offsetMs + performance.now();
  }

  /** Jumps forward, where the past was recorded by a clock that was ahead. All threads must jump by the same time. */
  skip(byMs: number): void {
    this.#offsetMs += byMs;
  }
}
