/** The frame types of RFC 9113 section 6. */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** The frame flags of RFC 9113 section 6. EndStream and Ack share a bit: they belong to different types. */
export const FrameFlag = { EndStream: 0x1, Ack: 0x1, EndHeaders: 0x4, Padded: 0x8, Priority: 0x20 } as const;

export const FRAME_HEADER_BYTES = 9;

/** What a client sends first, RFC 9113 section 3.4. */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** The largest flow-control window, RFC 9113 section 6.9.1. */
export const WINDOW_MAX = 2 ** 31 - 1;

/** The window of a connection and of a stream before anything is negotiated, RFC 9113 section 6.9.2. */
export const DEFAULT_WINDOW = 65_535;

export const DEFAULT_FRAME_BYTES_MAX = 16_384;

/** Writes a frame header at `position` and returns the position behind it. */
export function writeFrameHeader(
  out: Uint8Array,
  position: number,
  payloadBytes: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  out[position] = payloadBytes >>> 16;
  out[position + 1] = payloadBytes >>> 8;
  out[position + 2] = payloadBytes;
  out[position + 3] = type;
  out[position + 4] = flags;
  return writeUint32(out, position + 5, streamId);
}

/** Writes 32 bits in network order and returns the position behind them. */
export function writeUint32(out: Uint8Array, position: number, value: number): number {
  out[position] = value >>> 24;
  out[position + 1] = value >>> 16;
  out[position + 2] = value >>> 8;
  out[position + 3] = value;
  return position + 4;
}

/** Reads 32 bits in network order, unsigned. */
export function readUint32(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position]! << 24) |
      (bytes[position + 1]! << 16) |
      (bytes[position + 2]! << 8) |
      bytes[position + 3]!) >>>
    0
  );
}
