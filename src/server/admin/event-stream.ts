import type { ServerResponse } from 'node:http';
import { Limits } from '../../base/limits.ts';
import type { LocksWithheld } from '../../contract/dashboard.ts';
import type { WatchStep } from '../../contract/lock-info.ts';
import type { Inspector, Watch } from '../inspection/inspector.ts';
import { withShownKeys } from './shown-keys.ts';

/** Steps are gathered for so long: one message of many costs a browser less than many of one. */
const GATHER_MS = 50;

/** What of the locks a dashboard asks for. */
export interface EventStreamQuery {
  readonly prefix: string;
  /** False for the server's numbers alone. */
  readonly locks: boolean;
}

/**
 * The events of one dashboard, as text/event-stream: `steps`, an array of steps of a watch; `stats`, a sample of the server;
 * `past`, those of before; `withheld`, when there are more locks than a page can show. A browser that does not read is told nothing, and what it
 * missed, until it reads again; when it does not for long, it is cut off.
 */
export class EventStream {
  readonly #response: ServerResponse;
  #watch: Watch | null = null;
  #steps: string[] = [];
  #stepCharacters = 0;
  #gathering: NodeJS.Timeout | null = null;
  #stalled: NodeJS.Timeout | null = null;
  #resting: NodeJS.Timeout | null = null;
  /** Locks in the last snapshot of each shard, as far as it was told. */
  readonly #locks: number[] = [];
  #lockCount = 0;
  #eventsLeft: number = Limits.eventsPerSecondMax;
  #isClosed = false;

  /** @param onClose called once when the stream has ended, by either side */
  constructor(response: ServerResponse, onClose: () => void) {
    this.#response = response;
    response.on('drain', () => this.#drained());
    // Node.js tells an answer that its connection is gone only when it is that answer's turn there; the socket always knows.
    const { socket } = response.req;
    const onGone = (): void => {
      socket.off('close', onGone);
      response.off('close', onGone);
      this.#end();
      onClose();
    };
    socket.on('close', onGone);
    response.on('close', onGone);
    response.on('error', () => response.destroy());
  }

  /**
   * Sends the headers, and begins to tell of locks.
   *
   * @throws TooManyWatchesError before anything is sent
   */
  open(inspector: Inspector, query: EventStreamQuery, lockCount: number): void {
    const isWithheld = query.locks && query.prefix === '' && lockCount > Limits.shownLocksMax;
    if (query.locks && !isWithheld) {
      this.#watch = inspector.watch({ prefix: query.prefix }, (steps) => this.#tell(steps));
    }
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies that gather answers would hold the events back.
      'x-accel-buffering': 'no',
    });
    this.#write(': ldlm\n\n');
    if (isWithheld) this.#withhold(lockCount);
  }

  /** Sends samples of before, each of which is JSON already. */
  tellPast(samples: readonly string[]): void {
    this.#send('past', `[${samples.join(',')}]`);
  }

  /** Sends a sample that is JSON already, and refills what the stream may tell. Called every second. */
  tick(sample: string): void {
    this.#eventsLeft = Limits.eventsPerSecondMax;
    // A browser that does not read wants no old samples when it does.
    if (this.#stalled === null) this.#send('stats', sample);
  }

  /** Ends the stream in order: a browser takes it up again where the server is back. */
  close(): void {
    this.#flush();
    this.#end();
    this.#response.end();
  }

  #tell(steps: readonly WatchStep[]): void {
    for (const step of steps) {
      if (this.#watch === null) return;
      this.#count(step);
      const text = JSON.stringify(withShownKeys(step));
      this.#steps.push(text);
      this.#stepCharacters += text.length;
      if (this.#stepCharacters >= Limits.eventCharactersMax) this.#flush();
    }
    if (this.#steps.length > 0) this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #count(step: WatchStep): void {
    const { kind, shard } = step;
    if (kind === 'event' && --this.#eventsLeft === 0) this.#rest();
    if (kind === 'snapshotBegin') {
      this.#lockCount -= this.#locks[shard] ?? 0;
      this.#locks[shard] = 0;
    } else if (kind === 'lock') {
      this.#locks[shard] = (this.#locks[shard] ?? 0) + 1;
      if (++this.#lockCount > Limits.shownLocksMax) this.#withhold(this.#lockCount);
    }
  }

  /** More happens than a page can follow: it is shown how things stand from time to time. */
  #rest(): void {
    if (this.#resting !== null) return;
    if (this.#stalled === null) this.#watch?.pause();
    this.#resting = setTimeout(() => {
      this.#resting = null;
      this.#eventsLeft = Limits.eventsPerSecondMax;
      if (this.#stalled === null) this.#watch?.resume();
    }, Limits.eventsPauseMs);
  }

  #withhold(count: number): void {
    this.#watch?.close();
    this.#watch = null;
    this.#steps = [];
    this.#stepCharacters = 0;
    const withheld: LocksWithheld = { count, locksMax: Limits.shownLocksMax };
    this.#send('withheld', JSON.stringify(withheld));
  }

  #flush(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#gathering = null;
    if (this.#steps.length === 0) return;
    const data = `[${this.#steps.join(',')}]`;
    this.#steps = [];
    this.#stepCharacters = 0;
    this.#send('steps', data);
  }

  #send(event: string, json: string): void {
    this.#write(`event: ${event}\ndata: ${json}\n\n`);
  }

  #write(text: string): void {
    if (this.#isClosed) return;
    this.#response.write(text);
    const waitingBytes = this.#response.writableLength;
    if (waitingBytes > Limits.outputBytesMax) this.#response.destroy();
    else if (waitingBytes > Limits.eventStreamBytesPause && this.#stalled === null) this.#stall();
  }

  #stall(): void {
    if (this.#resting === null) this.#watch?.pause();
    this.#stalled = setTimeout(() => this.#response.destroy(), Limits.outputStalledMsMax);
  }

  #drained(): void {
    if (this.#stalled === null) return;
    clearTimeout(this.#stalled);
    this.#stalled = null;
    if (this.#resting === null) this.#watch?.resume();
  }

  #end(): void {
    this.#isClosed = true;
    this.#watch?.close();
    this.#watch = null;
    for (const timer of [this.#gathering, this.#stalled, this.#resting])
      if (timer !== null) clearTimeout(timer);
  }
}
