import { describe, expect, it } from 'vitest';
import type { HttpAnswer } from '../../src/client/http-exchange.ts';
import { failureOf, isSessionGone, sessionCookieOf, sessionTimeoutOf } from '../../src/client/rest-answer.ts';

function answer(status: number, body = '', headers: HttpAnswer['headers'] = {}): HttpAnswer {
  return { status, body, headers };
}

const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
const cookie = 'ldlm-session=ab12; Path=/; Expires=Sun, 06 Nov 1994 08:59:37 GMT; HttpOnly; SameSite=Strict';

describe('the cookie of an answer', () => {
  it('is sent back without its attributes', () => {
    expect(sessionCookieOf(answer(201, '', { 'set-cookie': cookie }))).toBe('ldlm-session=ab12');
    expect(sessionCookieOf(answer(201, '', { 'set-cookie': [cookie] }))).toBe('ldlm-session=ab12');
    expect(sessionCookieOf(answer(200, '', { 'set-cookie': 'ldlm-session=; Path=/' }))).toBeNull();
    expect(sessionCookieOf(answer(200))).toBeNull();
  });

  it('tells how long the session lasts, by the clock of the server', () => {
    expect(sessionTimeoutOf(answer(201, '', { 'set-cookie': cookie, date }))).toBe(600_000);
    expect(sessionTimeoutOf(answer(201, '', { 'set-cookie': 'ldlm-session=ab12; Path=/', date }))).toBeNull();
    expect(sessionTimeoutOf(answer(201, '', { 'set-cookie': cookie }))).toBeNull();
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
