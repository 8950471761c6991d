import type { ConnectionEnd } from './connection-end.ts';
import { type ControlWriter, PING_PAYLOAD_BYTES, PingKind } from './control-writer.ts';
import { Http2Error } from './error-code.ts';
import { CONTROL_FRAME_COST } from './flood-guard.ts';
import { FrameFlag, FrameType, readUint32, WINDOW_MAX } from './frame.ts';
import type { PingPolicy } from './ping-policy.ts';
import type { RequestStreams } from './request-streams.ts';
import type { Sender } from './sender.ts';
import type { PeerSettings } from './settings.ts';

/** So many streams may have their window moved by a SETTINGS frame at the price of one more frame. */
const STREAMS_PER_COST = 16;

/** The frames that manage a connection rather than carry a request: SETTINGS, PING, GOAWAY, WINDOW_UPDATE, PRIORITY. */
export class ControlFrames<Plan, Call> {
  /** True once the peer's first SETTINGS have arrived. */
  settingsSeen = false;
  readonly #end: ConnectionEnd;
  readonly #writer: ControlWriter;
  readonly #settings: PeerSettings;
  readonly #sender: Sender<Plan, Call>;
  readonly #streams: RequestStreams<Plan, Call>;
  readonly #pings: PingPolicy;

  constructor(
    end: ConnectionEnd,
    writer: ControlWriter,
    settings: PeerSettings,
    sender: Sender<Plan, Call>,
    streams: RequestStreams<Plan, Call>,
    pings: PingPolicy,
  ) {
    this.#end = end;
    this.#writer = writer;
    this.#settings = settings;
    this.#sender = sender;
    this.#streams = streams;
    this.#pings = pings;
  }

  settings(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    if (id !== 0) return this.#end.fail(Http2Error.ProtocolError, 'SETTINGS on a stream');
    if ((flags & FrameFlag.Ack) !== 0) {
      if (end !== start) this.#end.fail(Http2Error.FrameSizeError, 'SETTINGS acknowledgement with a payload');
      else if (!this.settingsSeen)
        this.#end.fail(Http2Error.ProtocolError, 'the first frame must be SETTINGS');
      else this.#end.spend(CONTROL_FRAME_COST);
      return;
    }
    if ((end - start) % 6 !== 0)
      return this.#end.fail(Http2Error.FrameSizeError, 'SETTINGS of a wrong length');
    // Each setting costs as much as a frame: one frame may carry two thousand.
    if (!this.#end.spend(CONTROL_FRAME_COST + (end - start) / 6)) return;
    const before = this.#settings.initialWindow;
    const error = this.#settings.applyPayload(bytes, start, end);
    if (error !== Http2Error.NoError) return this.#end.fail(error, 'invalid setting');
    this.settingsSeen = true;
    // Section 6.5.3: acknowledged at once, so before anything that the new values let go.
    this.#writer.settingsAck();
    if (this.#settings.initialWindow > before) this.#widenAllStreams();
  }

  ping(bytes: Buffer, start: number, end: number, flags: number, id: number, nowMs: number): void {
    if (id !== 0) return this.#end.fail(Http2Error.ProtocolError, 'PING on a stream');
    if (end - start !== PING_PAYLOAD_BYTES)
      return this.#end.fail(Http2Error.FrameSizeError, 'PING of a wrong length');
    if ((flags & FrameFlag.Ack) !== 0) return this.#pong(readUint32(bytes, start));
    if (!this.#pings.ping(nowMs)) return this.#end.fail(Http2Error.EnhanceYourCalm, 'too_many_pings');
    this.#writer.pong(bytes, start);
  }

  goAway(payloadBytes: number, id: number): void {
    if (id !== 0) return this.#end.fail(Http2Error.ProtocolError, 'GOAWAY on a stream');
    if (payloadBytes < 8) return this.#end.fail(Http2Error.FrameSizeError, 'GOAWAY of a wrong length');
    // The peer opens no more streams and closes the connection when it has its replies: nothing to do.
    this.#end.spend(CONTROL_FRAME_COST);
  }

  windowUpdate(bytes: Buffer, start: number, end: number, id: number): void {
    if (end - start !== 4)
      return this.#end.fail(Http2Error.FrameSizeError, 'WINDOW_UPDATE of a wrong length');
    const increment = readUint32(bytes, start) & WINDOW_MAX;
    if (!this.#end.spend(CONTROL_FRAME_COST)) return;
    if (id !== 0) return this.#widenStream(id, increment);
    if (increment === 0) return this.#end.fail(Http2Error.ProtocolError, 'WINDOW_UPDATE of 0');
    if (!this.#sender.widen(increment))
      this.#end.fail(Http2Error.FlowControlError, 'connection window overflow');
  }

  /** RFC 9113 has dropped priorities; the errors are those of RFC 7540 section 5.3.1 and 6.3. */
  priority(bytes: Buffer, start: number, end: number, id: number): void {
    if (id === 0) return this.#end.fail(Http2Error.ProtocolError, 'PRIORITY on stream 0');
    if (!this.#end.spend(CONTROL_FRAME_COST)) return;
    if (end - start !== 5) this.#refusePriority(id, Http2Error.FrameSizeError);
    else if ((readUint32(bytes, start) & WINDOW_MAX) === id)
      this.#refusePriority(id, Http2Error.ProtocolError);
  }

  #refusePriority(id: number, error: Http2Error): void {
    const stream = this.#streams.table.get(id);
    if (stream !== null) this.#streams.reset(stream, error);
    // RST_STREAM must not be sent for an idle stream (section 6.4), so its error is one of the connection.
    else if (this.#end.isIdle(id)) this.#end.fail(error, 'PRIORITY of a wrong form');
    else this.#writer.frame32(FrameType.RstStream, id, error);
  }

  #widenStream(id: number, increment: number): void {
    if (this.#end.isIdle(id))
      return this.#end.fail(Http2Error.ProtocolError, 'WINDOW_UPDATE on an idle stream');
    const stream = this.#streams.table.get(id);
    if (stream === null) return;
    if (increment === 0) this.#streams.reset(stream, Http2Error.ProtocolError);
    else if (!this.#sender.widenStream(stream, increment))
      this.#streams.reset(stream, Http2Error.FlowControlError);
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE has grown, and with it the window of every open stream (section 6.9.2). */
  #widenAllStreams(): void {
    const { table } = this.#streams;
    if (!this.#end.spend(table.size / STREAMS_PER_COST)) return;
    for (const stream of table.list()) {
      if (this.#settings.initialWindow + stream.sendWindowDelta > WINDOW_MAX)
        return this.#end.fail(Http2Error.FlowControlError, 'stream window overflow');
      this.#sender.flushStream(stream);
    }
  }

  #pong(kind: number): void {
    if (kind === PingKind.Drain) this.#end.nameLastStream();
    this.#end.spend(CONTROL_FRAME_COST);
  }
}
