import { TIMER_MS_MAX } from '../../../client/pause.ts';

/** Shares of the time for which the last answer is good, since it was asked for. */
const TERMINATE_AT = 2 / 3;
const KILL_AT = 5 / 6;
/** How long a command may take to end by SIGTERM where no timeout says how long there is. */
const KILL_AFTER_MS = 5_000;

/** How often, and for how long at the most, the lock may be one of which nobody knows whether it is held. */
const LOOK_MS = 100;
const DOUBT_MS_MAX = 2_000;
/** The part of a held lock that the guard looks at. */
export interface GuardedLock {
  /** How long it is certainly held; null for a lock without a timeout. */
  readonly remainingMs: number | null;
  /** For how long it was certainly held when that was asked last: its timeout, or less; null for a lock without a timeout. */
  readonly leaseMs: number | null;
  readonly locked: boolean;
  readonly signal: AbortSignal;
}

export interface GuardOptions {
  readonly killAfterMs: number | null;
  terminate(): void;
  kill(): void;
}

/**
 * Ends a command while its lock is certainly still held: asked to at 2/3 of that time without a renewal, made to at 5/6,
 * and both at once when the lock is lost before that, or nobody can say for two seconds whether it is held, because the
 * connection is gone: then the server may have freed it. A renewal that comes late changes nothing for a command that was asked
 * to end.
 */
export class LeaseGuard {
  readonly #lock: GuardedLock;
  readonly #options: GuardOptions;
  readonly #lost: () => void;
  readonly #doubts: NodeJS.Timeout;
  #timer: NodeJS.Timeout | null = null;
  #terminated = false;
  /** When it was first seen that nobody can say whether the lock is held. */
  #doubtedMs: number | null = null;
  #killAtMs = Number.POSITIVE_INFINITY;

  constructor(lock: GuardedLock, options: GuardOptions) {
    this.#lock = lock;
    this.#options = options;
    this.#lost = () => this.#terminate();
    this.#doubts = setInterval(() => this.#look(), LOOK_MS);
    lock.signal.addEventListener('abort', this.#lost, { once: true });
    if (lock.signal.aborted) this.#terminate();
    else this.#watch();
  }

  /** Whether the command was asked to end. */
  get hasActed(): boolean {
    return this.#terminated;
  }

  /** When whoever is left of the command is killed, on the clock of `performance.now()`. */
  get killAtMs(): number {
    return this.#killAtMs;
  }

  /** Ends the command if its time has come: timers are late when this process was stopped. */
  look(): void {
    this.#watch();
    this.#look();
    if (this.#terminated && performance.now() >= this.#killAtMs) this.#options.kill();
  }

  close(): void {
    clearInterval(this.#doubts);
    this.#lock.signal.removeEventListener('abort', this.#lost);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #watch(): void {
    const { remainingMs, leaseMs } = this.#lock;
    if (this.#terminated || remainingMs === null || leaseMs === null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const leftMs = remainingMs - leaseMs * (1 - TERMINATE_AT);
    if (leftMs <= 0) return this.#terminate();
    this.#timer = setTimeout(() => this.#watch(), Math.min(leftMs, TIMER_MS_MAX));
  }

  /** The connection may come back with the lock still ours, but not for long may the command go on without knowing. */
  #look(): void {
    const nowMs = performance.now();
    if (this.#lock.locked) this.#doubtedMs = null;
    else this.#doubtedMs ??= nowMs;
    const { leaseMs } = this.#lock;
    const doubtMsMax = leaseMs === null ? DOUBT_MS_MAX : Math.min(DOUBT_MS_MAX, leaseMs / 6);
    if (this.#doubtedMs !== null && nowMs - this.#doubtedMs >= doubtMsMax) this.#terminate();
  }

  #terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.terminate();
    const { killAfterMs } = this.#options;
    const { remainingMs, leaseMs } = this.#lock;
    const leftMs =
      remainingMs === null || leaseMs === null ? KILL_AFTER_MS : remainingMs - leaseMs * (1 - KILL_AT);
    const waitMs = Math.max(0, Math.min(leftMs, killAfterMs ?? Number.POSITIVE_INFINITY));
    this.#killAtMs = performance.now() + waitMs;
    this.#timer = setTimeout(() => this.#options.kill(), Math.min(waitMs, TIMER_MS_MAX));
  }
}
