import { describe, expect, it } from 'vitest';
import { basicAuthCheck } from '../../../src/server/rest/basic-auth.ts';

const basic = (credentials: string, scheme = 'Basic '): string =>
  scheme + Buffer.from(credentials, 'utf8').toString('base64');

describe('the password by Basic Auth', () => {
  const check = basicAuthCheck('se:crét')!;

  it('is not asked for without a password', () => {
    expect(basicAuthCheck('')).toBeNull();
  });

  it.each([basic('user:se:crét'), basic(':se:crét')])(
    'may come with any user, and have colons in it: %s',
    (header) => {
      expect(check(header)).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'se:crét',
    basic('user:se'),
    basic('user:se:crét '),
    basic('se'),
    basic('user:se:crét', 'basic '),
    basic('user:se:crét', 'Basic  '),
    basic('user:se:crét', 'Bearer '),
    `${basic('user:se:crét')} `,
    `${basic('user:se:crét').slice(0, -2)}`,
    'Basic ****',
    'Basic dXNlcg',
  ])('is refused: %s', (header) => {
    expect(check(header)).toBe(false);
  });
});
