import { describe, expect, it } from 'vitest';
import { runServer } from '../running-server.ts';
import { ask } from './admin-request.ts';

describe('GET /api/info', () => {
  it('says what runs, and gives a browser its cookie and token once', async () => {
    const fromMs = Date.now();
    const server = await runServer({ adminListenAddress: '127.0.0.1:0' });
    const first = await ask(server, '/api/info');
    const info = first.json() as Record<string, unknown>;
    expect(info).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      startedMs: expect.any(Number),
      shards: 2,
      isSharded: true,
      token: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(info['startedMs']).toBeGreaterThanOrEqual(fromMs);
    const setCookie = String(first.headers['set-cookie']);
    expect(setCookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    const again = await ask(server, '/api/info', { headers: { cookie: setCookie.split(';')[0]! } });
    expect(again.headers['set-cookie']).toBeUndefined();
    expect((again.json() as Record<string, unknown>)['token']).toBe(info['token']);
  });
});
