import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemErrorCode } from '../../src/base/system-error.ts';

describe('the code of an error', () => {
  it('is that of the system, as text', () => {
    let thrown: unknown;
    try {
      readFileSync('/nowhere/to/be/found');
    } catch (error) {
      thrown = error;
    }
    expect(systemErrorCode(thrown)).toBe('ENOENT');
    expect(systemErrorCode(Object.assign(new Error(), { code: 14 }))).toBe('14');
  });

  it('is empty where there is none', () => {
    for (const error of [new Error('ENOENT'), { code: 'ENOENT' }, 'ENOENT', null, undefined])
      expect(systemErrorCode(error)).toBe('');
  });
});
