import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKey } from '../../src/config/duplicate-key.ts';

describe('a key that an object has twice', () => {
  it.each([
    ['{"a": 1, "a": 2}', 9],
    ['{"a":1,"b":2,"a":3,"b":4}', 13],
    ['{"a": {"b": 1}, "c": [{}, {"b": 1, "d": {}, "b": 2}]}', 44],
    ['{"a": {"a": 1}, "a": 2}', 16],
    ['{"a"\n:\t1,\r\n"a"\r :\n1}', 11],
    ['{"\\u0061\\/": 1, "a/": 2}', 16],
    ['{"\\"": 1, "\\"" : 2}', 10],
    ['{"": 1, "": 2}', 8],
    ['{"__proto__": 1, "__proto__": 2}', 17],
  ])('is found: %j', (json, index) => {
    expect(findDuplicateKey(json)).toBe(index);
  });

  it.each([
    '"a"',
    '[]',
    '{"a": "a", "b": ["a", "a", {"a": "b"}, {"a": "b"}], "c": {"a": {"a": 1}}}',
    '{"a": "\\"a\\": {", "b": "}\\\\", "A": ":"}',
  ])('is not there: %j', (json) => {
    expect(findDuplicateKey(json)).toBe(-1);
  });

  it('is found behind a string of any length', () => {
    const long = '\\\\x'.repeat(10_000_000);
    expect(findDuplicateKey(`{"a": "${long}", "b": 1, "b": 2}`)).toBeGreaterThan(long.length);
  });

  it('is the first one of what stands in the text, whatever its values are', () => {
    const entry = fc.tuple(fc.oneof(fc.string(), fc.constantFrom('a', 'b', '{', '"')), fc.json());
    const property = fc.property(fc.array(entry), (entries) => {
      const keys = entries.map(([key]) => key);
      const second = keys.findIndex((key, i) => keys.indexOf(key) < i);
      const members = entries.map(([key, json]) => `${JSON.stringify(key)} : ${json}`);
      const before = `{${members
        .slice(0, second)
        .map((member) => `${member},`)
        .join('')}`;
      expect(findDuplicateKey(`{${members.join(',')}}`)).toBe(second === -1 ? -1 : before.length);
    });
    fc.assert(property);
  });

  it('is looked for in long texts and in deep ones', () => {
    const deep = `${'{"a":'.repeat(5_000)}0${'}'.repeat(5_000)}`;
    const text = `{"a": ${deep}, "b": "${'\\n'.repeat(2 ** 20)}", "a": 0}`;
    expect(findDuplicateKey(text)).toBe(text.lastIndexOf('"a"'));
  });
});
