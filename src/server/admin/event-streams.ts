import type { ServerResponse } from 'node:http';
import { Limits } from '../../base/limits.ts';
import type { ServerSample } from '../../contract/dashboard.ts';
import { LdlmServerError } from '../../contract/server-error.ts';
import type { Inspector } from '../inspection/inspector.ts';
import { EventStream, type EventStreamQuery } from './event-stream.ts';

const SAMPLE_MS = 1_000;
/** As many samples are kept for dashboards that are opened later: what their charts show. */
const PAST_SAMPLES_MAX = 120;

/** More dashboards than `Limits.eventStreamsMax`. */
export class TooManyStreamsError extends LdlmServerError {
  constructor() {
    super(
      'LDLM_TOO_MANY_STREAMS',
      `${Limits.eventStreamsMax} dashboards are open, and no more are fed: close one of them`,
    );
  }
}

/**
 * The streams of all dashboards. The server's numbers are gathered once a second for all of them. Also while none is open:
 * whoever opens one when something has happened wants to see how it came.
 */
export class EventStreams {
  readonly #inspector: Inspector;
  readonly #sample: () => ServerSample;
  readonly #streams = new Set<EventStream>();
  /** JSON, oldest first. */
  readonly #past: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(inspector: Inspector, sample: () => ServerSample) {
    this.#inspector = inspector;
    this.#sample = sample;
    this.#timer = setInterval(() => this.#tick(), SAMPLE_MS);
  }

  /** @throws TooManyStreamsError, TooManyWatchesError before anything is sent */
  open(response: ServerResponse, query: EventStreamQuery): void {
    if (this.#streams.size >= Limits.eventStreamsMax) throw new TooManyStreamsError();
    const sample = this.#sample();
    const stream = new EventStream(response, () => this.#streams.delete(stream));
    stream.open(this.#inspector, query, heldOrWaitedFor(sample));
    if (this.#past.length > 0) stream.tellPast(this.#past);
    stream.tick(JSON.stringify(sample));
    this.#streams.add(stream);
  }

  /** Ends all streams: the server stops. */
  close(): void {
    clearInterval(this.#timer);
    for (const stream of this.#streams) stream.close();
  }

  #tick(): void {
    const sample = JSON.stringify(this.#sample());
    this.#past.push(sample);
    if (this.#past.length > PAST_SAMPLES_MAX) this.#past.shift();
    for (const stream of this.#streams) stream.tick(sample);
  }
}

/** At most so many locks are not idle; the shards' count of locks has idle ones in it. */
function heldOrWaitedFor({ shards }: ServerSample): number {
  return shards.reduce((sum, { locks, holders, waiters }) => sum + Math.min(locks, holders + waiters), 0);
}
