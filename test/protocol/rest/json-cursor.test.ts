import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonCursor, jsonDepthMax } from '../../../src/protocol/rest/json-cursor.ts';

const cursor = new JsonCursor();

/** Passes over the first value of a text that stands in the middle of a buffer. Null when all is well, else the fault. */
function skip(text: string | Buffer): { fault: string | null; rest: string } {
  const inner = Buffer.from(text);
  cursor.open(Buffer.concat([Buffer.from('1"'), inner, Buffer.from('"]}1')]), 2, 2 + inner.length);
  const whole = cursor.skipValue(0);
  const rest = cursor.bytes.toString('utf8', cursor.position, cursor.end);
  return { fault: whole ? null : cursor.fault, rest };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON texts in which a piece was cut out, doubled or replaced, so that most are not quite JSON. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom(...'{}[]",:\\ 01.eE+-tfnu\u0001', ''),
  )
  .map(([text, at, count, piece]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + piece + text.slice(start + count);
  });

describe('a JSON cursor', () => {
  it('passes over every value that JSON.parse reads, and leaves what follows', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '}', ' "x"', ','), (text, behind) => {
        // Two numbers in a row would be one.
        expect(skip(`\t\r\n ${text} ${behind}`)).toStrictEqual({ fault: null, rest: ` ${behind}` });
      }),
    );
  });

  it('refuses what JSON.parse refuses, and only that', () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        // The rest behind a whole value is none of its business; half of a surrogate pair is, other than in JavaScript.
        const { fault, rest } = skip(text);
        const accepted = fault === null && rest.trim() === '';
        if (fault === null && rest.trim() !== '') expect(isJson(text)).toBe(false);
        else if (!/\\u[dD][89a-fA-F]/.test(text)) expect(accepted).toBe(isJson(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['', 'unexpected EOF'],
    ['{"a":', 'unexpected EOF'],
    ['{"a', 'unexpected EOF'],
    ['tru', 'unexpected EOF'],
    ['garbage', "invalid character 'g' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{1:2}', "invalid character '1' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' in numeric literal"],
    ['truth', "invalid character 't' in literal true"],
    ['"a\nb"', 'invalid character 0x0a in string literal'],
    ['"\\q"', 'proto: syntax error: invalid escape sequence in string'],
    ['"\\ud800"', 'proto: syntax error: invalid escape sequence in string'],
    [Buffer.from([0x22, 0xff, 0x22]), 'proto: syntax error: invalid UTF-8 in string'],
    [Buffer.from([0xef, 0xbb, 0xbf, 0x31]), 'invalid character 0xef looking for beginning of value'],
  ])('says what is wrong with %j', (text, fault) => {
    expect(skip(text).fault).toBe(fault);
  });

  it('takes values as deep as its limit and none that is deeper', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(skip(nested(jsonDepthMax))).toStrictEqual({ fault: null, rest: '' });
    expect(skip(nested(jsonDepthMax + 1)).fault).toBe('values lie more than 10000 deep');
    const objects = (depth: number): string => '{"a":'.repeat(depth) + 1 + '}'.repeat(depth);
    expect(skip(objects(jsonDepthMax))).toStrictEqual({ fault: null, rest: '' });
    expect(skip(objects(jsonDepthMax + 1)).fault).toBe('values lie more than 10000 deep');
  });

  it('lets go of the text', () => {
    skip('"\\n"');
    cursor.close();
    expect(cursor.bytes.length + cursor.textBytes.length).toBe(0);
  });
});
