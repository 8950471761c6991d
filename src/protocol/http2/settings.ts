import { Limits } from '../../base/limits.ts';
import { Http2Error } from './error-code.ts';
import {
  DEFAULT_FRAME_BYTES_MAX,
  DEFAULT_WINDOW,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint32,
  WINDOW_MAX,
  writeFrameHeader,
  writeUint32,
} from './frame.ts';

/** The settings of RFC 9113 section 6.5.2. */
const SettingId = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
} as const;

/** The size of a dynamic table before anything is said (section 6.5.2). */
const DEFAULT_TABLE_BYTES = 4096;

/** What the peer has told us of itself. Only what changes how we write is kept. */
export class PeerSettings {
  initialWindow = DEFAULT_WINDOW;
  frameBytesMax = DEFAULT_FRAME_BYTES_MAX;
  /**
   * The next header block has to say that our dynamic table is empty. Our encoder uses none, but a peer that makes
   * its table smaller must be told so once (RFC 9113 section 4.3.1); nghttp2 fails the connection otherwise.
   */
  tableUpdateDue = false;
  #tableUpdateSeen = false;

  /** Takes one setting. Returns the connection error that its value is, or NoError. Unknown settings are ignored. */
  apply(id: number, value: number): Http2Error {
    switch (id) {
      case SettingId.HeaderTableSize:
        if (value < DEFAULT_TABLE_BYTES && !this.#tableUpdateSeen) {
          this.tableUpdateDue = true;
          this.#tableUpdateSeen = true;
        }
        return Http2Error.NoError;
      case SettingId.EnablePush:
        // RFC 9113 section 6.5.2: any value other than 0 or 1 is a connection error of type PROTOCOL_ERROR.
        return value > 1 ? Http2Error.ProtocolError : Http2Error.NoError;
      case SettingId.InitialWindowSize:
        // Section 6.5.2: values above 2^31-1 are a connection error of type FLOW_CONTROL_ERROR.
        if (value > WINDOW_MAX) return Http2Error.FlowControlError;
        this.initialWindow = value;
        return Http2Error.NoError;
      case SettingId.MaxFrameSize:
        if (value < DEFAULT_FRAME_BYTES_MAX || value > 2 ** 24 - 1) return Http2Error.ProtocolError;
        this.frameBytesMax = value;
        return Http2Error.NoError;
      default:
        return Http2Error.NoError;
    }
  }

  /** Applies the payload of a SETTINGS frame, whose length the caller has checked to be a multiple of 6. */
  applyPayload(bytes: Uint8Array, start: number, end: number): Http2Error {
    for (let position = start; position < end; position += 6) {
      const id = (bytes[position]! << 8) | bytes[position + 1]!;
      const error = this.apply(id, readUint32(bytes, position + 2));
      if (error !== Http2Error.NoError) return error;
    }
    return Http2Error.NoError;
  }
}

/** What a server says first: its SETTINGS, and the connection's window widened from the default of 64 KiB - 1. */
export const SERVER_PREFACE = encodeServerPreface();

function encodeServerPreface(): Uint8Array {
  const settings: readonly (readonly [number, number])[] = [
    [SettingId.HeaderTableSize, Limits.headerTableBytesMax],
    [SettingId.MaxConcurrentStreams, Limits.streamsMax],
    [SettingId.InitialWindowSize, Limits.streamWindowBytes],
    [SettingId.MaxFrameSize, Limits.frameBytesMax],
    [SettingId.MaxHeaderListSize, Limits.headerListBytesMax],
  ];
  const out = new Uint8Array(2 * FRAME_HEADER_BYTES + settings.length * 6 + 4);
  let position = writeFrameHeader(out, 0, settings.length * 6, FrameType.Settings, 0, 0);
  for (const [id, value] of settings) {
    out[position] = 0;
    out[position + 1] = id;
    position = writeUint32(out, position + 2, value);
  }
  position = writeFrameHeader(out, position, 4, FrameType.WindowUpdate, 0, 0);
  writeUint32(out, position, Limits.connectionWindowBytes - DEFAULT_WINDOW);
  return out;
}

export const SETTINGS_ACK = Uint8Array.of(0, 0, 0, FrameType.Settings, FrameFlag.Ack, 0, 0, 0, 0);
