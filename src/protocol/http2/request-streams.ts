import { Limits } from '../../base/limits.ts';
import { ClosedBy, ClosedStreams } from './closed-streams.ts';
import type { ConnectionEnd } from './connection-end.ts';
import type { ControlWriter } from './control-writer.ts';
import { Http2Error } from './error-code.ts';
import { CONTROL_FRAME_COST } from './flood-guard.ts';
import { FrameFlag, FrameType, readUint32 } from './frame.ts';
import { HeadCache } from './head-cache.ts';
import type { HeaderBlockSink } from './header-frames.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Sender } from './sender.ts';
import { Stream, StreamState } from './stream.ts';
import type { StreamHandler } from './stream-handler.ts';
import { StreamTable } from './stream-table.ts';

/** The price of a header list beyond what was announced: a block of a few bytes can stand for megabytes. */
const LARGE_LIST_COST = 100;

/** The requests of a connection: what opens, fills and ends their streams (RFC 9113 sections 5.1 and 8.1). */
export class RequestStreams<Plan, Call> implements HeaderBlockSink {
  readonly table = new StreamTable<Plan, Call>();
  readonly #handler: StreamHandler<Plan, Call>;
  readonly #end: ConnectionEnd;
  readonly #writer: ControlWriter;
  readonly #sender: Sender<Plan, Call>;
  readonly #closed = new ClosedStreams();
  readonly #heads = new HeadCache<Plan>();
  readonly #window: ReceiveWindow;

  constructor(
    handler: StreamHandler<Plan, Call>,
    end: ConnectionEnd,
    writer: ControlWriter,
    sender: Sender<Plan, Call>,
  ) {
    this.#handler = handler;
    this.#end = end;
    this.#writer = writer;
    this.#sender = sender;
    this.#window = new ReceiveWindow(writer);
  }

  // ---- frames ----------------------------------------------------------------------------------------------

