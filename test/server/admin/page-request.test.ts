import { expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { checkLockName, PageRequestError } from '../../../src/server/admin/page-request.ts';

it('takes every name that a lock can have, and the empty beginning of one', () => {
  for (const text of ['', 'a', '\u0000', '\u{1f512}', 'x'.repeat(Limits.nameBytesMax)])
    checkLockName('name', text);
  checkLockName('name', '\u{1f512}'.repeat(Limits.nameBytesMax / 4));
});

it('refuses what is longer, in bytes of UTF-8, and what has none', () => {
  const limit = new PageRequestError(
    'prefix has 65537 bytes of UTF-8, and names of locks have at most 65536',
  );
  expect(() => checkLockName('prefix', 'x'.repeat(Limits.nameBytesMax + 1))).toThrow(limit);
  expect(() => checkLockName('prefix', `${'\u{1f512}'.repeat(Limits.nameBytesMax / 4)}x`)).toThrow(limit);
  for (const text of ['\ud83d', 'a\udd12', '\udd12\ud83d']) {
    expect(() => checkLockName('name', text)).toThrow(/^name has half a surrogate pair/);
  }
});
