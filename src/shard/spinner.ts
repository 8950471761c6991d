import type { Clock } from '../base/clock.ts';
import type { RingReader } from '../ring/ring-reader.ts';

/** A turn with more records than this has company: it comes from several clients, who keep the processors awake. */
const RECORDS_MAX = 4;
/** So many turns with few records follow each other before a shard spins. */
const TURNS_MIN = 32;
/** After spins in vain it is up to so many. */
const TURNS_MAX = 1024;
/** So many spins that were not in vain one after the other make up for those that were. */
const HITS_TRUSTED = 64;

/**
 * Keeps a shard awake for the next request where that comes soon.
 *
 * One client that sends a request when it has the answer to the one before leaves every thread asleep most of the time.
 * To put a processor to sleep and to wake it then takes more than all else: without the sleep the same call takes half the
 * time, and no more of the processors. So a shard looks for a while before it sleeps, about as long as such a cycle takes.
 * With more clients the processors are awake anyway, and a shard that spins would take away from those that work.
 *
 * Whoever spins must yield. The scheduler may have put the thread that is waited for on the very processor on which we
 * spin, and it does not look for another one while that thread would only have to wait a little: without yielding we would
 * wait for what we ourselves hold up.
 */
export class Spinner {
  readonly #requests: RingReader;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #yieldProcessor: () => void;
  /** Turns with few records since there was one with many, or a spin in vain. */
  #turns = 0;
  #turnsMin = TURNS_MIN;
  #hits = 0;

  /** @param limitMs how long to look, in milliseconds */
  constructor(requests: RingReader, clock: Clock, limitMs: number, yieldProcessor: () => void) {
    this.#requests = requests;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#yieldProcessor = yieldProcessor;
  }

  /** A turn has taken so many records. */
  worked(records: number): void {
    if (records > RECORDS_MAX) this.#turns = 0;
    else if (records > 0) this.#turns++;
  }

  /** Looks for requests, for `waitMs` at most. True: there are some. False: it is time to sleep, or to do what is due. */
  spin(waitMs: number): boolean {
    if (this.#turns < this.#turnsMin) return false;
    const limitMs = Math.min(this.#limitMs, waitMs);
    if (this.#requests.spin(limitMs, this.#clock, this.#yieldProcessor)) {
      this.#hits++;
      if (this.#hits === HITS_TRUSTED) this.#turnsMin = TURNS_MIN;
      return true;
    }
    this.#turns = 0;
    this.#hits = 0;
    this.#turnsMin = Math.min(this.#turnsMin * 2, TURNS_MAX);
    return false;
  }
}
