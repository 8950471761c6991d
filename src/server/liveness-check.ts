import { Limits } from '../base/limits.ts';

/** A connection, as far as it tells whether its peer is there. */
export interface CheckedConnection {
  readonly openedMs: number;
  readonly lastReadMs: number;
  /** When the keepalive ping was sent that waits for a sign of life; 0 when none does. */
  readonly pingedMs: number;
  readonly dirty: boolean;
  /** Nothing is read of the peer for now, so it cannot give a sign of life. */
  readonly readingStopped: boolean;
  readonly calls: {
    readonly connection: { readonly established: boolean; readonly ended: boolean };
    expire(nowMs: number): void;
  };
  isStalled(nowMs: number): boolean;
  ping(nowMs: number): void;
  flush(): void;
}

export interface LivenessOptions<C extends CheckedConnection> {
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly nowMs: () => number;
  /** All connections. They may end while they are walked over. */
  readonly connections: () => readonly C[];
  /** A connection is to be ended, by its peer's fault. */
  readonly cutOff: (connection: C, reason: string) => void;
}

/**
 * Looks after silent connections: pings those from which nothing comes, and gives up those that do not answer, never
 * begin HTTP/2, or do not read what is written for them. What has a deadline expires by the way.
 */
export class LivenessCheck<C extends CheckedConnection> {
  readonly #options: LivenessOptions<C>;
  readonly #timer: NodeJS.Timeout;

  constructor(options: LivenessOptions<C>) {
    this.#options = options;
    const periodMs = Math.min(options.keepaliveIntervalMs, options.keepaliveTimeoutMs) / 4;
    this.#timer = setInterval(() => this.lookAtAll(), Math.min(1_000, Math.max(100, periodMs)));
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called by a timer of its own. */
  lookAtAll(): void {
    const nowMs = this.#options.nowMs();
    for (const connection of this.#options.connections()) this.#look(connection, nowMs);
  }

  #look(connection: C, nowMs: number): void {
    const { keepaliveIntervalMs, keepaliveTimeoutMs, cutOff } = this.#options;
    const { connection: http2 } = connection.calls;
    connection.calls.expire(nowMs);
    const handshakeOver = nowMs - connection.openedMs > Limits.handshakeMsMax;
    if (connection.isStalled(nowMs)) return cutOff(connection, 'it does not read its replies');
    if (!http2.established && handshakeOver) return cutOff(connection, 'it does not begin HTTP/2');
    if (connection.pingedMs > 0 && !connection.readingStopped) {
      if (nowMs - connection.pingedMs >= keepaliveTimeoutMs)
        cutOff(connection, 'it does not answer keepalive pings');
    } else if (
      http2.established &&
      !connection.readingStopped &&
      nowMs - connection.lastReadMs >= keepaliveIntervalMs
    ) {
      connection.ping(nowMs);
    } else if (http2.ended || connection.dirty) {
      connection.flush();
    }
  }
}
