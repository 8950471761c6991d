import type { ConnectTarget, ServerAddress } from '../connect-string.ts';

const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1_000;
/** Longer than any pause: of two clients that use one session, each closes the other's connection after its own pause. */
const LASTING_MS_MIN = 2_000;

/** Which server to try next, and after what pause: all of them without one, then again with longer and longer ones. */
export class ServerList {
  readonly #servers: readonly ServerAddress[];
  #next = 0;
  #tried = 0;
  #backoffMs = BACKOFF_MS_MIN;
  /** What the pauses begin with: more after each connection that did not last. */
  #firstBackoffMs = BACKOFF_MS_MIN;
  /** When the last one was, null as long as it was not. */
  #reachedAtMs: number | null = null;

  /** @param random from 0 to 1: each client has an order of its own, so that a server that comes back is not run down */
  constructor({ servers }: ConnectTarget, random: () => number = Math.random) {
    this.#servers = servers
      .map((server) => ({ server, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ server }) => server);
  }

  get count(): number {
    return this.#servers.length;
  }

  next(): ServerAddress {
    const server = this.#servers[this.#next]!;
    this.#next = (this.#next + 1) % this.count;
    this.#tried++;
    this.#reachedAtMs = null;
    return server;
  }

  /** How long to wait before the next one. */
  pauseMs(random: () => number = Math.random): number {
    if (this.#tried % this.count !== 0) return 0;
    const ms = this.#backoffMs * (0.5 + random());
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MS_MAX);
    return ms;
  }

  /** The last one was reached. */
  reached(nowMs: number): void {
    this.#reachedAtMs ??= nowMs;
    this.#tried = 0;
    this.#backoffMs = this.#firstBackoffMs;
  }

  /** The connection to the last one is lost. */
  lost(nowMs: number): void {
    if (this.#reachedAtMs === null) return;
    if (nowMs - this.#reachedAtMs < LASTING_MS_MIN)
      this.#firstBackoffMs = Math.min(this.#firstBackoffMs * 2, BACKOFF_MS_MAX);
    else this.#firstBackoffMs = this.#backoffMs = BACKOFF_MS_MIN;
  }

  toString(): string {
    return this.#servers
      .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
      .join(',');
  }
}
