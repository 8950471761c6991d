import { describe, expect, it } from 'vitest';
import { PageTokens } from '../../../src/server/admin/page-tokens.ts';

function cookieOf({ setCookie }: { setCookie: string | null }): string {
  return setCookie!.slice(0, setCookie!.indexOf(';'));
}

describe('PageTokens', () => {
  it('gives a browser a cookie once, and each time the token that belongs to it', () => {
    const tokens = new PageTokens(false);
    const first = tokens.issue(undefined, 90);
    expect(first.setCookie).toMatch(/^ldlm-admin-90=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
    const again = tokens.issue(`theme=dark; ${cookieOf(first)}`, 90);
    expect(again).toEqual({ token: first.token, setCookie: null });
    expect(tokens.isValid(first.token, cookieOf(first), 90)).toBe(true);
  });

  it('keeps the cookie to TLS where there is TLS', () => {
    expect(new PageTokens(true).issue(undefined, 90).setCookie).toMatch(/; Secure$/);
  });

  it('gives another browser another token', () => {
    const tokens = new PageTokens(false);
    const [one, two] = [tokens.issue(undefined, 90), tokens.issue(undefined, 90)];
    expect(one.token).not.toBe(two.token);
    expect(tokens.isValid(one.token, cookieOf(two), 90)).toBe(false);
  });

  it('takes no token of an earlier start, of another port, or without its cookie', () => {
    const tokens = new PageTokens(false);
    const issued = tokens.issue(undefined, 90);
    expect(new PageTokens(false).isValid(issued.token, cookieOf(issued), 90)).toBe(false);
    expect(tokens.isValid(issued.token, cookieOf(issued), 91)).toBe(false);
    expect(tokens.isValid(issued.token, undefined, 90)).toBe(false);
    expect(tokens.isValid(issued.token, 'ldlm-admin-90=', 90)).toBe(false);
    expect(tokens.isValid(undefined, cookieOf(issued), 90)).toBe(false);
    for (const wrong of [
      '',
      'undefined',
      issued.token.slice(2),
      `${issued.token}00`,
      issued.token.slice(0, -1),
    ]) {
      expect(tokens.isValid(wrong, cookieOf(issued), 90), wrong).toBe(false);
    }
  });

  it('replaces a cookie that is not one of ours', () => {
    const tokens = new PageTokens(false);
    for (const foreign of ['ldlm-admin-90=short', 'ldlm-admin-90=%ff', 'ldlm-admin-90', ';;=;', '\u0000']) {
      expect(tokens.issue(foreign, 90).setCookie).not.toBeNull();
    }
  });
});
