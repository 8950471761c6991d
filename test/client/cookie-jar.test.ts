import { describe, expect, it } from 'vitest';
import { CookieJar, sessionCookieOf } from '../../src/client/cookie-jar.ts';
import type { HttpAnswer } from '../../src/client/http-exchange.ts';

function setting(...cookies: string[]): HttpAnswer {
  return { status: 200, body: '', headers: { 'set-cookie': cookies } };
}

describe('the cookie of the session', () => {
  it('is found by its name among all', () => {
    const cookie = 'ldlm-session=ab12; Path=/; HttpOnly';
    for (const answer of [setting(cookie), setting('lb=1; Path=/', cookie)])
      expect(sessionCookieOf(answer)).toMatchObject({ name: 'ldlm-session', value: 'ab12' });
    const single = { ...setting(), headers: { 'set-cookie': cookie } };
    expect(sessionCookieOf(single)!.attributes.get('path')).toBe('/');
  });

  it('is none when it is cleared, or when only others are set', () => {
    const others = [
      setting('ldlm-session=; Path=/'),
      setting('ldlm-session2=x'),
      setting('=x', ''),
      setting(),
    ];
    for (const answer of [...others, { ...setting(), headers: {} }])
      expect(sessionCookieOf(answer)).toBeNull();
  });
});

describe('the cookies of others', () => {
  it('are sent back as they were set last, behind that of the session', () => {
    const jar = new CookieJar();
    expect(jar.header(null)).toEqual({});
    expect(jar.header('ab')).toEqual({ cookie: 'ldlm-session=ab' });
    jar.take(setting('lb="x=1"; Path=/; Secure', 'ldlm-session=zz', 'b=2', 'none'));
    jar.take(setting('b=3'));
    expect(jar.header('ab')).toEqual({ cookie: 'ldlm-session=ab; lb="x=1"; none=; b=3' });
    expect(jar.header(null)).toEqual({ cookie: 'lb="x=1"; none=; b=3' });
  });

  it.each(['Max-Age=0', 'max-age=-1', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    'are removed by %s',
    (attribute) => {
      const jar = new CookieJar();
      jar.take(setting('a=1', 'b=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'));
      jar.take(setting(`a=1; ${attribute}`));
      expect(jar.header(null)).toEqual({ cookie: 'b=2' });
    },
  );

  it('are bounded in number and bytes: the oldest ones go', () => {
    const jar = new CookieJar();
    for (let i = 0; i < 30; i++) jar.take(setting(`c${i}=1`));
    expect(jar.header(null).cookie!.split('; ')).toEqual(
      Array.from({ length: 20 }, (_, i) => `c${i + 10}=1`),
    );
    jar.take(setting(`big=${'x'.repeat(4_000)}`));
    expect(jar.header(null).cookie!.length).toBeLessThan(4_200);
    jar.take(setting(`bigger=${'x'.repeat(5_000)}`));
    expect(jar.header(null)).toEqual({});
  });
});
