import { ConnectionEnd } from './connection-end.ts';
import { ControlFrames } from './control-frames.ts';
import { ControlWriter, PingKind } from './control-writer.ts';
import { Http2Error } from './error-code.ts';
import { CONTROL_FRAME_COST, FloodGuard } from './flood-guard.ts';
import {
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint32,
  WINDOW_MAX,
  writeFrameHeader,
} from './frame.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { HeaderFrames } from './header-frames.ts';
import type { Output } from './output.ts';
import { PingPolicy } from './ping-policy.ts';
import { RequestStreams } from './request-streams.ts';
import { Sender } from './sender.ts';
import { PeerSettings } from './settings.ts';
import { type Stream, StreamState } from './stream.ts';
import type { StreamHandler } from './stream-handler.ts';

/**
 * The server's side of one HTTP/2 connection (RFC 9113): bytes in, calls of a {@link StreamHandler} and output
 * bytes out. It knows no socket and no clock; whoever owns the socket feeds it, writes its output, and closes the
 * socket once `ended` says that a connection error or a drain has come to its end.
 */
export class Http2Connection<Plan, Call> implements FrameSink {
  readonly #handler: StreamHandler<Plan, Call>;
  readonly #reader = new FrameReader(this);
  readonly #writer: ControlWriter;
  readonly #flood: FloodGuard;
  readonly #end: ConnectionEnd;
  readonly #sender: Sender<Plan, Call>;
  readonly #streams: RequestStreams<Plan, Call>;
  readonly #headers: HeaderFrames;
  readonly #control: ControlFrames<Plan, Call>;
  readonly #pings = new PingPolicy();
  #nowMs: number;

