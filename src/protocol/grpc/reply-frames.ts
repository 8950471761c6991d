import { GrpcStatus } from '../../contract/grpc-status.ts';
import { encodeHeaderBlock } from '../hpack/encoder.ts';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, writeFrameHeader } from '../http2/frame.ts';
import { percentEncode } from './percent-encoding.ts';

/** Every message is preceded by a compression flag and its length. Source: gRPC over HTTP2, Length-Prefixed-Message. */
export const MESSAGE_PREFIX_BYTES = 5;

/** The head of every reply that carries a message. */
export const REPLY_HEADER_BLOCK = encodeHeaderBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);

const OK_TRAILER_BLOCK = encodeHeaderBlock([['grpc-status', '0']]);

/** The three parts of a unary reply with status OK: how long each is, given the message's length. */
export const REPLY_HEADERS_BYTES = FRAME_HEADER_BYTES + REPLY_HEADER_BLOCK.length;
export const REPLY_TRAILERS_BYTES = FRAME_HEADER_BYTES + OK_TRAILER_BLOCK.length;
const REPLY_PREFIX_BYTES = REPLY_HEADERS_BYTES + FRAME_HEADER_BYTES + MESSAGE_PREFIX_BYTES;

/** The length of a whole unary reply around a message of `messageBytes`. */
export function unaryReplyBytes(messageBytes: number): number {
  return REPLY_PREFIX_BYTES + messageBytes + REPLY_TRAILERS_BYTES;
}

/** A reply's frames up to where its message begins, for stream 0: what changes from reply to reply is patched in. */
const PREFIX = encodePrefix();
const TRAILERS = encodeTrailers();

function encodePrefix(): Uint8Array {
  const out = new Uint8Array(REPLY_PREFIX_BYTES);
  const { length } = REPLY_HEADER_BLOCK;
  let position = writeFrameHeader(out, 0, length, FrameType.Headers, FrameFlag.EndHeaders, 0);
  out.set(REPLY_HEADER_BLOCK, position);
  position += length;
  writeFrameHeader(out, position, 0, FrameType.Data, 0, 0);
  return out;
}

function encodeTrailers(): Uint8Array {
  const out = new Uint8Array(REPLY_TRAILERS_BYTES);
  const flags = FrameFlag.EndHeaders | FrameFlag.EndStream;
  const position = writeFrameHeader(out, 0, OK_TRAILER_BLOCK.length, FrameType.Headers, flags, 0);
  out.set(OK_TRAILER_BLOCK, position);
  return out;
}

/** Writes the frames before the message and returns where the message begins. */
export function writeReplyPrefix(
  out: Uint8Array,
  position: number,
  streamId: number,
  messageBytes: number,
): number {
  for (let i = 0; i < REPLY_PREFIX_BYTES; i++) out[position + i] = PREFIX[i]!;
  patchStreamId(out, position, streamId);
  const data = position + REPLY_HEADERS_BYTES;
  writeFrameHeader(out, data, MESSAGE_PREFIX_BYTES + messageBytes, FrameType.Data, 0, streamId);
  writeMessageLength(out, data + FRAME_HEADER_BYTES, messageBytes);
  return position + REPLY_PREFIX_BYTES;
}

/** Writes the frame behind the message and returns the position behind it. */
export function writeReplyTrailers(out: Uint8Array, position: number, streamId: number): number {
  for (let i = 0; i < REPLY_TRAILERS_BYTES; i++) out[position + i] = TRAILERS[i]!;
  patchStreamId(out, position, streamId);
  return position + REPLY_TRAILERS_BYTES;
}

/** Puts the length prefix before a message for a DATA frame of its own. */
export function prefixMessage(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(MESSAGE_PREFIX_BYTES + message.length);
  writeMessageLength(out, 0, message.length);
  out.set(message, MESSAGE_PREFIX_BYTES);
  return out;
}

/** The header block of a reply without a message: gRPC's Trailers-Only, also for streams that failed before their first message. */
export function trailersOnlyBlock(status: GrpcStatus, message: string): Uint8Array {
  return encodeHeaderBlock([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ...statusFields(status, message),
  ]);
}

/** The block behind the messages of a streaming reply. */
export function trailerBlock(status: GrpcStatus, message: string): Uint8Array {
  return status === GrpcStatus.Ok ? OK_TRAILER_BLOCK : encodeHeaderBlock(statusFields(status, message));
}

/** gRPC's status in header fields. The text is percent-encoded and cut, so that it fits every peer's header list. */
export function statusFields(status: GrpcStatus, message: string): [name: string, value: string][] {
  const fields: [string, string][] = [['grpc-status', String(status)]];
  if (message !== '') fields.push(['grpc-message', percentEncode(message.slice(0, STATUS_TEXT_MAX))]);
  return fields;
}

/** A HEADERS frame that ends its stream, as finished bytes for any stream. */
export function endingHeadersFrame(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(FRAME_HEADER_BYTES + block.length);
  const flags = FrameFlag.EndHeaders | FrameFlag.EndStream;
  out.set(block, writeFrameHeader(out, 0, block.length, FrameType.Headers, flags, 0));
  return out;
}

/** Writes a frame made by {@link endingHeadersFrame} for this stream. Returns the position behind it. */
export function writeEndingFrame(
  out: Uint8Array,
  position: number,
  frame: Uint8Array,
  streamId: number,
): number {
  out.set(frame, position);
  patchStreamId(out, position, streamId);
  return position + frame.length;
}

const STATUS_TEXT_MAX = 512;

function patchStreamId(out: Uint8Array, frame: number, streamId: number): void {
  out[frame + 5] = streamId >>> 24;
  out[frame + 6] = streamId >>> 16;
  out[frame + 7] = streamId >>> 8;
  out[frame + 8] = streamId;
}

function writeMessageLength(out: Uint8Array, position: number, bytes: number): void {
  out[position] = 0;
  out[position + 1] = bytes >>> 24;
  out[position + 2] = bytes >>> 16;
  out[position + 3] = bytes >>> 8;
  out[position + 4] = bytes;
}
