/** Shares of the timeout since the last answered renewal was sent. */
const TERMINATE_AT = 2 / 3;
const KILL_AT = 5 / 6;
/** How long a command may take to end by SIGTERM where no timeout says how long there is. */
const KILL_AFTER_MS = 5_000;

/** The part of a held lock that the guard looks at. */
export interface GuardedLock {
  /** How long it is certainly held; null for a lock without a timeout. */
  readonly remainingMs: number | null;
  readonly locked: boolean;
  readonly signal: AbortSignal;
}

export interface GuardOptions {
  readonly timeoutMs: number;
  readonly killAfterMs: number | null;
  terminate(): void;
  kill(): void;
}

/**
 * Ends a command while its lock is certainly still held: asked to at 2/3 of the timeout without a renewal, made to at 5/6,
 * and both at once when the lock is lost before that. A renewal that comes late changes nothing for a command that was asked
 * to end.
 */
export class LeaseGuard {
  readonly #lock: GuardedLock;
  readonly #options: GuardOptions;
  readonly #lost: () => void;
  #timer: NodeJS.Timeout | null = null;
  #terminated = false;

  constructor(lock: GuardedLock, options: GuardOptions) {
    this.#lock = lock;
    this.#options = options;
    this.#lost = () => this.#terminate();
    lock.signal.addEventListener('abort', this.#lost, { once: true });
    if (lock.signal.aborted) this.#terminate();
    else this.#watch();
  }

  /** Whether the command was asked to end. */
  get hasActed(): boolean {
    return this.#terminated;
  }

  close(): void {
    this.#lock.signal.removeEventListener('abort', this.#lost);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #watch(): void {
    const { remainingMs } = this.#lock;
    if (remainingMs === null) return;
    const leftMs = remainingMs - this.#options.timeoutMs * (1 - TERMINATE_AT);
    if (leftMs <= 0) return this.#terminate();
    this.#timer = setTimeout(() => this.#watch(), leftMs);
  }

  #terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.terminate();
    const { timeoutMs, killAfterMs } = this.#options;
    const { remainingMs } = this.#lock;
    const leftMs = remainingMs === null ? KILL_AFTER_MS : remainingMs - timeoutMs * (1 - KILL_AT);
    const waitMs = Math.max(0, Math.min(leftMs, killAfterMs ?? Number.POSITIVE_INFINITY));
    this.#timer = setTimeout(() => this.#options.kill(), waitMs);
  }
}
