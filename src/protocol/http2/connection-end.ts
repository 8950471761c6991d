import type { ControlWriter } from './control-writer.ts';
import { PingKind } from './control-writer.ts';
import { Http2Error } from './error-code.ts';
import type { FloodGuard } from './flood-guard.ts';
import { WINDOW_MAX } from './frame.ts';

/**
 * How a connection comes to its end: at once, by an error (RFC 9113 section 5.4.1), or in order (section 6.8): a
 * GOAWAY that refuses nothing yet, then a PING; when its answer shows that the peer knows, a second GOAWAY names the
 * last stream, and the end has come when all streams are done.
 */
export class ConnectionEnd {
  failed = false;
  /** Once it has failed: why, and in which words. */
  error: Http2Error = Http2Error.NoError;
  reason = '';
  /** The highest stream that the peer has used. */
  lastStream = 0;
  /** Streams beyond this one are not accepted any more. */
  lastAccepted = WINDOW_MAX;
  #draining = false;
  readonly #writer: ControlWriter;
  readonly #flood: FloodGuard;

  constructor(writer: ControlWriter, flood: FloodGuard) {
    this.#writer = writer;
    this.#flood = flood;
  }

  /** True once a drain has named its last stream. */
  get lastStreamKnown(): boolean {
    return this.lastAccepted !== WINDOW_MAX;
  }

  /** Whether no HEADERS have opened this stream or a later one. Ours never pushes, so its own stay idle for ever. */
  isIdle(streamId: number): boolean {
    return streamId > this.lastStream || (streamId & 1) === 0;
  }

  /** Ends the connection with an error: what was said so far still goes out, then GOAWAY, then nothing. */
  fail(error: Http2Error, text: string): void {
    if (this.failed) return;
    this.failed = true;
    this.error = error;
    this.reason = text;
    // Section 6.8: a GOAWAY never names a later stream than the one before it.
    this.#writer.goAway(Math.min(this.lastStream, this.lastAccepted), error, text);
  }

  /** Ends the connection without a word of HTTP/2: the peer speaks HTTP/1. */
  stop(): void {
    this.failed = true;
    this.error = Http2Error.Http11Required;
    this.reason = 'the peer speaks HTTP/1';
  }

  /** Charges the peer for a frame that asks for nothing. False when it has sent too many: the connection has failed. */
  spend(tokens: number): boolean {
    if (this.#flood.spend(tokens)) return true;
    this.fail(Http2Error.EnhanceYourCalm, 'too many frames that ask for nothing');
    return false;
  }

  /** `peerKnown`: the peer speaks HTTP/2 and will answer a PING; one that has said nothing cannot have streams in flight. */
  drain(peerKnown: boolean): void {
    if (this.#draining || this.failed) return;
    this.#draining = true;
    if (!peerKnown) return this.nameLastStream();
    this.#writer.goAway(WINDOW_MAX, Http2Error.NoError, '');
    this.#writer.ping(PingKind.Drain);
  }

  /** The peer has seen the first GOAWAY of a drain. */
  nameLastStream(): void {
    if (!this.#draining || this.lastStreamKnown) return;
    this.lastAccepted = this.lastStream;
    this.#writer.goAway(this.lastStream, Http2Error.NoError, '');
  }
}