  constructor(handler: StreamHandler<Plan, Call>, output: Output, nowMs: number) {
    this.#handler = handler;
    this.#nowMs = nowMs;
    this.#writer = new ControlWriter(output);
    this.#flood = new FloodGuard(nowMs);
    this.#end = new ConnectionEnd(this.#writer, this.#flood);
    const settings = new PeerSettings();
    this.#sender = new Sender(output, settings, (stream) => this.#sent(stream));
    this.#streams = new RequestStreams(handler, this.#end, this.#writer, this.#sender);
    this.#headers = new HeaderFrames(this.#end, this.#streams);
    this.#control = new ControlFrames(
      this.#end,
      this.#writer,
      settings,
      this.#sender,
      this.#streams,
      this.#pings,
    );
  }

  /** True once nothing more will be read or answered: the output that is left has to be written, then the socket closed. */
  get ended(): boolean {
    return this.#end.failed || (this.#end.lastStreamKnown && this.#streams.table.size === 0);
  }

  /** True when that is because of an error of the peer's, so that it may go on sending for as long as it likes. */
  get failed(): boolean {
    return this.#end.failed;
  }

  /** Once it has failed: with which error, and what the peer was told. */
  get error(): Http2Error {
    return this.#end.error;
  }

  get reason(): string {
    return this.#end.reason;
  }

  get paused(): boolean {
    return this.#reader.paused;
  }

  get openStreams(): number {
    return this.#streams.table.size;
  }

  /** True once the client's preface and its first SETTINGS have arrived. */
  get established(): boolean {
    return this.#control.settingsSeen;
  }

  /** True while the peer sends so much that asks for nothing that it should be read more slowly, before it is cut off. */
  get strained(): boolean {
    return this.#flood.isStrained();
  }

  /** Bytes of replies that wait for the peer's window. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  /** The open streams, in no order. */
  listStreams(): Stream<Plan, Call>[] {
    return this.#streams.table.list();
  }

  stream(id: number): Stream<Plan, Call> | null {
    return this.#streams.table.get(id);
  }

  /** Takes what a read gave. While `paused`, only keeps it: the owner stops reading then, so that is one read at most. */
  receive(chunk: Buffer, nowMs: number): void {
    this.#advance(nowMs);
    this.#reader.receive(chunk);
  }

  /** The handler asks to see nothing more for now, because it cannot take it. Takes effect behind the current frame. */
  pause(): void {
    this.#reader.pause();
  }

  /** Goes on where `pause` stopped. */
  resume(nowMs: number): void {
    this.#advance(nowMs);
    this.#reader.resume();
  }

  // ---- what is read ----------------------------------------------------------------------------------------

  /** We speak first as soon as the peer has shown that it understands us. Called by the frame reader. */
  prefaceRead(): void {
    this.#writer.preface();
  }

  /** The first bytes are neither HTTP/2 nor HTTP/1. Called by the frame reader. */
  garbageRead(): void {
    // Section 3.4: SETTINGS are the first frame of a server, whatever comes next.
    this.#writer.preface();
    this.fail(Http2Error.ProtocolError, 'invalid connection preface');
  }

  /** Whoever looks with a browser or with curl is told what this port is. Called by the frame reader. */
  http1Read(): void {
    this.#writer.raw(this.#handler.http1Answer);
    this.#end.stop();
    this.#reader.stop();
  }

  /** One whole frame lies in `bytes[start, end)`. Called by the frame reader. */
  frame(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3]!;
    const flags = bytes[start + 4]!;
    // Section 4.1: the reserved bit is ignored.
    const id = readUint32(bytes, start + 5) & WINDOW_MAX;
    if (!this.#control.settingsSeen && type !== FrameType.Settings)
      this.fail(Http2Error.ProtocolError, 'the first frame must be SETTINGS');
    // Section 6.2: a header block is one piece; nothing may stand between its frames.
    else if (
      this.#headers.openStream !== 0 &&
      (type !== FrameType.Continuation || id !== this.#headers.openStream)
    )
      this.fail(Http2Error.ProtocolError, 'frame inside a header block');
    else this.#dispatch(type, flags, id, bytes, start + FRAME_HEADER_BYTES, end);
    if (this.#end.failed) this.#reader.stop();
  }

  #dispatch(type: number, flags: number, id: number, bytes: Buffer, payload: number, end: number): void {
    switch (type) {
      case FrameType.Data:
        return this.#streams.data(bytes, payload, end, flags, id);
      case FrameType.Headers:
        return this.#headers.headers(bytes, payload, end, flags, id);
      case FrameType.Continuation:
        return this.#headers.continuation(bytes, payload, end, flags);
      case FrameType.WindowUpdate:
        return this.#control.windowUpdate(bytes, payload, end, id);
      case FrameType.Ping:
        return this.#control.ping(bytes, payload, end, flags, id, this.#nowMs);
      case FrameType.RstStream:
        return this.#streams.rstStream(bytes, payload, end, id);
      case FrameType.Settings:
        return this.#control.settings(bytes, payload, end, flags, id);
      case FrameType.Priority:
        return this.#control.priority(bytes, payload, end, id);
      case FrameType.GoAway:
        return this.#control.goAway(end - payload, id);
      case FrameType.PushPromise:
        return this.fail(Http2Error.ProtocolError, 'PUSH_PROMISE from a client');
      default:
        // Section 4.1: frames of unknown types are ignored.
        this.#end.spend(CONTROL_FRAME_COST);
    }
  }

  // ---- replies ---------------------------------------------------------------------------------------------

  /**
   * Sends a finished unary reply, see {@link Sender.sendReply}. Returns true when all of it went out and the stream is
   * over; otherwise the rest waits for window, and the handler is told when it was sent.
   */
  sendReply(
    stream: Stream<Plan, Call>,
    bytes: Uint8Array,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): boolean {
    this.#pings.forgive();
    if (!this.#sender.sendReply(stream, bytes, offset, headersBytes, dataBytes, trailersBytes))
      return stream.state === StreamState.Closed;
    this.#finish(stream);
    return true;
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

  // ---- ends ------------------------------------------------------------------------------------------------

  /** Ends the connection with an error: what was said so far still goes out, then GOAWAY, then nothing. */
  fail(error: Http2Error, text: string): void {
    this.#end.fail(error, text);
    this.#reader.stop();
  }

  /** Asks the peer for a sign of life. */
  sendKeepalivePing(): void {
    this.#writer.ping(PingKind.Keepalive);
  }

  /** Begins an orderly end, see {@link ConnectionEnd}. `ended` turns true when all streams are done. */
  drain(): void {
    this.#writer.preface();
    this.#end.drain(this.established);
  }

  #advance(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#flood.advance(nowMs);
  }

  #sent(stream: Stream<Plan, Call>): void {
    this.#finish(stream);
    this.#handler.sent(stream);
  }

  #finish(stream: Stream<Plan, Call>): void {
    this.#flood.earn();
    this.#streams.finish(stream);
  }
}
