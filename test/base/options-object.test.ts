import { expect, it } from 'vitest';
import { faultOfOptions } from '../../src/base/options-object.ts';

it('options are an object that is no signal', () => {
  expect([faultOfOptions({}, '{ a: 1 }'), faultOfOptions({ b: 2 }, '{ a: 1 }')]).toEqual([null, null]);
  const given = new Map<unknown, string>([
    [5, '5'],
    ['a', 'a'],
    [null, 'null'],
    [undefined, 'undefined'],
    [() => {}, 'a function'],
    [new AbortController().signal, '[object AbortSignal]'],
  ]);
  for (const [options, shown] of given)
    expect(faultOfOptions(options, '{ a: 1 }')).toBe(
      `options must be an object such as { a: 1 }, not ${shown}`,
    );
});
