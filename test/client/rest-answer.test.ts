import { describe, expect, it } from 'vitest';
import type { HttpAnswer } from '../../src/client/http-exchange.ts';
import { certainTimeOf, failureOf, isSessionGone, statedTimeOf } from '../../src/client/rest-answer.ts';

function answer(status: number, body = '', headers: HttpAnswer['headers'] = {}): HttpAnswer {
  return { status, body, headers };
}

const dateMs = Date.UTC(1994, 10, 6, 8, 49, 37);
const date = 'Sun, 06 Nov 1994 08:49:37 GMT';

/** The answer that begins a session which ends so late, by its cookie. */
function begun(timeoutMs: number, headers: HttpAnswer['headers'] = { date }): HttpAnswer {
  const expires = new Date(dateMs + timeoutMs).toUTCString();
  const cookie = `ldlm-session=ab12; Path=/; Expires=${expires}; HttpOnly; SameSite=Strict`;
  return answer(201, '', {
    'set-cookie': ['lb=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT', cookie],
    ...headers,
  });
}

describe('how long a session certainly goes on', () => {
  it('is what the server says, less what clocks may differ', () => {
    const stated = { date: 'yesterday', 'ldlm-session-timeout-ms': '300' };
    expect(certainTimeOf(begun(600_000, stated), dateMs)).toBeCloseTo(299.7);
  });

  it.each([
    ['the date of the answer', dateMs - 10_000, 3_000, 2_000],
    ['our own clock', dateMs + 8_000, 10_000, 1_000],
  ])(
    'is what remains until its cookie expires, by %s where that says less',
    (_, nowMs, timeoutMs, certainMs) => {
      expect(certainTimeOf(begun(timeoutMs), nowMs)).toBe(certainMs);
    },
  );

  it('is no more than costs nothing to be believed of a cookie, and no less than can be kept', () => {
    expect(certainTimeOf(begun(600_000), dateMs)).toBe(60_000);
    expect(certainTimeOf(begun(1_000), dateMs)).toBe(100);
    // Our own clock is of no use here.
    expect(certainTimeOf(begun(3_000), dateMs + 100_000)).toBe(2_000);
  });

  it('may be said by later answers, too', () => {
    expect(statedTimeOf(answer(200, '', { 'ldlm-session-timeout-ms': '5000' }))).toBeCloseTo(4_995);
    expect(statedTimeOf(answer(200))).toBeNull();
    expect(statedTimeOf(answer(200, '', { 'ldlm-session-timeout-ms': '-1' }))).toBeNull();
  });

  it('is short where nothing is said', () => {
    const silent = answer(201, '', { 'set-cookie': 'ldlm-session=ab12; Path=/' });
    for (const each of [silent, answer(201), begun(-5_000)]) expect(certainTimeOf(each, dateMs)).toBe(5_000);
    expect(certainTimeOf(begun(3_000, { date, 'ldlm-session-timeout-ms': 'long' }), dateMs)).toBe(2_000);
  });
});

describe('an answer that is no reply', () => {
  it.each([
    [503, '{"code":14,"message":"the server is shutting down","details":[]}', 'unavailable'],
    [504, '{"code":4,"message":"late","details":[]}', 'unanswered'],
    [408, '{"code":4,"message":"late","details":[]}', 'unanswered'],
    [409, '{"code":10,"message":"the request id was used by a later call","details":[]}', 'refused'],
    [400, '{"code":3,"message":"wrong","details":[]}', 'refused'],
    [429, '{"error": "too many sessions"}', 'refused'],
    [401, '{"error": "session cookie invalid"}', 'unavailable'],
    [502, '<html>Bad Gateway</html>', 'unavailable'],
    [404, '', 'refused'],
    [200, '[]', 'refused'],
  ])('with status %i and %j fails as %s', (status, body, kind) => {
    expect(failureOf(answer(status, body))).toMatchObject({ kind });
  });

  it('says what the server said, or else its status', () => {
    expect(failureOf(answer(429, '{"error": "too many sessions"}')).message).toBe('too many sessions');
    expect(failureOf(answer(404, 'null')).message).toBe('the server answers with HTTP status 404');
  });

  it('asks for a password, or for a session', () => {
    const asking = answer(401, '', { 'www-authenticate': 'Basic realm="Restricted"' });
    expect([isSessionGone(asking), failureOf(asking).kind]).toEqual([false, 'unauthenticated']);
    expect([isSessionGone(answer(401)), isSessionGone(answer(200))]).toEqual([true, false]);
  });
});
