import { describe, expect, it } from 'vitest';
import { readSessionCookie, SessionCookies } from '../../../src/server/rest/session-cookie.ts';

describe('the session cookie', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['a=b', null],
    ['ldlm-session', null],
    ['xldlm-session=1', null],
    ['ldlm-sessionx=1', null],
    ['ldlm-session=', ''],
    ['ldlm-session=abc', 'abc'],
    ['a=b; ldlm-session=abc; c=d', 'abc'],
    ['a=b;ldlm-session=abc', 'abc'],
    ['ldlm-session=abc ;c=d', 'abc'],
    ['ldlm-session="abc"', 'abc'],
    ['ldlm-session=first; ldlm-session=second', 'first'],
  ])('is found in %j', (header, id) => {
    expect(readSessionCookie(header)).toBe(id);
  });

  it('is for the whole server, until the session would expire, and for no script', () => {
    const cookies = new SessionCookies(600_000, false);
    const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect(cookies.renewed('abc', nowMs)).toBe(
      'ldlm-session=abc; Path=/; Expires=Fri, 02 Jan 2026 03:14:05 GMT; HttpOnly; SameSite=Strict',
    );
    expect(cookies.cleared).toBe('ldlm-session=; Path=/; HttpOnly; SameSite=Strict');
  });

  it('is for TLS only where there is TLS', () => {
    const cookies = new SessionCookies(1_000, true);
    expect(cookies.renewed('abc', 0)).toMatch(/; SameSite=Strict; Secure$/);
    expect(cookies.cleared).toMatch(/; Secure$/);
  });

  it('expires later with every second', () => {
    const cookies = new SessionCookies(1_000, false);
    const texts = [0, 999, 1_000, 0].map((nowMs) => cookies.renewed('a', nowMs));
    expect(texts[1]).toBe(texts[0]);
    expect(texts[2]).not.toBe(texts[0]);
    expect(texts[3]).toBe(texts[0]);
  });
});
