import { Buffer } from 'node:buffer';
import { LockMode } from '../../contract/lock-mode.ts';
import type { Method } from '../../contract/method.ts';
import { copyBytes } from '../http2/output.ts';
import { writeVarint, writeVarint64 } from '../protobuf/varint.ts';
import { decodeBase64 } from './base64.ts';
import { Byte, isDigit } from './json-byte.ts';
import { JsonCursor } from './json-cursor.ts';
import { IntegerRange, parseInteger } from './json-integer.ts';
import { FieldKind, integerRanges, type RequestField, requestFields } from './request-fields.ts';

/** What a message may need beyond the length of its JSON: the numbers of a request in their longest form. */
const SPARE_BYTES = 128;
const FIRST_BYTES = 4096;
/** So much of a value that is wrong is shown to its sender. */
const SHOWN_BYTES_MAX = 40;

const modes: ReadonlyMap<string, number> = new Map([
  ['EXCLUSIVE', LockMode.Exclusive],
  ['SHARED', LockMode.Shared],
]);

/**
 * Turns the JSON of requests into the protobuf messages that engines take, by protobuf's rules for JSON as LDLM's
 * gateway has them: fields in snake_case or lowerCamelCase, each at most once; whole numbers in any notation, also as a
 * string; null for what is absent; fields that are not known, and all that follows the first value, are passed over.
 */
export class RequestJson {
  /** The message of the last call of {@link encode}, valid until the next one. */
  bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  /** What is wrong with the JSON, when it was refused. */
  error = '';
  readonly #cursor = new JsonCursor();
  readonly #words = { low: 0, high: 0 };
  #position = 0;

  /** Encodes the request of `method` in `json`. Returns the length of the message, or -1 when the JSON is refused. */
  encode(method: Method, json: Buffer): number {
    const cursor = this.#cursor;
    cursor.open(json, 0, json.length);
    this.error = '';
    this.#position = 0;
    if (this.bytes.length < json.length + SPARE_BYTES) this.bytes = Buffer.alloc(json.length + SPARE_BYTES);
    const first = cursor.next();
    // Nothing at all stands for a message without fields.
    if (first < 0) return 0;
    const done = first === Byte.OpenBrace ? this.#readObject(requestFields[method]) : this.#refuseShape();
    cursor.close();
    if (done) return this.#position;
    if (this.error === '') this.error = cursor.fault;
    return -1;
  }

  #readObject(fields: ReadonlyMap<string, RequestField>): boolean {
    const cursor = this.#cursor;
    cursor.position++;
    if (cursor.next() === Byte.CloseBrace) return true;
    let seen = 0;
    for (;;) {
      if (!cursor.readKey()) return false;
      const field = fields.get(this.#shortText());
      if (field === undefined) {
        if (!cursor.skipValue(1)) return false;
      } else {
        if ((seen & field.bit) !== 0) return this.#refuse(`duplicate field ${quote(this.#shortText())}`);
        seen |= field.bit;
        if (!this.#readField(field)) return false;
      }
      const byte = cursor.next();
      if (byte === Byte.CloseBrace) return true;
      if (byte !== Byte.Comma) return cursor.fail('after object key:value pair');
      cursor.position++;
    }
  }

  #readField(field: RequestField): boolean {
    const cursor = this.#cursor;
    const first = cursor.next();
    const start = cursor.position;
    if (first === Byte.OpenBrace || first === Byte.OpenBracket)
      return this.#refuseValue(field, start, start + 1);
    if (!cursor.readScalar()) return false;
    if (first === Byte.LowerN) return true;
    const isString = first === Byte.Quote;
    if (this.#writeValue(field, isString, isString || first === Byte.Minus || isDigit(first))) return true;
    return this.#refuseValue(field, start, cursor.position);
  }

  #writeValue(field: RequestField, isString: boolean, isText: boolean): boolean {
    switch (field.kind) {
      case FieldKind.String:
        return isString && this.#writeText(field.tag);
      case FieldKind.Bytes: {
        const bytes = isString ? decodeBase64(this.#wholeText()) : null;
        return bytes !== null && this.#writeBytes(field.tag, bytes, 0, bytes.length);
      }
      case FieldKind.Mode: {
        const number = isString ? modes.get(this.#shortText()) : undefined;
        if (number !== undefined) return this.#writeNumber(field.tag, 0, number);
        return !isString && isText && this.#writeInteger(field.tag, IntegerRange.Int32, false);
      }
      default:
        return isText && this.#writeInteger(field.tag, integerRanges[field.kind]!, isString);
    }
  }

  #writeInteger(tag: number, range: IntegerRange, isString: boolean): boolean {
    const { bytes, tokenStart, tokenEnd } = this.#cursor;
    // The usual one: a few digits and nothing else.
    if (!isString && tokenEnd - tokenStart <= 9) {
      const value = readDigits(bytes, tokenStart, tokenEnd);
      if (value >= 0) return this.#writeNumber(tag, 0, value);
    }
    const text = isString ? this.#wholeText() : bytes.latin1Slice(tokenStart, tokenEnd);
    if (!parseInteger(text, range, this.#words)) return false;
    return this.#writeNumber(tag, this.#words.high, this.#words.low);
  }

  #writeNumber(tag: number, high: number, low: number): true {
    const position = writeVarint(this.bytes, this.#position, tag);
    this.#position = writeVarint64(this.bytes, position, high, low);
    return true;
  }

  #writeText(tag: number): true {
    const { textBytes, textStart, textEnd } = this.#cursor;
    return this.#writeBytes(tag, textBytes, textStart, textEnd);
  }

  #writeBytes(tag: number, bytes: Uint8Array, start: number, end: number): true {
    let position = writeVarint(this.bytes, this.#position, tag);
    position = writeVarint(this.bytes, position, end - start);
    copyBytes(bytes, start, end, this.bytes, position);
    this.#position = position + end - start;
    return true;
  }

  #wholeText(): string {
    const { textBytes, textStart, textEnd } = this.#cursor;
    return textBytes.latin1Slice(textStart, textEnd);
  }

  /** As much of the text as names of fields have at most, so that a long one of no use is not made a string. */
  #shortText(): string {
    const { textBytes, textStart, textEnd } = this.#cursor;
    return textBytes.latin1Slice(textStart, Math.min(textEnd, textStart + SHOWN_BYTES_MAX));
  }

  #refuse(text: string): false {
    this.error = `proto: ${text}`;
    return false;
  }

  #refuseShape(): false {
    const cursor = this.#cursor;
    const start = cursor.position;
    // What is no JSON at all is refused for that.
    if (!cursor.skipValue(0)) return false;
    const isArray = cursor.bytes[start] === Byte.OpenBracket;
    return this.#refuse(
      `syntax error: unexpected token ${this.#shown(start, isArray ? start + 1 : cursor.position)}`,
    );
  }

  #refuseValue(field: RequestField, start: number, end: number): false {
    return this.#refuse(`invalid value for ${field.kind} field ${field.name}: ${this.#shown(start, end)}`);
  }

  #shown(start: number, end: number): string {
    const { bytes } = this.#cursor;
    if (end - start <= SHOWN_BYTES_MAX) return bytes.toString('utf8', start, end);
    return `${bytes.toString('utf8', start, start + SHOWN_BYTES_MAX)}...`;
  }
}

/** The value of one to nine digits, or -1. */
function readDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - Byte.Zero;
  }
  return value;
}

function quote(text: string): string {
  return `"${text}"`;
}
