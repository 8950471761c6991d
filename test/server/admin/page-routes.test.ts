import { describe, expect, it } from 'vitest';
import type { StartOptions } from '../../../src/index.ts';
import { LogLines } from '../log-lines.ts';
import { connect, runServer } from '../running-server.ts';
import { ask, pageHeaders } from './admin-request.ts';
import { EventReader } from './event-reader.ts';

async function run(options: StartOptions = {}) {
  const server = await runServer({ adminListenAddress: '127.0.0.1:0', ...options });
  const headers = { ...(await pageHeaders(server)), 'content-type': 'application/json' };
  const unlock = async (body: unknown, extra: Readonly<Record<string, string>> = {}) => {
    const question = {
      method: 'POST',
      headers: { ...headers, ...extra },
      body: JSON.stringify(body),
    } as const;
    const answer = await ask(server, '/api/unlock', question);
    return [answer.status, answer.json()] as const;
  };
  return { server, headers, unlock, client: connect(server.address) };
}

describe('the page', () => {
  it('is at the root, with all that it names, and nothing from elsewhere', async () => {
    const { server } = await run();
    const page = await ask(server, '/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const paths = [...page.text.matchAll(/(?:href|src)="([^#"]+)"/g)].map(([, path]) => path!);
    expect(paths).toContain('/page/main.js');
    for (const path of paths) expect((await ask(server, path)).status, path).toBe(200);
    expect(page.text).not.toMatch(/https?:|<style|style=|<script>| on\w+=/);
  });

  it('has modules that name only modules that are there', async () => {
    const { server } = await run();
    const seen = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const { status, headers, text } = await ask(server, path);
      expect([path, status, headers['content-type']]).toStrictEqual([
        path,
        200,
        'text/javascript; charset=utf-8',
      ]);
      for (const [, name] of text.matchAll(/^(?:import|export) .*?from ["'](.+)["'];$/gm)) {
        await visit(new URL(name!, `http://a${path}`).pathname);
      }
    };
    await visit('/page/main.js');
    expect(seen.size).toBeGreaterThan(20);
  });

  it('is sent once, and asked for again with its tag', async () => {
    const { server } = await run();
    for (const path of ['/', '/page/main.js', '/page/assets/style.css', '/page/assets/icon.svg']) {
      const first = await ask(server, path);
      expect(first.headers['cache-control']).toBe('no-cache');
      const etag = String(first.headers['etag']);
      const known = await ask(server, path, { headers: { 'if-none-match': `"other", W/${etag}` } });
      expect([known.status, known.text]).toStrictEqual([304, '']);
      expect((await ask(server, path, { headers: { 'if-none-match': '"other"' } })).text).toBe(first.text);
    }
  });

  it('is nowhere else', async () => {
    const { server } = await run();
    for (const path of ['/page/../../../package.json', '/page/', '/page/main.ts', '/page/%2e%2e/index.js']) {
      expect((await ask(server, path)).status, path).toBe(404);
    }
  });
});

describe('GET /api/events', () => {
  it('tells of the locks there are and of what happens to them', async () => {
    const { server, client } = await run();
    const before = await client.lock({ name: 'before', holder: 'worker-1' });
    const reader = new EventReader(server.adminAddresses[0]!, '/api/events');
    await reader.waitFor(() => reader.steps.filter(({ kind }) => kind === 'snapshotEnd').length === 2);
    expect(reader.steps.filter(({ kind }) => kind === 'lock')).toMatchObject([
      { lock: { name: 'before', holders: [{ holder: 'worker-1', key: before.key.slice(0, 8) }] } },
    ]);
    const after = await client.lock({ name: 'after' });
    await client.unlock('after', after.key);
    await reader.waitFor(() => reader.steps.filter(({ kind }) => kind === 'event').length === 2);
    expect(reader.steps.filter(({ kind }) => kind === 'event')).toMatchObject([
      { event: { type: 'granted', name: 'after', claim: { key: after.key.slice(0, 8) } } },
      { event: { type: 'released', name: 'after', holderCount: 0 } },
    ]);
    expect(JSON.stringify(reader.events)).not.toContain(after.key);
  });

  it('says what is wrong with a question', async () => {
    const { server } = await run();
    const { status, text } = await ask(server, '/api/events?locks=maybe');
    expect([status, JSON.parse(text)]).toStrictEqual([
      400,
      { code: 'LDLM_PAGE_REQUEST', message: 'locks must be true or false' },
    ]);
  });
});

describe('GET /api/lock', () => {
  it('tells of one lock, with the beginnings of keys', async () => {
    const { server, client } = await run();
    const { key } = await client.lock({ name: 'a/ü&', size: 2 });
    const answer = await ask(server, `/api/lock?name=${encodeURIComponent('a/ü&')}`);
    expect(answer.json()).toMatchObject({
      name: 'a/ü&',
      size: 2,
      holderCount: 1,
      holders: [{ key: key.slice(0, 8) }],
    });
    expect(answer.text).not.toContain(key);
  });

  it('says that there is none, or that a name is wanted', async () => {
    const { server } = await run();
    const none = await ask(server, '/api/lock?name=none');
    expect([none.status, none.json()]).toStrictEqual([
      404,
      { code: 'LDLM_LOCK_NOT_FOUND', message: 'nobody holds a lock of that name or waits for it' },
    ]);
    expect((await ask(server, '/api/lock')).json()).toMatchObject({ code: 'LDLM_PAGE_REQUEST' });
  });
});

describe('POST /api/unlock', () => {
  it('releases a holder by the beginning of its key', async () => {
    const { client, unlock } = await run();
    const { key } = await client.lock({ name: 'a' });
    expect(await unlock({ name: 'a', key: key.slice(0, 8) })).toStrictEqual([200, { released: 1 }]);
    expect(await client.tryLock({ name: 'a' })).toMatchObject({ locked: true });
  });

  it('releases one of several, or all', async () => {
    const { client, unlock } = await run();
    const keys = [];
    for (let count = 0; count < 3; count++) keys.push((await client.lock({ name: 'a', size: 3 })).key);
    expect(await unlock({ name: 'a', key: keys[1]! })).toStrictEqual([200, { released: 1 }]);
    expect(await client.unlock('a', keys[1]!)).toMatchObject({ unlocked: false });
    expect(await unlock({ name: 'a', all: true })).toStrictEqual([200, { released: 2 }]);
  });

  it('releases nothing when the holder is another one by now, or nobody', async () => {
    const { client, unlock } = await run();
    await client.lock({ name: 'a' });
    expect(await unlock({ name: 'a', key: '00000000' })).toStrictEqual([
      409,
      { code: 'LDLM_UNLOCK_REFUSED', message: 'invalid lock key' },
    ]);
    expect(await client.tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(await unlock({ name: 'none', key: '00000000' })).toStrictEqual([
      409,
      { code: 'LDLM_UNLOCK_REFUSED', message: 'a lock by that name does not exist' },
    ]);
  });

  it('is for pages of this server alone', async () => {
    const { client, unlock } = await run();
    const { key } = await client.lock({ name: 'a' });
    const body = { name: 'a', key };
    expect(await unlock(body, { origin: 'http://127.0.0.1:1' })).toMatchObject([
      403,
      { code: 'LDLM_ADMIN_ORIGIN' },
    ]);
    expect(await unlock(body, { 'x-ldlm-token': '00' })).toMatchObject([403, { code: 'LDLM_ADMIN_TOKEN' }]);
    expect(await unlock(body, { cookie: 'a=b' })).toMatchObject([403, { code: 'LDLM_ADMIN_TOKEN' }]);
    expect(await client.unlock('a', key)).toMatchObject({ unlocked: true });
  });

  it('is on record, with the beginning of the key', async () => {
    const log = new LogLines();
    const { client, unlock } = await run({ logger: log.logger });
    const { key } = await client.lock({ name: 'a' });
    await unlock({ name: 'a', key });
    await unlock({ name: 'a', all: true });
    expect(log.lines.filter(({ msg }) => msg === 'Handling dashboard Unlock request')).toMatchObject([
      { name: 'a', key: key.slice(0, 8), all: false, released: 1, error: null, remote_address: '127.0.0.1' },
      { name: 'a', key: '', all: true, released: 0, error: expect.any(String) },
    ]);
    expect(log.texts.join('')).not.toContain(key);
  });

  it('refuses a name that no lock can have, and goes on', async () => {
    const { client, unlock } = await run();
    const { key } = await client.lock({ name: 'a' });
    for (const name of ['x'.repeat(400_000), 'x'.repeat(65_537), '\ud800']) {
      expect(await unlock({ name, key })).toMatchObject([400, { code: 'LDLM_PAGE_REQUEST' }]);
    }
    expect(await unlock({ name: 'a', key })).toStrictEqual([200, { released: 1 }]);
  });

  it('says what is wrong with a body', async () => {
    const { server, headers, unlock } = await run();
    expect(await unlock({ name: 'a' })).toStrictEqual([
      400,
      { code: 'LDLM_PAGE_REQUEST', message: 'either key or all must say which holders are released' },
    ]);
    const broken = await ask(server, '/api/unlock', { method: 'POST', headers, body: '{"name"' });
    expect(broken.status).toBe(400);
  });
});
