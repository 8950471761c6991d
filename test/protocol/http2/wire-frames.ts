import { encodeHeaderBlock } from '../../../src/protocol/hpack/encoder.ts';
import { CLIENT_PREFACE, FrameFlag, FrameType, readUint32 } from '../../../src/protocol/http2/frame.ts';

/** Frames as a client writes them, spelled out from RFC 9113 section 4.1, and the frames of an answer. */

export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const NOTHING = Buffer.alloc(0);

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = NOTHING): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A SETTINGS frame of pairs of identifier and value. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(FrameType.Settings, 0, 0, payload);
}

export const SETTINGS_ACK = frame(FrameType.Settings, FrameFlag.Ack, 0);

/** What every client begins with. */
export const OPENING = Buffer.concat([CLIENT_PREFACE, settings()]);

export type Fields = readonly (readonly [name: string, value: string])[];

/** The head of a gRPC call. */
export const POST: Fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/ldlm.LDLM/Lock'],
  [':authority', 'test'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

export const END = FrameFlag.EndStream;

export function headers(streamId: number, fields: Fields = POST, flags = 0): Buffer {
  return frame(FrameType.Headers, flags | FrameFlag.EndHeaders, streamId, encodeHeaderBlock(fields));
}

export function data(streamId: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(FrameType.Data, flags, streamId, Buffer.from(payload));
}

export function padded(
  type: number,
  flags: number,
  streamId: number,
  padding: number,
  rest: Uint8Array,
): Buffer {
  const payload = Buffer.concat([Buffer.of(padding), rest, Buffer.alloc(padding)]);
  return frame(type, flags | FrameFlag.Padded, streamId, payload);
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WindowUpdate, 0, streamId, uint32(increment));
}

export function rstStream(streamId: number, error: number): Buffer {
  return frame(FrameType.RstStream, 0, streamId, uint32(error));
}

export function ping(payload = '8 bytes.', flags = 0): Buffer {
  return frame(FrameType.Ping, flags, 0, Buffer.from(payload, 'latin1'));
}

/** Cuts bytes into frames. Throws when the last one is not whole. */
export function parseFrames(bytes: Buffer): WireFrame[] {
  const frames: WireFrame[] = [];
  let position = 0;
  while (position < bytes.length) {
    const end = position + 9 + bytes.readUIntBE(position, 3);
    if (end > bytes.length) throw new RangeError('the last frame is cut off');
    frames.push({
      type: bytes[position + 3]!,
      flags: bytes[position + 4]!,
      streamId: readUint32(bytes, position + 5),
      payload: bytes.subarray(position + 9, end),
    });
    position = end;
  }
  return frames;
}

/** A frame in a few words, such as `RST_STREAM 1 error 5`, so that expectations can be read. */
export function describeFrame({ type, flags, streamId, payload }: WireFrame): string {
  const last = (flags & FrameFlag.EndStream) !== 0 ? ' END' : '';
  switch (type) {
    case FrameType.Data:
      return `DATA ${streamId} ${payload.length}${last}`;
    case FrameType.Headers:
      return `HEADERS ${streamId}${last}`;
    case FrameType.RstStream:
      return `RST_STREAM ${streamId} error ${payload.readUInt32BE()}`;
    case FrameType.Settings:
      return (flags & FrameFlag.Ack) !== 0 ? 'SETTINGS ACK' : 'SETTINGS';
    case FrameType.Ping:
      return `PING${(flags & FrameFlag.Ack) !== 0 ? ' ACK' : ''} ${payload.toString('latin1')}`;
    case FrameType.GoAway:
      return `GOAWAY ${payload.readUInt32BE()} error ${payload.readUInt32BE(4)} ${payload.toString('latin1', 8)}`.trim();
    case FrameType.WindowUpdate:
      return `WINDOW_UPDATE ${streamId} ${payload.readUInt32BE()}`;
    default:
      return `type ${type}`;
  }
}
