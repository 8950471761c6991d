const WIRE_MASK = 7;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Steps through the fields of a protobuf message. */
export class MessageReader {
  /** The number of the field that `next` found. */
  field = 0;
  readonly #bytes: Buffer;
  #position = 0;
  #wire = 0;
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Goes to the next field and reads its number or length. False behind the last one.
   *
   * @throws RangeError when the bytes are no message
   */
  next(): boolean {
    if (this.#position === this.#bytes.length) return false;
    this.#varint();
    this.field = this.#low >>> 3;
    if (this.#high > 0 || this.field === 0)
      throw new RangeError('a field of the reply has a number that cannot be');
    this.#wire = this.#low & WIRE_MASK;
    if (this.#wire === VARINT) this.#varint();
    else if (this.#wire === BYTES) {
      this.#varint();
      this.#skip(this.#high > 0 ? Number.POSITIVE_INFINITY : this.#low);
    } else if (this.#wire === FIXED64) this.#skip(8);
    else if (this.#wire === FIXED32) this.#skip(4);
    else throw new RangeError(`wire type ${this.#wire} is none that a reply has`);
    return true;
  }

  /** Whether it is this field, as a number. One of another kind is unknown, as in protobuf, and passed over. */
  isNumber(field: number): boolean {
    return this.field === field && this.#wire === VARINT;
  }

  /** Whether it is this field, with a length. */
  isBytes(field: number): boolean {
    return this.field === field && this.#wire === BYTES;
  }

  get isTrue(): boolean {
    return this.#low !== 0 || this.#high !== 0;
  }

  /** The number of the field, up to 2^32. */
  get number(): number {
    return this.#low;
  }

  get bigint(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** The text of a field with a length. */
  get text(): string {
    return this.#bytes.toString('utf8', this.#position - this.#low, this.#position);
  }

  /** The message of a field with a length. */
  get message(): MessageReader {
    return new MessageReader(this.#bytes.subarray(this.#position - this.#low, this.#position));
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#position === this.#bytes.length) throw new RangeError('the reply is cut off');
      const byte = this.#bytes[this.#position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new RangeError('a number of the reply is longer than ten bytes');
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.#position) throw new RangeError('the reply is cut off');
    this.#position += count;
  }
}
