import { Limits } from '../../base/limits.ts';
import { ClosedBy, ClosedStreams } from './closed-streams.ts';
import { ControlWriter, PING_PAYLOAD_BYTES, PingKind } from './control-writer.ts';
import { Http2Error } from './error-code.ts';
import { FloodGuard } from './flood-guard.ts';
import {
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint32,
  WINDOW_MAX,
  writeFrameHeader,
} from './frame.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { HeadCache } from './head-cache.ts';
import { HeaderBlock } from './header-block.ts';
import type { Output } from './output.ts';
import { PingPolicy } from './ping-policy.ts';
import type { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { PeerSettings } from './settings.ts';
import { Stream, StreamState } from './stream.ts';
import type { StreamHandler } from './stream-handler.ts';
import { StreamTable } from './stream-table.ts';

/** Tokens that a peer starts with, what refills them, and what its frames cost and earn. See {@link FloodGuard}. */
const FLOOD_TOKENS_MAX = 20_000;
const FLOOD_TOKENS_PER_SECOND = 1_000;
const FLOOD_COST_CONTROL = 1;
const FLOOD_COST_RESET = 2;
const FLOOD_EARNED_BY_REQUEST = 1;

/**
 * The server's side of one HTTP/2 connection (RFC 9113): bytes in, calls of a {@link StreamHandler} and output
 * bytes out. It knows no socket and no clock; whoever owns the socket feeds it, writes its output, and closes the
 * socket once `ended` says that a connection error or a drain has come to its end.
 */
export class Http2Connection<Plan, Call> implements FrameSink {
  readonly settings = new PeerSettings();
  readonly #handler: StreamHandler<Plan, Call>;
  readonly #reader: FrameReader;
  readonly #writer: ControlWriter;
  readonly #sender: Sender<Plan, Call>;
  readonly #streams = new StreamTable<Plan, Call>();
  readonly #closed = new ClosedStreams();
  readonly #heads = new HeadCache<Plan>();
  readonly #block = new HeaderBlock();
  readonly #pings = new PingPolicy();
  readonly #flood: FloodGuard;

  #nowMs: number;
  #settingsSeen = false;
  #failed = false;
  #draining = false;
  /** Streams beyond this one are not accepted any more. */
  #lastAccepted = WINDOW_MAX;
  #lastStream = 0;
  #unacknowledgedBytes = 0;
  #pongs = 0;

  constructor(handler: StreamHandler<Plan, Call>, output: Output, nowMs: number) {
    this.#handler = handler;
    this.#reader = new FrameReader(this);
    this.#writer = new ControlWriter(output);
    this.#nowMs = nowMs;
    this.#flood = new FloodGuard(nowMs, FLOOD_TOKENS_MAX, FLOOD_TOKENS_PER_SECOND);
    this.#sender = new Sender(output, this.settings, (stream) => {
      this.#finish(stream);
      this.#handler.sent(stream);
    });
  }

  /** True once nothing more will be read or answered: the output that is left has to be written, then the socket closed. */
  get ended(): boolean {
    return this.#failed || (this.#draining && this.#lastAccepted !== WINDOW_MAX && this.#streams.size === 0);
  }

  get paused(): boolean {
    return this.#reader.paused;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** True once the client's preface and its first SETTINGS have arrived. */
  get established(): boolean {
    return this.#settingsSeen;
  }

  /** How many keepalive pings were answered. */
  get pongs(): number {
    return this.#pongs;
  }

  /** Bytes of replies that wait for the peer's window. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  /** The open streams, in no order. */
  listStreams(): Stream<Plan, Call>[] {
    return this.#streams.list();
  }

  stream(id: number): Stream<Plan, Call> | null {
    return this.#streams.get(id);
  }

  /** Takes what a read gave. While `paused`, only keeps it: the owner stops reading then, so that is one read at most. */
  receive(chunk: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#reader.receive(chunk);
  }

  /** The handler asks to see nothing more for now, because it cannot take it. Takes effect behind the current frame. */
  pause(): void {
    this.#reader.pause();
  }

  /** Goes on where `pause` stopped. */
  resume(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#reader.resume();
  }

  // ---- frames ----------------------------------------------------------------------------------------------

  /** We speak first as soon as the peer has shown that it understands us. Called by the frame reader. */
  prefaceRead(): void {
    this.#writer.preface();
  }

  /** Whoever looks with a browser or with curl is told what this port is. Called by the frame reader. */
  notHttp2(chunk: Buffer): void {
    if (HTTP1_REQUEST.test(chunk.toString('latin1', 0, HTTP1_METHOD_BYTES))) {
      this.#reader.stop();
      this.#failed = true;
      this.#writer.raw(this.#handler.http1Answer);
    } else {
      this.fail(Http2Error.ProtocolError, 'invalid connection preface');
    }
  }

  /** One whole frame lies in `bytes[start, end)`. Called by the frame reader. */
  frame(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3]!;
    const flags = bytes[start + 4]!;
    // Section 4.1: the reserved bit is ignored.
    const id = readUint32(bytes, start + 5) & WINDOW_MAX;
    const payload = start + FRAME_HEADER_BYTES;
    if (!this.#settingsSeen && type !== FrameType.Settings) {
      return this.fail(Http2Error.ProtocolError, 'the first frame must be SETTINGS');
    }
    // Section 6.2: a header block is one piece; nothing may stand between its frames.
    if (this.#block.open && (type !== FrameType.Continuation || id !== this.#block.streamId)) {
      return this.fail(Http2Error.ProtocolError, 'frame inside a header block');
    }
    switch (type) {
      case FrameType.Data:
        return this.#data(bytes, payload, end, flags, id);
      case FrameType.Headers:
        return this.#headers(bytes, payload, end, flags, id);
      case FrameType.Continuation:
        return this.#continuation(bytes, payload, end, flags);
      case FrameType.WindowUpdate:
        return this.#windowUpdate(bytes, payload, end, id);
      case FrameType.Ping:
        return this.#ping(bytes, payload, end, flags, id);
      case FrameType.RstStream:
        return this.#rstStream(end - payload, id);
      case FrameType.Settings:
        return this.#settings(bytes, payload, end, flags, id);
      case FrameType.Priority:
        return this.#priority(bytes, payload, end, id);
      case FrameType.GoAway:
        return this.#goAway(end - payload, id);
      case FrameType.PushPromise:
        return this.fail(Http2Error.ProtocolError, 'PUSH_PROMISE from a client');
      default:
        // Section 4.1: frames of unknown types are ignored.
        this.#spend(FLOOD_COST_CONTROL);
    }
  }

  #data(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    const frameBytes = end - start;
    if (id === 0) return this.fail(Http2Error.ProtocolError, 'DATA on stream 0');
    const last = (flags & FrameFlag.EndStream) !== 0;
    if ((flags & FrameFlag.Padded) !== 0) {
      const padding = frameBytes === 0 ? 0 : bytes[start]!;
      // Section 6.1: padding as long as the payload or longer is a connection error.
      if (padding >= frameBytes) return this.fail(Http2Error.ProtocolError, 'padding exceeds the frame');
      start++;
      end -= padding;
    }
    if (!this.#consumeConnectionWindow(frameBytes)) return;
    const stream = this.#streams.get(id);
    if (stream === null) return this.#dataOnClosed(id);
    if (stream.state !== StreamState.Open) return this.resetStream(stream, Http2Error.StreamClosed);
    // Only DATA that brings something or ends something is work; the rest is a flood if there is much of it.
    if (end === start && !last && !this.#spend(FLOOD_COST_CONTROL)) return;
    stream.receivedBytes += end - start;
    const { contentLength } = stream.head;
    if (
      contentLength >= 0 &&
      (stream.receivedBytes > contentLength || (last && stream.receivedBytes !== contentLength))
    ) {
      // RFC 9113 section 8.1.1: a content-length that does not equal the sum of the DATA is malformed.
      return this.resetStream(stream, Http2Error.ProtocolError);
    }
    if (last) stream.state = StreamState.HalfClosedRemote;
    else if (!this.#consumeStreamWindow(stream, frameBytes)) return;
    this.#handler.received(stream, bytes, start, end, last);
  }

  /**
   * The whole payload counts, padding included (section 6.9.1). What a frame brings is taken over at once, so its
   * window is given back as soon as half of it is used up: a peer is slowed by `pause`, which stops the reading,
   * and a half-received message is bounded by its own limit.
   */
  #consumeConnectionWindow(frameBytes: number): boolean {
    this.#unacknowledgedBytes += frameBytes;
    if (this.#unacknowledgedBytes > Limits.connectionWindowBytes) {
      this.fail(Http2Error.FlowControlError, 'connection window exceeded');
      return false;
    }
    if (this.#unacknowledgedBytes >= Limits.connectionWindowBytes >>> 1) {
      this.#writer.frame32(FrameType.WindowUpdate, 0, this.#unacknowledgedBytes);
      this.#unacknowledgedBytes = 0;
    }
    return true;
  }

  #consumeStreamWindow(stream: Stream<Plan, Call>, frameBytes: number): boolean {
    stream.unacknowledgedBytes += frameBytes;
    if (stream.unacknowledgedBytes > Limits.streamWindowBytes) {
      this.resetStream(stream, Http2Error.FlowControlError);
      return false;
    }
    if (stream.unacknowledgedBytes >= Limits.streamWindowBytes >>> 1) {
      this.#writer.frame32(FrameType.WindowUpdate, stream.id, stream.unacknowledgedBytes);
      stream.unacknowledgedBytes = 0;
    }
    return true;
  }

  #dataOnClosed(id: number): void {
    if (id > this.#lastStream) return this.fail(Http2Error.ProtocolError, 'DATA on an idle stream');
    if (!this.#spend(FLOOD_COST_CONTROL)) return;
    // Section 5.1: the peer may not know yet that we have reset the stream.
    if (this.#closed.find(id) !== ClosedBy.OurReset) {
      this.#writer.frame32(FrameType.RstStream, id, Http2Error.StreamClosed);
    }
  }

  #headers(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    if (id === 0 || (id & 1) === 0)
      return this.fail(Http2Error.ProtocolError, 'HEADERS on a stream that a client cannot open');
    let padding = 0;
    if ((flags & FrameFlag.Padded) !== 0) {
      padding = bytes[start] ?? 0;
      start++;
    }
    let selfDependent = false;
    if ((flags & FrameFlag.Priority) !== 0) {
      // RFC 7540 section 5.3.1 makes a stream that depends on itself a stream error; RFC 9113 has dropped priorities.
      selfDependent = end - start >= 5 && (readUint32(bytes, start) & WINDOW_MAX) === id;
      start += 5;
    }
    if (start + padding > end) return this.fail(Http2Error.ProtocolError, 'padding exceeds the frame');
    this.#block.begin(id, (flags & FrameFlag.EndStream) !== 0, selfDependent);
    if ((flags & FrameFlag.EndHeaders) !== 0) return this.#headerBlock(bytes, start, end - padding);
    this.#block.append(bytes, start, end - padding);
  }

  #continuation(bytes: Buffer, start: number, end: number, flags: number): void {
    if (!this.#block.open) return this.fail(Http2Error.ProtocolError, 'CONTINUATION without HEADERS');
    if (!this.#block.append(bytes, start, end)) {
      return this.fail(Http2Error.EnhanceYourCalm, 'header block too long');
    }
    if ((flags & FrameFlag.EndHeaders) === 0) return;
    const block = this.#block.take();
    this.#headerBlock(block, 0, block.length);
  }

  #headerBlock(bytes: Uint8Array, start: number, end: number): void {
    const { streamId, endStream, selfDependent } = this.#block;
    this.#block.close();
    const stream = this.#streams.get(streamId);
    if (stream !== null) return this.#trailers(stream, bytes, start, end, endStream);
    if (streamId <= this.#lastStream) {
      // Section 5.1.1: a new stream's id must be greater than all before; a stream that has ended stays closed.
      const known = this.#closed.find(streamId) === ClosedBy.Unknown;
      return this.fail(
        known ? Http2Error.ProtocolError : Http2Error.StreamClosed,
        'HEADERS on a closed stream',
      );
    }
    const head = this.#heads.read(bytes, start, end);
    if (head === null) return this.fail(Http2Error.CompressionError, `HPACK: ${this.#heads.error}`);
    this.#lastStream = streamId;
    // After GOAWAY, streams above its last one are ignored (section 6.8); the table of HPACK stayed in step.
    if (streamId > this.#lastAccepted) return;
    this.#open(streamId, head, endStream, selfDependent);
  }

  #open(streamId: number, head: RequestHead<Plan>, endStream: boolean, selfDependent: boolean): void {
    const malformed = head.malformed !== null || selfDependent || (endStream && head.contentLength > 0);
    // A peer that keeps its windows shut may not pile up replies without end.
    const full =
      this.#streams.size >= Limits.streamsMax || this.#sender.queuedBytes > Limits.outputBytesPause;
    if (malformed || full) {
      if (!this.#spend(FLOOD_COST_RESET)) return;
      this.#closed.remember(streamId, ClosedBy.OurReset);
      const error = malformed ? Http2Error.ProtocolError : Http2Error.RefusedStream;
      return this.#writer.frame32(FrameType.RstStream, streamId, error);
    }
    this.#flood.earn(FLOOD_EARNED_BY_REQUEST);
    const stream = new Stream<Plan, Call>(streamId, head);
    if (endStream) stream.state = StreamState.HalfClosedRemote;
    this.#streams.add(stream);
    this.#handler.opened(stream, endStream);
  }

  #trailers(
    stream: Stream<Plan, Call>,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): void {
    const trailers = this.#heads.readTrailers(bytes, start, end);
    if (trailers === null) return this.fail(Http2Error.CompressionError, `HPACK: ${this.#heads.error}`);
    if (stream.state !== StreamState.Open) return this.resetStream(stream, Http2Error.StreamClosed);
    const { contentLength } = stream.head;
    const incomplete = contentLength >= 0 && contentLength !== stream.receivedBytes;
    // Section 8.1: a second field block without END_STREAM is malformed.
    if (!endStream || trailers.malformed !== null || incomplete) {
      return this.resetStream(stream, Http2Error.ProtocolError);
    }
    stream.state = StreamState.HalfClosedRemote;
    this.#handler.received(stream, NOTHING, 0, 0, true);
  }

  #priority(bytes: Buffer, start: number, end: number, id: number): void {
    if (id === 0) return this.fail(Http2Error.ProtocolError, 'PRIORITY on stream 0');
    if (!this.#spend(FLOOD_COST_CONTROL)) return;
    if (end - start !== 5) return this.#streamError(id, Http2Error.FrameSizeError);
    // RFC 7540 section 5.3.1, as above.
    if ((readUint32(bytes, start) & WINDOW_MAX) === id) this.#streamError(id, Http2Error.ProtocolError);
  }

  #rstStream(payloadBytes: number, id: number): void {
    if (id === 0) return this.fail(Http2Error.ProtocolError, 'RST_STREAM on stream 0');
    if (payloadBytes !== 4) return this.fail(Http2Error.FrameSizeError, 'RST_STREAM of a wrong length');
    if (id > this.#lastStream) return this.fail(Http2Error.ProtocolError, 'RST_STREAM on an idle stream');
    if (!this.#spend(FLOOD_COST_RESET)) return;
    const stream = this.#streams.get(id);
    if (stream !== null) this.#cancel(stream, ClosedBy.PeerReset);
  }

  #settings(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    if (id !== 0) return this.fail(Http2Error.ProtocolError, 'SETTINGS on a stream');
    if ((flags & FrameFlag.Ack) !== 0) {
      if (end !== start) this.fail(Http2Error.FrameSizeError, 'SETTINGS acknowledgement with a payload');
      else if (!this.#settingsSeen) this.fail(Http2Error.ProtocolError, 'the first frame must be SETTINGS');
      else this.#spend(FLOOD_COST_CONTROL);
      return;
    }
    if ((end - start) % 6 !== 0) return this.fail(Http2Error.FrameSizeError, 'SETTINGS of a wrong length');
    // Each setting costs as much as a frame: one frame may carry two thousand.
    if (!this.#spend(FLOOD_COST_CONTROL + (end - start) / 6)) return;
    const error = this.#applySettings(bytes, start, end);
    if (error !== Http2Error.NoError) return this.fail(error, 'invalid setting');
    this.#settingsSeen = true;
    this.#writer.settingsAck();
  }

  #applySettings(bytes: Buffer, start: number, end: number): Http2Error {
    const before = this.settings.initialWindow;
    const error = this.settings.applyPayload(bytes, start, end);
    const increase = this.settings.initialWindow - before;
    if (error !== Http2Error.NoError || increase <= 0) return error;
    for (const stream of this.#streams.list()) {
      // Section 6.9.2: a change that carries a window beyond 2^31-1 is a connection error.
      if (this.settings.initialWindow + stream.sendWindowDelta > WINDOW_MAX)
        return Http2Error.FlowControlError;
      this.#sender.flushStream(stream);
    }
    return error;
  }

  #ping(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    if (id !== 0) return this.fail(Http2Error.ProtocolError, 'PING on a stream');
    if (end - start !== PING_PAYLOAD_BYTES)
      return this.fail(Http2Error.FrameSizeError, 'PING of a wrong length');
    if ((flags & FrameFlag.Ack) !== 0) return this.#pong(readUint32(bytes, start));
    if (!this.#pings.ping(this.#nowMs)) return this.fail(Http2Error.EnhanceYourCalm, 'too_many_pings');
    this.#writer.pong(bytes, start);
  }

  #pong(kind: number): void {
    this.#pongs++;
    // The client has seen our first GOAWAY and opens nothing more: now the last stream is known.
    if (kind === PingKind.Drain && this.#draining) this.#writeLastGoAway();
    else this.#spend(FLOOD_COST_CONTROL);
  }

  #goAway(payloadBytes: number, id: number): void {
    if (id !== 0) return this.fail(Http2Error.ProtocolError, 'GOAWAY on a stream');
    if (payloadBytes < 8) return this.fail(Http2Error.FrameSizeError, 'GOAWAY of a wrong length');
    // The peer opens no more streams and closes the connection when it has its replies: nothing to do.
    this.#spend(FLOOD_COST_CONTROL);
  }

  #windowUpdate(bytes: Buffer, start: number, end: number, id: number): void {
    if (end - start !== 4) return this.fail(Http2Error.FrameSizeError, 'WINDOW_UPDATE of a wrong length');
    const increment = readUint32(bytes, start) & WINDOW_MAX;
    if (!this.#spend(FLOOD_COST_CONTROL)) return;
    if (id === 0) {
      if (increment === 0) return this.fail(Http2Error.ProtocolError, 'WINDOW_UPDATE of 0');
      if (!this.#sender.widen(increment))
        this.fail(Http2Error.FlowControlError, 'connection window overflow');
      return;
    }
    if (id > this.#lastStream) return this.fail(Http2Error.ProtocolError, 'WINDOW_UPDATE on an idle stream');
    const stream = this.#streams.get(id);
    if (stream === null) return;
    if (increment === 0) return this.resetStream(stream, Http2Error.ProtocolError);
    if (!this.#sender.widenStream(stream, increment)) this.resetStream(stream, Http2Error.FlowControlError);
  }

  // ---- replies ---------------------------------------------------------------------------------------------

  /** Sends a finished unary reply, see {@link Sender.sendReply}. The stream is over afterwards, now or when the window allows. */
  sendReply(
    stream: Stream<Plan, Call>,
    bytes: Uint8Array,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): boolean {
    this.#pings.forgive();
    const sent = this.#sender.sendReply(stream, bytes, offset, headersBytes, dataBytes, trailersBytes);
    if (sent) this.#finish(stream);
    return sent;
  }

  /** Sends a HEADERS frame with this header block. */
  sendHeaders(stream: Stream<Plan, Call>, block: Uint8Array, endStream: boolean): void {
    this.#pings.forgive();
    const frame = new Uint8Array(FRAME_HEADER_BYTES + block.length);
    const flags = FrameFlag.EndHeaders | (endStream ? FrameFlag.EndStream : 0);
    writeFrameHeader(frame, 0, block.length, FrameType.Headers, flags, stream.id);
    frame.set(block, FRAME_HEADER_BYTES);
    this.#sender.sendFrames(stream, frame, endStream);
  }

  sendData(stream: Stream<Plan, Call>, bytes: Uint8Array, endStream: boolean): void {
    this.#pings.forgive();
    this.#sender.sendData(stream, bytes, endStream);
  }

  /** Ends a stream with an error of this stream alone. */
  resetStream(stream: Stream<Plan, Call>, error: Http2Error): void {
    if (stream.state === StreamState.Closed || !this.#spend(FLOOD_COST_RESET)) return;
    this.#writer.frame32(FrameType.RstStream, stream.id, error);
    this.#cancel(stream, ClosedBy.OurReset);
  }

  /** Ends the connection with an error: what was said so far still goes out, then GOAWAY, then nothing. */
  fail(error: Http2Error, text: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#reader.stop();
    this.#writer.goAway(this.#lastStream, error, text);
  }

  /** Asks the peer for a sign of life; `pongs` counts the answers. */
  sendKeepalivePing(): void {
    this.#writer.ping(PingKind.Keepalive);
  }

  /**
   * Begins an orderly end (section 6.8): a GOAWAY that refuses nothing yet, then a PING; when its answer shows that
   * the peer knows, a second GOAWAY names the last stream. `ended` turns true when all streams are done.
   */
  drain(): void {
    if (this.#draining || this.#failed) return;
    this.#draining = true;
    if (!this.#settingsSeen) return this.#writeLastGoAway();
    this.#writer.goAway(WINDOW_MAX, Http2Error.NoError, '');
    this.#writer.ping(PingKind.Drain);
  }

  #writeLastGoAway(): void {
    if (this.#lastAccepted !== WINDOW_MAX) return;
    this.#lastAccepted = this.#lastStream;
    this.#writer.goAway(this.#lastStream, Http2Error.NoError, '');
  }

  /** The reply is out. A client that is still sending is told that nobody listens any more (section 8.1). */
  #finish(stream: Stream<Plan, Call>): void {
    let how: ClosedBy = ClosedBy.End;
    if (stream.state === StreamState.Open) {
      this.#writer.frame32(FrameType.RstStream, stream.id, Http2Error.NoError);
      how = ClosedBy.OurReset;
    }
    this.#close(stream, how);
  }

  #cancel(stream: Stream<Plan, Call>, how: ClosedBy): void {
    this.#sender.drop(stream);
    this.#close(stream, how);
    this.#handler.cancelled(stream);
  }

  #close(stream: Stream<Plan, Call>, how: ClosedBy): void {
    stream.state = StreamState.Closed;
    this.#streams.remove(stream);
    this.#closed.remember(stream.id, how);
  }

  /** An error of a stream that may not exist. Section 5.4.2 allows RST_STREAM for it but in the idle state. */
  #streamError(id: number, error: Http2Error): void {
    const stream = this.#streams.get(id);
    if (stream !== null) this.resetStream(stream, error);
    else this.#writer.frame32(FrameType.RstStream, id, error);
  }

  #spend(tokens: number): boolean {
    if (this.#flood.spend(tokens, this.#nowMs)) return true;
    this.fail(Http2Error.EnhanceYourCalm, 'too many frames that ask for nothing');
    return false;
  }
}

const NOTHING = Buffer.alloc(0);
const HTTP1_METHOD_BYTES = 8;
const HTTP1_REQUEST = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /;
