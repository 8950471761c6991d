import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescapeString } from '../../../src/protocol/rest/json-string.ts';

/** What the inside of a JSON string stands for; null when it is refused. */
function stringOf(inside: string): string | null {
  const bytes = Buffer.from(`#${inside}#`);
  const out = Buffer.alloc(bytes.length);
  const end = unescapeString(bytes, 1, bytes.length - 1, out, 1);
  return end < 0 ? null : out.toString('utf8', 1, end);
}

const text = fc.string({ unit: 'binary' });

describe('unescaping', () => {
  it('gives back what JSON.stringify escapes', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(stringOf(JSON.stringify(value).slice(1, -1))).toBe(value);
      }),
    );
  });

  it('reads any character that is written as a number, in capitals or not', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (value, capitals) => {
        const units = Array.from({ length: value.length }, (_, i) =>
          value.charCodeAt(i).toString(16).padStart(4, '0'),
        );
        const escaped = units.map((unit) => `\\u${capitals ? unit.toUpperCase() : unit}`).join('');
        expect(stringOf(escaped)).toBe(value);
      }),
    );
  });

  it('knows the short forms', () => {
    expect(stringOf('\\"\\\\\\/\\b\\f\\n\\r\\t')).toBe('"\\/\b\f\n\r\t');
  });

  it.each([
    '\\q',
    '\\',
    '\\u',
    '\\u123',
    '\\u12g4',
    '\\ud800',
    '\\udc00',
    '\\ud800x',
    '\\ud800\\n',
    '\\ud800\\ud800',
    '\\ud800\\u0041',
    '\\ud800\\udc0',
  ])('refuses %s', (inside) => {
    expect(stringOf(inside)).toBeNull();
  });
});
