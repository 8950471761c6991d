import { Buffer } from 'node:buffer';
import { readByteString } from '../protobuf/byte-string.ts';
import { HpackError } from './hpack-error.ts';
import { huffmanDecode, huffmanDecodedBytesMax } from './huffman-decode.ts';

const noBytes = Buffer.alloc(0);

/** Integers have at most this many bytes after the first: 28 bits, more than any length or index can need. */
const continuationBytesMax = 4;

/**
 * Where Huffman strings are decoded to before they become strings. One for the whole thread, since nothing but a
 * single readString uses it; it grows with the longest string seen, which the longest header block bounds.
 */
let scratch = Buffer.allocUnsafeSlow(1024);

/** A cursor over one header block: the primitives of RFC 7541 section 5. */
export class BlockReader {
  position = 0;
  end = 0;
  /** Why the last read failed. */
  error: HpackError = HpackError.Truncated;
  #bytes: Buffer = noBytes;

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.end = end;
  }

  /** Lets go of the bytes, so that an idle connection does not keep a read buffer alive. */
  close(): void {
    this.#bytes = noBytes;
  }

  /** The byte at the cursor, which must be before the end. */
  peek(): number {
    return this.#bytes[this.position]!;
  }

  /**
   * Reads an integer (section 5.1) whose prefix is the bits of `prefixMask` in the byte at the cursor, which must be
   * before the end. Returns -1 if it is cut off or too large, and says which in `error`.
   */
  readInteger(prefixMask: number): number {
    let value = this.#bytes[this.position++]! & prefixMask;
    if (value < prefixMask) return value;
    for (let shift = 0; shift < continuationBytesMax * 7; shift += 7) {
      if (this.position === this.end) return this.#failInteger(HpackError.Truncated);
      const byte = this.#bytes[this.position++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.#failInteger(HpackError.IntegerTooLarge);
  }

  /** Reads a string (section 5.2) as a byte string. Returns null if it is malformed, and says why in `error`. */
  readString(): string | null {
    if (this.position === this.end) return this.#failString(HpackError.Truncated);
    const huffman = this.peek() >= 0x80;
    const length = this.readInteger(0x7f);
    if (length < 0) return null;
    if (length > this.end - this.position) return this.#failString(HpackError.Truncated);
    const start = this.position;
    this.position += length;
    if (!huffman) return readByteString(this.#bytes, start, this.position);

    const decodedBytesMax = huffmanDecodedBytesMax(length);
    if (decodedBytesMax > scratch.length) scratch = Buffer.allocUnsafeSlow(decodedBytesMax);
    const decodedBytes = huffmanDecode(this.#bytes, start, this.position, scratch);
    if (decodedBytes < 0) return this.#failString(HpackError.HuffmanInvalid);
    return readByteString(scratch, 0, decodedBytes);
  }

  #failInteger(error: HpackError): -1 {
    this.error = error;
    return -1;
  }

  #failString(error: HpackError): null {
    this.error = error;
    return null;
  }
}
