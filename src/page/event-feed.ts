import type { DashboardInfo, LocksWithheld, ServerSample } from '../contract/dashboard.ts';
import type { WatchStep } from '../contract/lock-info.ts';
import type { AdminApi } from './admin-api.ts';
import { RequestFailed } from './admin-api.ts';
import { WorkQueue } from './work-queue.ts';

/** As many characters of messages wait at most; a page that is further behind begins anew with a snapshot. */
const BACKLOG_MAX = 32 * 1024 * 1024;
/** How long a frame may work on messages, in ms: most of a frame is left to draw it. */
const FRAME_BUDGET_MS = 6;
/** Frames of a page that is not seen, in ms. */
const HIDDEN_FRAME_MS = 250;
/** A page that was not seen for so long lets go of its stream, in ms. */
const HIDDEN_MS_MAX = 60_000;
/** Waits between attempts to connect, in ms: from the first one, doubled each time, up to the last one. */
const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 10_000;

export interface FeedQuery {
  readonly prefix: string;
  readonly locks: boolean;
}

/** What becomes of the connection. */
export interface FeedListener {
  /** A new connection: what is known is void. */
  connected(info: DashboardInfo): void;
  /** It is gone; another attempt follows. The reason is empty when the server does not answer. */
  disconnected(reason: string): void;
  step(step: WatchStep): void;
  /** Samples of before the connection was opened, oldest first. */
  past(samples: readonly ServerSample[]): void;
  sample(sample: ServerSample): void;
  withheld(withheld: LocksWithheld): void;
  /** Called once for each frame, after its messages. */
  frame(): void;
}

/** The page's event stream: connected again whenever it is lost, and worked off a frame at a time. */
export class EventFeed {
  readonly #api: AdminApi;
  readonly #listener: FeedListener;
  readonly #steps = new WorkQueue<string>(BACKLOG_MAX, (text) => text.length);
  #query: FeedQuery = { prefix: '', locks: true };
  #source: EventSource | null = null;
  #retry: number | null = null;
  #retryMs = RETRY_MS_FIRST;
  #hiding: number | null = null;
  #seenFrame = 0;
  #hiddenFrame = 0;
  /** Grows with each attempt, so that an answer to an earlier one is not taken for one to this. */
  #attempt = 0;

  constructor(api: AdminApi, listener: FeedListener) {
    this.#api = api;
    this.#listener = listener;
  }

  /** True when it is not asked for names with a prefix. */
  get isOfAll(): boolean {
    return this.#query.prefix === '';
  }

  start(): void {
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    // A page that is left and come back to has lost its stream.
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) this.reopen(this.#query);
    });
    this.reopen(this.#query);
    this.#nextFrame();
  }

  /** Begins anew, with the locks that are asked for. */
  reopen(query: FeedQuery): void {
    this.#query = query;
    this.#close();
    void this.#connect();
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    try {
      const info = await this.#api.info();
      if (attempt === this.#attempt) this.#listen(info);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#lost(error instanceof RequestFailed && error.status !== 0 ? error.message : '');
    }
  }

  #listen(info: DashboardInfo): void {
    const { prefix, locks } = this.#query;
    const query = new URLSearchParams({ prefix, locks: String(locks) });
    const source = new EventSource(`/api/events?${query}`);
    this.#source = source;
    source.addEventListener('open', () => {
      this.#retryMs = RETRY_MS_FIRST;
      this.#listener.connected(info);
    });
    source.addEventListener('error', () => {
      // Without an answer it would try again by itself, and not notice that the server is another one.
      const isRefused = source.readyState === EventSource.CLOSED;
      this.#lost(isRefused ? 'the server has no event stream for this page: too many are open' : '');
    });
    source.addEventListener('steps', ({ data }: MessageEvent<string>) => {
      if (!this.#steps.push(data)) this.reopen(this.#query);
    });
    source.addEventListener('past', ({ data }: MessageEvent<string>) => {
      this.#listener.past(JSON.parse(data) as readonly ServerSample[]);
    });
    source.addEventListener('stats', ({ data }: MessageEvent<string>) => {
      this.#listener.sample(JSON.parse(data) as ServerSample);
    });
    source.addEventListener('withheld', ({ data }: MessageEvent<string>) => {
      this.#steps.clear();
      this.#listener.withheld(JSON.parse(data) as LocksWithheld);
    });
  }

  #lost(reason: string): void {
    this.#close();
    this.#listener.disconnected(reason);
    // Pages that lost the same server do not all come back at once.
    const waitMs = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    this.#retry = window.setTimeout(() => void this.#connect(), waitMs);
  }

  #close(): void {
    this.#attempt++;
    this.#source?.close();
    this.#source = null;
    this.#steps.clear();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #visibilityChanged(): void {
    if (this.#hiding !== null) clearTimeout(this.#hiding);
    this.#hiding = null;
    if (document.hidden) this.#hiding = window.setTimeout(() => this.#close(), HIDDEN_MS_MAX);
    else if (this.#source === null && this.#retry === null) this.reopen(this.#query);
    this.#nextFrame();
  }

  #nextFrame(): void {
    clearTimeout(this.#hiddenFrame);
    cancelAnimationFrame(this.#seenFrame);
    const run = (): void => {
      this.#steps.run(
        (text) => this.#apply(text),
        FRAME_BUDGET_MS,
        () => performance.now(),
      );
      this.#listener.frame();
      this.#nextFrame();
    };
    // Frames do not come to a page that is not seen.
    if (document.hidden) this.#hiddenFrame = window.setTimeout(run, HIDDEN_FRAME_MS);
    else this.#seenFrame = window.requestAnimationFrame(run);
  }

  #apply(text: string): void {
    for (const step of JSON.parse(text) as readonly WatchStep[]) this.#listener.step(step);
  }
}
