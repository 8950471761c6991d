import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { Limits } from '../../base/limits.ts';
import { addressOf } from '../http-failures.ts';
import type { RestFailures } from './rest-failures.ts';
import { StallWatch } from './stall-watch.ts';

interface Activity {
  /** Where it comes from, which a connection that has failed does not tell any more. */
  readonly address: string;
  readonly streams: Map<ServerHttp2Stream, StallWatch>;
  /** Since when it has had no streams. */
  idleSinceMs: number;
}

/**
 * The HTTP/2 connections of REST clients: ends those that nobody uses, which Node.js does for HTTP/1.1 only, and cancels
 * streams whose answer is not read. A client may give single ones no window, so their connection would not tell.
 */
export class Http2Sessions {
  readonly #failures: Pick<RestFailures, 'protocolBroken' | 'streamCutOff'>;
  readonly #sessions = new Map<Http2Session, Activity>();

  constructor(failures: Pick<RestFailures, 'protocolBroken' | 'streamCutOff'>) {
    this.#failures = failures;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Http2Session, nowMs: number): void {
    const address = addressOf(session.socket);
    this.#sessions.set(session, { address, streams: new Map(), idleSinceMs: nowMs });
    session.once('close', () => this.#sessions.delete(session));
    // What follows an error is the end.
    session.on('error', (error: Error & { readonly code?: string }) => {
      if (isBrokenProtocol(error)) this.#failures.protocolBroken(address, error.code, error.message);
    });
  }

  /** A connection has one more stream, until that is closed. */
  count(stream: ServerHttp2Stream, nowMs: () => number): void {
    const activity = stream.session === undefined ? undefined : this.#sessions.get(stream.session);
    if (activity === undefined) return;
    activity.streams.set(stream, new StallWatch());
    stream.once('close', () => {
      activity.streams.delete(stream);
      activity.idleSinceMs = nowMs();
    });
  }

  sweep(nowMs: number): void {
    for (const [session, { address, streams, idleSinceMs }] of this.#sessions) {
      if (streams.size === 0 && nowMs - idleSinceMs > Limits.restKeepAliveMs) session.close();
      for (const [stream, watch] of streams) {
        // How much a stream was given in all it does not tell: what still waits changes when some of it is read.
        if (!watch.hasStalled(stream.writableLength, 0, nowMs)) continue;
        this.#failures.streamCutOff(address, 'its answer is not read');
        stream.close(constants.NGHTTP2_CANCEL);
      }
    }
  }

  /** Tells all clients to go when their streams are done. */
  drain(): void {
    for (const session of this.#sessions.keys()) session.close();
  }
}

/** Resets are none, and neither is a client that has told us an error of its own and goes. */
function isBrokenProtocol(
  error: Error & { readonly code?: string },
): error is Error & { readonly code: string } {
  const { code = '' } = error;
  return code.startsWith('ERR_HTTP2_') && code !== 'ERR_HTTP2_SESSION_ERROR';
}
