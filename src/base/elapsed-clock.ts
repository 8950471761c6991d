/** The wall clock tells whole milliseconds, so between two readings it may seem to run ahead by one. */
const WALL_STEP_MS = 1;

/**
 * Time as a lease must count it: of the wall clock and the monotonic one, whichever says that more has passed. A machine
 * that was suspended stops the monotonic clock, but not the server's leases; one whose wall clock is set back must not
 * believe that time stood still. A wall clock that is set forward makes leases end too early, which is the safe side.
 */
export class ElapsedClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  #wallMs: number;
  #monotonicMs: number;
  #nowMs = 0;

  constructor(wall: () => number, monotonic: () => number) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#wallMs = wall();
    this.#monotonicMs = monotonic();
  }

  /** Milliseconds since some moment; it never runs back. */
  nowMs(): number {
    const wallMs = this.#wall();
    const monotonicMs = this.#monotonic();
    this.#nowMs += Math.max(wallMs - this.#wallMs - WALL_STEP_MS, monotonicMs - this.#monotonicMs, 0);
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    return this.#nowMs;
  }
}
