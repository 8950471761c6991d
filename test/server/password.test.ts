import { describe, expect, it } from 'vitest';
import { passwordCheck } from '../../src/server/password.ts';

describe('passwordCheck', () => {
  it('lets everybody in when there is no password', () => {
    expect(passwordCheck('')(null)).toBeNull();
    expect(passwordCheck('')('anything')).toBeNull();
  });

  it('tells a missing password from a wrong one', () => {
    const check = passwordCheck('secret');
    expect(check(null)).toBe('missing credentials');
    for (const wrong of ['', 'Secret', 'secret ', 'Bearer secret', 'Basic c2VjcmV0', 'secrets']) {
      expect(check(wrong)).toBe('invalid credentials');
    }
    expect(check('secret')).toBeNull();
  });

  it('compares the bytes of a password outside of ASCII', () => {
    const check = passwordCheck('grün');
    expect(check(Buffer.from('grün', 'utf8').toString('latin1'))).toBeNull();
    expect(check('grün')).toBe('invalid credentials');
  });
});
