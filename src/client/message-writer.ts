const VARINT = 0;
const BYTES = 2;
/** A tag of three bytes, and a length or a number of five. */
const FIELD_BYTES_MAX = 13;

/** Writes the few kinds of protobuf fields that requests have. Defaults are not written, as proto3 has it. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  /** Begins anew, also where a message before was not finished because something of it could not be written. */
  begin(): this {
    this.#length = 0;
    return this;
  }

  string(field: number, text: string): this {
    if (text === '') return this;
    const length = Buffer.byteLength(text);
    this.#reserve(FIELD_BYTES_MAX + length);
    this.#varint((field << 3) | BYTES);
    this.#varint(length);
    this.#length += this.#bytes.write(text, this.#length);
    return this;
  }

  bytes(field: number, bytes: Uint8Array): this {
    if (bytes.length === 0) return this;
    this.#reserve(FIELD_BYTES_MAX + bytes.length);
    this.#varint((field << 3) | BYTES);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): this {
    return value === 0 ? this : this.present(field, value);
  }

  /** The same, written also when it is 0. */
  present(field: number, value: number): this {
    this.#reserve(FIELD_BYTES_MAX);
    this.#varint((field << 3) | VARINT);
    this.#varint(value);
    return this;
  }

  /** What was written; the writer begins anew. */
  finish(): Buffer {
    const message = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return message;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
