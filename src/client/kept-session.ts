import type { ElapsedTime } from './elapsed-clock.ts';
import { TIMER_MS_MAX } from './pause.ts';

/** A session is used at least so often, and more often where it ends sooner: a server that is gone is noticed by that. */
const PROBE_MS_MAX = 20_000;
const PROBE_MS_MIN = 10;
const PROBES_PER_TIMEOUT = 3;

export interface KeptSessionOptions {
  /** What its cookie says. */
  readonly id: string;
  /** For how long after it was used it certainly goes on, until an answer says otherwise. */
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
  /** Nothing was answered since something hinted at its end. */
  isDoubtful = false;
  readonly #options: KeptSessionOptions;
  #certainMs: number;
  #usedMs: number;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param usedMs when the request was sent that began it */
  constructor(usedMs: number, options: KeptSessionOptions) {
    this.id = options.id;
    this.#certainMs = options.certainMs;
    this.#options = options;
    this.#usedMs = usedMs;
    this.#wait();
  }

  /** How often it is to be used. */
  get probeMs(): number {
    return Math.max(PROBE_MS_MIN, Math.min(PROBE_MS_MAX, this.#certainMs / PROBES_PER_TIMEOUT));
  }

  /** How long ago the request was sent that was answered last. */
  get idleMs(): number {
    return this.#options.clock.nowMs() - this.#usedMs;
  }

  /** For how long it certainly goes on. */
  get leftMs(): number {
    return Math.max(0, this.#certainMs - this.idleMs);
  }

  /**
   * A request of the session was answered that was sent then.
   *
   * @param certainMs for how long it certainly goes on since; null: as before
   */
  used(sentMs: number, certainMs: number | null = null): void {
    this.isDoubtful = false;
    if (sentMs < this.#usedMs) return;
    this.#usedMs = sentMs;
    if (certainMs === null || certainMs === this.#certainMs || this.#ended) return;
    this.#certainMs = certainMs;
    this.#wait();
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due(), Math.min(Math.ceil(this.leftMs), TIMER_MS_MAX));
    this.#timer.unref();
  }

  #due(): void {
    this.check();
    if (!this.#ended) this.#wait();
  }
}