  headerBlock(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    selfDependent: boolean,
  ): void {
    if (streamId <= this.#end.lastStream) return this.#laterBlock(streamId, bytes, start, end, endStream);
    const head = this.#heads.read(bytes, start, end);
    if (head === null) return this.#failCompression();
    this.#end.lastStream = streamId;
    // After GOAWAY, streams above its last one are ignored (section 6.8); the table of HPACK stayed in step.
    if (streamId > this.#end.lastAccepted) return;
    if (head.tooLarge && !this.#end.spend(LARGE_LIST_COST)) return;
    const malformed = head.malformed !== null || selfDependent || (endStream && head.contentLength > 0);
    if (malformed) return this.#decline(streamId, Http2Error.ProtocolError);
    if (this.#isFull()) return this.#decline(streamId, Http2Error.RefusedStream);
    const stream = new Stream<Plan, Call>(streamId, head.contentLength);
    if (endStream) stream.state = StreamState.HalfClosedRemote;
    this.table.add(stream);
    this.#handler.opened(stream, head, endStream);
  }

  data(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    const frameBytes = end - start;
    if ((flags & FrameFlag.Padded) !== 0) {
      // Section 4.2: too small to contain mandatory frame data.
      if (frameBytes === 0) return this.#end.fail(Http2Error.FrameSizeError, 'DATA of a wrong length');
      const padding = bytes[start]!;
      // Section 6.1: padding as long as the payload or longer is a connection error.
      if (padding >= frameBytes) return this.#end.fail(Http2Error.ProtocolError, 'padding exceeds the frame');
      start++;
      end -= padding;
    }
    this.#window.consume(frameBytes);
    const stream = this.table.get(id);
    if (stream === null) return this.#dataOnClosed(id);
    if (stream.state !== StreamState.Open) return this.reset(stream, Http2Error.StreamClosed);
    const last = (flags & FrameFlag.EndStream) !== 0;
    // Only DATA that brings something or ends something is work; the rest is a flood if there is much of it.
    if (end === start && !last && !this.#end.spend(CONTROL_FRAME_COST)) return;
    stream.receivedBytes += end - start;
    const { contentLength } = stream;
    if (
      contentLength >= 0 &&
      (stream.receivedBytes > contentLength || (last && stream.receivedBytes !== contentLength))
    ) {
      // RFC 9113 section 8.1.1: a content-length that does not equal the sum of the DATA is malformed.
      return this.reset(stream, Http2Error.ProtocolError);
    }
    if (last) stream.state = StreamState.HalfClosedRemote;
    else this.#window.consumeStream(stream, frameBytes);
    this.#handler.received(stream, bytes, start, end, last);
  }

  rstStream(bytes: Buffer, start: number, end: number, id: number): void {
    if (end - start !== 4) return this.#end.fail(Http2Error.FrameSizeError, 'RST_STREAM of a wrong length');
    if (this.#end.isIdle(id)) return this.#end.fail(Http2Error.ProtocolError, 'RST_STREAM on an idle stream');
    if (!this.#end.spend(CONTROL_FRAME_COST)) return;
    const stream = this.table.get(id);
    if (stream !== null) this.#cancel(stream, ClosedBy.PeerReset);
    else if (readUint32(bytes, start) === Http2Error.Cancel) this.#cancelClosed(id);
  }

  // ---- ends ------------------------------------------------------------------------------------------------

  /** The reply is out. A client that is still sending is told that nobody listens any more (section 8.1). */
  finish(stream: Stream<Plan, Call>): void {
    let how: ClosedBy = ClosedBy.End;
    if (stream.state === StreamState.Open) {
      this.#writer.frame32(FrameType.RstStream, stream.id, Http2Error.NoError);
      how = ClosedBy.OurReset;
    }
    this.#close(stream, how);
  }

  /** Ends a stream with an error of this stream alone (section 5.4.2). */
  reset(stream: Stream<Plan, Call>, error: Http2Error): void {
    if (stream.state === StreamState.Closed || !this.#end.spend(CONTROL_FRAME_COST)) return;
    this.#writer.frame32(FrameType.RstStream, stream.id, error);
    this.#cancel(stream, ClosedBy.OurReset);
  }

  /** A block on a stream that was opened before: trailers, or an error. */
  #laterBlock(id: number, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const trailers = this.#heads.readTrailers(bytes, start, end);
    if (trailers === null) return this.#failCompression();
    const stream = this.table.get(id);
    if (stream === null) return this.#headersOnClosed(id);
    if (stream.state !== StreamState.Open) return this.reset(stream, Http2Error.StreamClosed);
    const { contentLength } = stream;
    const incomplete = contentLength >= 0 && contentLength !== stream.receivedBytes;
    // Section 8.1: a second field block without END_STREAM is malformed.
    if (!endStream || trailers.malformed !== null || incomplete)
      return this.reset(stream, Http2Error.ProtocolError);
    stream.state = StreamState.HalfClosedRemote;
    this.#handler.received(stream, NOTHING, 0, 0, true);
  }

  #headersOnClosed(id: number): void {
    const how = this.#closed.find(id);
    // Section 5.1: the peer may not know yet that we have reset the stream.
    if (how === ClosedBy.OurReset || id > this.#end.lastAccepted) {
      this.#end.spend(CONTROL_FRAME_COST);
      return;
    }
    // Section 5.1.1: a new stream's id must be greater than all before; a stream that has ended stays closed.
    if (how !== ClosedBy.Unknown) this.#end.fail(Http2Error.StreamClosed, 'HEADERS on a closed stream');
    else this.#end.fail(Http2Error.ProtocolError, 'stream identifier out of order');
  }

  #dataOnClosed(id: number): void {
    if (this.#end.isIdle(id)) return this.#end.fail(Http2Error.ProtocolError, 'DATA on an idle stream');
    if (!this.#end.spend(CONTROL_FRAME_COST) || id > this.#end.lastAccepted) return;
    if (this.#closed.find(id) === ClosedBy.OurReset) return;
    this.#writer.frame32(FrameType.RstStream, id, Http2Error.StreamClosed);
  }

  /**
   * The reply was on its way when the peer gave its request up: had it seen END_STREAM, it would have nothing to
   * reset. Of streams that ended otherwise the handler knows.
   */
  #cancelClosed(id: number): void {
    const how = this.#closed.find(id);
    if (how === ClosedBy.End || how === ClosedBy.Unknown) this.#handler.cancelledLate(id);
  }

  /** A peer that keeps its windows shut may not pile up replies without end. */
  #isFull(): boolean {
    return this.table.size >= Limits.streamsMax || this.#sender.queuedBytes > Limits.outputBytesPause;
  }

  /** Turns a request down before it has a stream. */
  #decline(id: number, error: Http2Error): void {
    if (!this.#end.spend(CONTROL_FRAME_COST)) return;
    this.#closed.remember(id, ClosedBy.OurReset);
    this.#writer.frame32(FrameType.RstStream, id, error);
  }

  #failCompression(): void {
    this.#end.fail(Http2Error.CompressionError, `HPACK: ${this.#heads.error}`);
  }

  #cancel(stream: Stream<Plan, Call>, how: ClosedBy): void {
    this.#sender.drop(stream);
    this.#close(stream, how);
    this.#handler.cancelled(stream);
  }

  #close(stream: Stream<Plan, Call>, how: ClosedBy): void {
    stream.state = StreamState.Closed;
    this.table.remove(stream);
    this.#closed.remember(stream.id, how);
  }
}

const NOTHING = Buffer.alloc(0);
