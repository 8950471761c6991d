/** Pings closer than this together are strikes, and so many strikes are forgiven: gRPC's keepalive enforcement. */
const INTERVAL_MIN_MS = 10_000;
const STRIKES_MAX = 2;

/**
 * gRPC's rule for pings of a client: one in ten seconds, with or without open streams. Strikes are forgotten
 * whenever the server sends data or headers, because clients measure bandwidth with pings while data flows.
 * Source: https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
 */
export class PingPolicy {
  #lastPingMs = Number.NEGATIVE_INFINITY;
  #strikes = 0;

  /** A ping came. False: it was one too many, the connection ends with ENHANCE_YOUR_CALM and `too_many_pings`. */
  ping(nowMs: number): boolean {
    if (nowMs - this.#lastPingMs < INTERVAL_MIN_MS) this.#strikes++;
    this.#lastPingMs = nowMs;
    return this.#strikes <= STRIKES_MAX;
  }

  /** Data or headers were sent. */
  forgive(): void {
    this.#lastPingMs = Number.NEGATIVE_INFINITY;
    this.#strikes = 0;
  }
}
