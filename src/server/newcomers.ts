import type { Server } from 'node:net';
import { TokenBucket } from '../base/token-bucket.ts';

/** How many connections are taken in, and who is told of those that were not. */
export interface NewcomersOptions {
  /** Connections that may be open at a time. */
  readonly connectionsMax: number;
  /** Connections that may come at once, and those that may come per second when so many came. */
  readonly burst: number;
  readonly perSecond: number;
  /** A connection that failed by its peer's fault counts as so many more. */
  readonly perFailure: number;
  readonly nowMs: () => number;
  /** So many were turned away since the last call; called at most once a second. */
  readonly turnedAway: (count: number) => void;
}

/** For how long everyone is turned away when too many came: a tenth of a second's newcomers are let in after it. */
const SHUT_MS = 100;
const REPORT_MS = 1_000;

/**
 * Turns newcomers away while they come faster than they are to be let in, so that a flood of connects costs those who
 * are connected little: to take in a connection and to lose it again costs several times what it costs to close the
 * socket that the kernel accepted, which is what Node.js does above `maxConnections`.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  readonly #bucket: TokenBucket;
  readonly #servers: Server[] = [];
  #timer: NodeJS.Timeout | null = null;
  #reopenTimer: NodeJS.Timeout | null = null;
  #turnedAway = 0;

  constructor(options: NewcomersOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.burst, options.perSecond, options.nowMs());
  }

  /** Minds the door of a server. */
  watch(server: Server): void {
    server.maxConnections = this.#options.connectionsMax;
    server.on('connection', () => this.#came());
    server.on('drop', () => this.#dropped());
    this.#servers.push(server);
  }

  /** A connection has failed by its peer's fault: whoever floods us comes back, and is to find the door shut soon. */
  failed(): void {
    this.#bucket.spill(this.#options.perFailure, this.#options.nowMs());
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#reopenTimer !== null) clearTimeout(this.#reopenTimer);
  }

  #came(): void {
    if (this.#bucket.take(this.#options.nowMs()) || this.#reopenTimer !== null) return;
    this.#letIn(ONE);
    this.#reopenTimer = setTimeout(() => {
      this.#reopenTimer = null;
      this.#letIn(this.#options.connectionsMax);
    }, SHUT_MS);
    this.#reopenTimer.unref();
  }

  #letIn(connectionsMax: number): void {
    for (const server of this.#servers) server.maxConnections = connectionsMax;
  }

  #dropped(): void {
    this.#turnedAway++;
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#options.turnedAway(this.#turnedAway);
      this.#turnedAway = 0;
    }, REPORT_MS);
    this.#timer.unref();
  }
}

/** Shut, but for a server that nobody is connected to: 0 would stand for no limit. */
const ONE = 1;
