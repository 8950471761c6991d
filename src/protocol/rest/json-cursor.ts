import { Buffer } from 'node:buffer';
import { isUtf8Text } from '../protobuf/byte-string.ts';
import { Byte, isDigit } from './json-byte.ts';
import { unescapeString } from './json-string.ts';

/** As deep may arrays and objects lie in each other; the bound of LDLM's own decoder. */
export const jsonDepthMax = 10_000;

/** Which of the open brackets around a value are those of arrays; shared by all cursors, as each value is passed over at once. */
const brackets = new Uint8Array(jsonDepthMax);

const EMPTY = Buffer.alloc(0);

/**
 * Walks over one JSON text (RFC 8259) without making values of it. Methods return false when the text is malformed;
 * `fault` then says why. They expect `position` at the first byte of what they are to read, and leave it behind.
 */
export class JsonCursor {
  bytes: Buffer = EMPTY;
  position = 0;
  end = 0;
  fault = '';
  /** The number or literal that was read last, in `bytes`. */
  tokenStart = 0;
  tokenEnd = 0;
  /** What the string that was read last stands for, as UTF-8. */
  textBytes: Buffer = EMPTY;
  textStart = 0;
  textEnd = 0;
  /** Strings with escape sequences are decoded into this. */
  #unescaped: Buffer = EMPTY;

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.fault = '';
  }

  /** Moves to the next byte that is no white space, and returns it; -1 at the end. */
  next(): number {
    const { bytes, end } = this;
    let position = this.position;
    while (position < end) {
      const byte = bytes[position]!;
      if (byte > Byte.Space || !isBlank(byte)) {
        this.position = position;
        return byte;
      }
      position++;
    }
    this.position = position;
    return -1;
  }

  /** The text does not go on as it should: `place` says where that is. */
  fail(place: string): false {
    if (this.position >= this.end) this.fault = 'unexpected EOF';
    else this.fault = `invalid character ${quoteByte(this.bytes[this.position]!)} ${place}`;
    return false;
  }

  /** Lets go of the text. */
  close(): void {
    this.bytes = EMPTY;
    this.textBytes = EMPTY;
  }

  /** Reads a string, from its opening quote on. */
  readString(): boolean {
    const { bytes, end } = this;
    const start = this.position + 1;
    let position = start;
    let bits = 0;
    let escaped = false;
    for (;;) {
      if (position >= end) return this.#failAt(end, '');
      const byte = bytes[position]!;
      bits |= byte;
      if (byte === Byte.Quote) break;
      if (byte === Byte.Backslash) {
        escaped = true;
        // Whatever follows, it does not end the string.
        position++;
      } else if (byte < Byte.Space) {
        return this.#failAt(position, 'in string literal');
      }
      position++;
    }
    this.position = position + 1;
    if (bits >= 0x80 && !isUtf8Text(bytes, start, position)) {
      this.fault = 'proto: syntax error: invalid UTF-8 in string';
      return false;
    }
    if (escaped) return this.#unescape(start, position);
    this.textBytes = bytes;
    this.textStart = start;
    this.textEnd = position;
    return true;
  }

  #unescape(start: number, end: number): boolean {
    if (this.#unescaped.length < end - start) this.#unescaped = Buffer.alloc(end - start);
    this.textBytes = this.#unescaped;
    this.textStart = 0;
    this.textEnd = unescapeString(this.bytes, start, end, this.#unescaped, 0);
    if (this.textEnd >= 0) return true;
    this.fault = 'proto: syntax error: invalid escape sequence in string';
    return false;
  }

  #failAt(position: number, place: string): false {
    this.position = position;
    return this.fail(place);
  }

  /** Reads a number. */
  readNumber(): boolean {
    this.tokenStart = this.position;
    if (this.bytes[this.position] === Byte.Minus) this.position++;
    // A leading zero stands alone.
    if (this.#byte() === Byte.Zero) this.position++;
    else if (!this.#readDigits()) return false;
    if (this.#byte() === Byte.Point) {
      this.position++;
      if (!this.#readDigits()) return false;
    }
    const exponent = this.#byte();
    if (exponent === Byte.LowerE || exponent === Byte.UpperE) {
      this.position++;
      const sign = this.#byte();
      if (sign === Byte.Plus || sign === Byte.Minus) this.position++;
      if (!this.#readDigits()) return false;
    }
    this.tokenEnd = this.position;
    return true;
  }

  /** Reads `true`, `false` or `null`, which one `text` says. */
  readLiteral(text: string): boolean {
    this.tokenStart = this.position;
    for (let i = 0; i < text.length; i++) {
      if (this.#byte() !== text.charCodeAt(i)) return this.fail(`in literal ${text}`);
      this.position++;
    }
    this.tokenEnd = this.position;
    return true;
  }

  /** Reads a value that is neither an array nor an object. */
  readScalar(): boolean {
    const byte = this.#byte();
    if (byte === Byte.Quote) return this.readString();
    if (byte === Byte.Minus || isDigit(byte)) return this.readNumber();
    if (byte === Byte.LowerT) return this.readLiteral('true');
    if (byte === Byte.LowerF) return this.readLiteral('false');
    if (byte === Byte.LowerN) return this.readLiteral('null');
    return this.fail('looking for beginning of value');
  }

  /** Passes over a value of any kind that lies `depth` arrays and objects deep. */
  skipValue(depth: number): boolean {
    const outside = depth;
    for (;;) {
      const byte = this.next();
      if (byte === Byte.OpenBracket || byte === Byte.OpenBrace) {
        if (depth >= jsonDepthMax) return this.#tooDeep();
        this.position++;
        brackets[depth++] = byte;
        const first = this.next();
        if (first !== closing(byte)) {
          if (byte === Byte.OpenBrace && !this.readKey()) return false;
          continue;
        }
        this.position++;
        depth--;
      } else if (!this.readScalar()) {
        return false;
      }
      while (depth > outside && this.#closes(brackets[depth - 1]!)) depth--;
      if (this.fault !== '') return false;
      if (depth === outside) return true;
    }
  }

  /** Reads a member's name and the colon behind it. The name stays the token that was read last. */
  readKey(): boolean {
    if (this.next() !== Byte.Quote) return this.fail('looking for beginning of object key string');
    if (!this.readString()) return false;
    if (this.next() !== Byte.Colon) return this.fail('after object key');
    this.position++;
    return true;
  }

  /** Behind a value in a bracket: true when the bracket closes; otherwise the next member or element is at hand, or `fault` is set. */
  #closes(bracket: number): boolean {
    const isObject = bracket === Byte.OpenBrace;
    const byte = this.next();
    if (byte === closing(bracket)) {
      this.position++;
      return true;
    }
    if (byte !== Byte.Comma) {
      this.fail(isObject ? 'after object key:value pair' : 'after array element');
      return false;
    }
    this.position++;
    if (isObject) this.readKey();
    return false;
  }

  #readDigits(): boolean {
    if (!isDigit(this.#byte())) return this.fail('in numeric literal');
    while (isDigit(this.#byte())) this.position++;
    return true;
  }

  #byte(): number {
    return this.position < this.end ? this.bytes[this.position]! : -1;
  }

  #tooDeep(): false {
    this.fault = `values lie more than ${jsonDepthMax} deep`;
    return false;
  }
}

function isBlank(byte: number): boolean {
  return byte === Byte.Space || byte === Byte.LineFeed || byte === Byte.Return || byte === Byte.Tab;
}

function closing(bracket: number): number {
  return bracket === Byte.OpenBrace ? Byte.CloseBrace : Byte.CloseBracket;
}

/** A byte as texts show it: in quotes, or its number where it is no visible character. */
function quoteByte(byte: number): string {
  if (byte > Byte.Space && byte < 0x7f) return `'${String.fromCharCode(byte)}'`;
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
