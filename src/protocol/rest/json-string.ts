import { Byte } from './json-byte.ts';

/**
 * Writes what the inside of a JSON string stands for to `out`, as UTF-8. `bytes[start, end)` is a token of
 * {@link JsonCursor.readString}: valid UTF-8, with escape sequences that are not checked yet. The result is never
 * longer than the token. Returns the position after it, or -1 when an escape sequence is none, or stands for half of a
 * surrogate pair.
 */
export function unescapeString(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  position: number,
): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte !== Byte.Backslash) {
      out[position++] = byte;
      continue;
    }
    const escaped = bytes[at++]!;
    if (escaped !== Byte.LowerU) {
      const plain = plainEscape(escaped);
      if (plain < 0) return -1;
      out[position++] = plain;
      continue;
    }
    let code = readHex(bytes, at, end);
    if (code < 0) return -1;
    at += 4;
    if (code >= 0xd800 && code < 0xe000) {
      const low =
        bytes[at] === Byte.Backslash && bytes[at + 1] === Byte.LowerU ? readHex(bytes, at + 2, end) : -1;
      if (code >= 0xdc00 || low < 0xdc00 || low >= 0xe000) return -1;
      at += 6;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    position = writeUtf8(out, position, code);
  }
  return position;
}

function plainEscape(byte: number): number {
  switch (byte) {
    case Byte.Quote:
    case Byte.Backslash:
    case Byte.Slash:
      return byte;
    case Byte.LowerB:
      return 0x08;
    case Byte.LowerF:
      return 0x0c;
    case Byte.LowerN:
      return Byte.LineFeed;
    case Byte.LowerR:
      return Byte.Return;
    case Byte.LowerT:
      return Byte.Tab;
    default:
      return -1;
  }
}

/** The value of four hexadecimal digits, or -1. */
function readHex(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) return -1;
  let value = 0;
  for (let i = start; i < start + 4; i++) {
    const digit = hexValue(bytes[i]!);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function writeUtf8(out: Uint8Array, position: number, code: number): number {
  if (code < 0x80) {
    out[position] = code;
    return position + 1;
  }
  if (code < 0x800) {
    out[position] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      out[position] = 0xe0 | (code >> 12);
    } else {
      out[position++] = 0xf0 | (code >> 18);
      out[position] = 0x80 | ((code >> 12) & 0x3f);
    }
    out[++position] = 0x80 | ((code >> 6) & 0x3f);
  }
  out[position + 1] = 0x80 | (code & 0x3f);
  return position + 2;
}
