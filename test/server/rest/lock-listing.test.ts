import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../src/index.ts';
import { LockListing } from '../../../src/server/rest/lock-listing.ts';
import type { RestApi } from '../../../src/server/rest/rest-api.ts';
import type { RawRequest, RawResponse } from '../../../src/server/rest/rest-call.ts';
import { connect } from '../running-server.ts';
import { FakeSource, holder, lock } from '../services/fake-source.ts';
import { eventually, RestClient, runRest } from './rest-client.ts';

const headers = { authorization: `Basic ${Buffer.from('x:pw').toString('base64')}` };

async function runListing(): Promise<{
  client: RestClient;
  server: RunningServer & { address: string };
  get: Get;
}> {
  const server = await runRest({ remoteAdmin: true, password: 'pw' });
  const client = new RestClient(server.rest);
  await client.ask('POST', '/session', undefined, { headers });
  const get: Get = async (path) => {
    const { status, json } = await client.ask('GET', path, undefined, { headers });
    return { status, json };
  };
  return { client, server, get };
}

type Get = (path: string) => Promise<{ status: number; json: Record<string, unknown> }>;
type Listed = { locks: Record<string, unknown>[]; next_page_token: string };

describe('a listing over REST', () => {
  it('shows who holds a lock and who waits, with keys cut short', async () => {
    const { client, server, get } = await runListing();
    const body = { name: 'a/b ä', lock_timeout_ms: 60_000, holder: 'me' };
    const { json } = await client.ask('POST', '/v1/lock', body, { headers });
    const waiter = connect(server.address, { password: 'pw' });
    void waiter.lock({ name: 'a/b ä', wait_timeout_seconds: 30 }).catch(() => {});
    await eventually(() => server.stats().waiters === 1);
    const session = { session_id: expect.stringMatching(/-/), address: '127.0.0.1:0', protocol: 'rest' };
    const lock = {
      ...{ name: 'a/b ä', size: 1, shard: expect.any(Number), holder_count: 1, waiter_count: 1 },
      holders: [
        {
          ...{ key: String(json['key']).slice(0, 8), session, holder: 'me', mode: 'EXCLUSIVE', permits: 1 },
          ...{ age_ms: expect.any(Number), remaining_ms: expect.any(Number), claim_id: expect.any(String) },
          ...{ lock_timeout_ms: 60_000, fencing_token: json['fencing_token'] },
        },
      ],
      waiters: [
        expect.objectContaining({ session: expect.objectContaining({ protocol: 'grpc' }), permits: 1 }),
      ],
    };
    expect(await get('/v1/locks?waiters=true')).toStrictEqual({
      status: 200,
      json: { locks: [lock], next_page_token: '' },
    });
    expect(await get(`/v1/locks/${encodeURIComponent('a/b ä')}`)).toStrictEqual({ status: 200, json: lock });
    const bare = (await get('/v1/locks')).json as Listed;
    expect(bare.locks[0]!['waiters']).toStrictEqual([]);
  });

  it('comes in pages, each lock on one of them', async () => {
    const { client, get } = await runListing();
    for (let i = 0; i < 25; i++) await client.ask('POST', '/v1/lock', { name: `p/${i}` }, { headers });
    await client.ask('POST', '/v1/lock', { name: 'other' }, { headers });
    const names: unknown[] = [];
    let token = '';
    do {
      const page = (await get(`/v1/locks?prefix=p%2F&page_size=10&page_token=${token}`)).json as Listed;
      expect(page.locks.length).toBeLessThanOrEqual(10);
      names.push(...page.locks.map(({ name }) => name));
      token = page.next_page_token;
    } while (token !== '');
    expect(names.toSorted()).toStrictEqual(Array.from({ length: 25 }, (_, i) => `p/${i}`).toSorted());
  });

  it.each([
    ['/v1/locks?page_size=0', 'page_size must be a number from 1 to 1000'],
    ['/v1/locks?page_size=1001', 'page_size must be a number from 1 to 1000'],
    ['/v1/locks?page_size=x', 'page_size must be a number from 1 to 1000'],
    ['/v1/locks?page_size=1&page_size=2', 'page_size must be a number from 1 to 1000'],
    ['/v1/locks?waiters=yes', 'waiters must be true or false'],
    ['/v1/locks?prefix=a&prefix=b', 'prefix and page_token may be given once each'],
    ['/v1/locks?page_token=x', 'the page token is not one that this server gave since it was started'],
  ])('is refused for %s', async (path, message) => {
    const { get } = await runListing();
    expect(await get(path)).toStrictEqual({ status: 400, json: { code: 3, message, details: [] } });
  });

  it('shows no lock that nobody holds', async () => {
    const { get } = await runListing();
    expect(await get('/v1/locks/none')).toStrictEqual({
      status: 404,
      json: { code: 5, message: 'nobody holds or awaits a lock by that name', details: [] },
    });
  });

  it('is for reading only, needs a session, and is there where it is switched on', async () => {
    const { client, server } = await runListing();
    for (const path of ['/v1/locks', '/v1/locks/a']) {
      expect(await client.ask('POST', path, undefined, { headers })).toMatchObject({
        status: 405,
        headers: { allow: 'GET' },
      });
      const stranger = new RestClient(server.restAddresses[0]!);
      expect((await stranger.ask('GET', path, undefined, { headers })).status).toBe(401);
      expect((await client.ask('GET', path)).status).toBe(401);
    }
    const { rest } = await runRest();
    const other = await RestClient.begin(rest);
    expect((await other.ask('GET', '/v1/locks')).status).toBe(404);
    expect((await other.ask('GET', '/v1/locks/a')).status).toBe(404);
  });
});

it('says where another server has granted a lock that its age is one at most', async () => {
  const source = new FakeSource();
  const elsewhere = { ...holder, isSinceAsked: true, deadlineMs: null };
  source.page = { locks: [{ ...lock, holders: [holder, elsewhere] }], nextPageToken: '', nowMs: 10_000 };
  const answers: string[] = [];
  const api = {
    enter: () => ({}),
    answer: (_response: unknown, _status: number, body: string) => answers.push(body),
  };
  const listing = new LockListing(source, api as unknown as RestApi, () => source.nowMs());
  listing.list({} as RawRequest, {} as RawResponse, {});
  await eventually(() => answers.length === 1);
  const [{ holders }] = (JSON.parse(answers[0]!) as { locks: [{ holders: object[] }] }).locks;
  expect(holders).toMatchObject([
    { age_ms: 1_000, remaining_ms: 60_000 },
    { age_ms: 1_000, age_at_most: true },
  ]);
  expect(holders[0]).not.toHaveProperty('age_at_most');
  expect(holders[1]).not.toHaveProperty('remaining_ms');
});
