import { describe, expect, it } from 'vitest';
import { isGrantGone } from '../../src/client/grant-gone.ts';
import { ErrorCode } from '../../src/contract/error-code.ts';

describe('a refused renewal', () => {
  it.each([
    [ErrorCode.LockDoesNotExistOrInvalidKey, 'gone'],
    [ErrorCode.LockDoesNotExist, 'gone'],
    [ErrorCode.InvalidLockKey, 'gone'],
    [ErrorCode.Unknown, 'lock does not exist or invalid key'],
  ])('says that the grant is no more by code %i and %j', (code, message) => {
    expect(isGrantGone('a', { code, message })).toBe(true);
  });

  it('says so without a reason, and not for any other', () => {
    expect(isGrantGone('a', null)).toBe(true);
    expect(isGrantGone('a', { code: ErrorCode.Unknown, message: 'too long' })).toBe(false);
  });
});
