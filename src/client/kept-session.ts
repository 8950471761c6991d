import type { ElapsedTime } from './elapsed-clock.ts';
import { TIMER_MS_MAX } from './pause.ts';

/** A session is used at least so often, and more often where it ends sooner: a server that is gone is noticed by that. */
const PROBE_MS_MAX = 20_000;
const PROBE_MS_MIN = 10;
const PROBES_PER_TIMEOUT = 3;

export interface KeptSessionOptions {
  /** What its cookie says. */
  readonly id: string;
  /** For how long after it was used it certainly goes on. */
  readonly certainMs: number;
  readonly clock: ElapsedTime;
  /** It may be over: called once, unless it was ended before. */
  readonly over: () => void;
}

/**
 * A session of this client on the server, which counts from the last request that it got. Who counts from the sending of
 * the request that was answered last takes the session for over before the server does, whatever becomes of probes.
 */
export class KeptSession {
  readonly id: string;
  /** How often it is to be used. */
  readonly probeMs: number;
  /** Nothing was answered since something hinted at its end. */
  isDoubtful = false;
  readonly #options: KeptSessionOptions;
  #usedMs: number;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param usedMs when the request was sent that began it */
  constructor(usedMs: number, options: KeptSessionOptions) {
    const { id, certainMs } = options;
    this.id = id;
    this.probeMs = Math.max(PROBE_MS_MIN, Math.min(PROBE_MS_MAX, certainMs / PROBES_PER_TIMEOUT));
    this.#options = options;
    this.#usedMs = usedMs;
    this.#wait();
  }

  /** How long ago the request was sent that was answered last. */
  get idleMs(): number {
    return this.#options.clock.nowMs() - this.#usedMs;
  }

  /** For how long it certainly goes on. */
  get leftMs(): number {
    return Math.max(0, this.#options.certainMs - this.idleMs);
  }

  /** A request of the session was answered that was sent then. */
  used(sentMs: number): void {
    this.#usedMs = Math.max(this.#usedMs, sentMs);
    this.isDoubtful = false;
  }

  /** Says that it may be over if it may: to be asked before anybody is told that it is not, because timers may be late. */
  check(): void {
    if (this.#ended || this.leftMs > 0) return;
    this.end();
    this.#options.over();
  }

  /** It is over, or nobody needs it any more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#due(), Math.min(Math.ceil(this.leftMs), TIMER_MS_MAX));
    this.#timer.unref();
  }

  #due(): void {
    this.check();
    if (!this.#ended) this.#wait();
  }
}
