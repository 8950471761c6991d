import { isUtf8 } from 'node:buffer';

// Two methods that Node.js has had since its beginnings without listing them in its documentation. They spare
// `toString` and `write` their look at the encoding's name, a third of the time that a short name takes.
declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string;
    latin1Write(text: string, offset: number, length: number): number;
  }
}

/** Up to this length a loop in JavaScript beats the call into Node.js. */
const asciiLoopBytesMax = 64;
const writeLoopBytesMax = 16;

/** The bytes from `start` to `end` as a byte string: one character per byte. */
export function readByteString(bytes: Buffer, start: number, end: number): string {
  return start === end ? '' : bytes.latin1Slice(start, end);
}

/** Writes a byte string back as the bytes it stands for. Returns the position after it. */
export function writeByteString(out: Buffer, position: number, text: string): number {
  const length = text.length;
  if (length > writeLoopBytesMax) return position + out.latin1Write(text, position, length);
  for (let i = 0; i < length; i++) out[position + i] = text.charCodeAt(i);
  return position + length;
}

/** Whether the bytes from `start` to `end` are valid UTF-8. */
export function isUtf8Text(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= asciiLoopBytesMax) {
    let bits = 0;
    for (let i = start; i < end; i++) bits |= bytes[i]!;
    if (bits < 0x80) return true;
  }
  return isUtf8(bytes.subarray(start, end));
}
