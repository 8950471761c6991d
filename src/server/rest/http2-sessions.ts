import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { Limits } from '../../base/limits.ts';

interface Activity {
  streams: number;
  /** Since when it has had no streams. */
  idleSinceMs: number;
}

/** The HTTP/2 connections of REST clients: ends those that nobody uses, which Node.js does for HTTP/1.1 only. */
export class Http2Sessions {
  readonly #sessions = new Map<Http2Session, Activity>();

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Http2Session, nowMs: number): void {
    this.#sessions.set(session, { streams: 0, idleSinceMs: nowMs });
    session.once('close', () => this.#sessions.delete(session));
    // What follows an error is the end.
    session.on('error', ignore);
  }

  /** A connection has one more stream, until that is closed. */
  count(stream: ServerHttp2Stream, nowMs: () => number): void {
    const activity = stream.session === undefined ? undefined : this.#sessions.get(stream.session);
    if (activity === undefined) return;
    activity.streams++;
    stream.once('close', () => {
      activity.streams--;
      activity.idleSinceMs = nowMs();
    });
  }

  sweep(nowMs: number): void {
    for (const [session, { streams, idleSinceMs }] of this.#sessions) {
      if (streams === 0 && nowMs - idleSinceMs > Limits.restKeepAliveMs) session.close();
    }
  }

  /** Tells all clients to go when their streams are done. */
  drain(): void {
    for (const session of this.#sessions.keys()) session.close();
  }
}

function ignore(): void {}
