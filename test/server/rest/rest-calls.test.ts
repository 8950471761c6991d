import { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Method } from '../../../src/contract/method.ts';
import type { RawRequest, RawResponse, RestCall } from '../../../src/server/rest/rest-call.ts';
import { RestCalls } from '../../../src/server/rest/rest-calls.ts';
import { RestSession } from '../../../src/server/rest/rest-session.ts';
import type { RestSessions } from '../../../src/server/rest/rest-sessions.ts';
import { EngineCaller } from '../../engine/engine-caller.ts';
import { openInline } from '../../engine/open-inline.ts';
import { afterwards, connect } from '../running-server.ts';
import { ResettingClient } from './resetting-client.ts';
import { eventually, postBytes, RawRest, RestClient, runRest } from './rest-client.ts';

const folder = new URL('../../fixtures/tls/', import.meta.url).pathname;
const tls = { tlsCertFile: `${folder}server.pem`, tlsKeyFile: `${folder}server-key.pem` };

/** Calls on an engine in this thread, whose clock and answers are at hand. */
async function openCalls() {
  const caller = new EngineCaller();
  const open = await openInline(
    { keepOnSessionEnd: false, gcIntervalMs: 3_600_000, gcMinIdleMs: 3_600_000 },
    caller,
  );
  caller.attach(open);
  const answers: { status: number; body: string; closing: boolean }[] = [];
  const cutOff: string[] = [];
  const clock = { nowMs: 1_000 };
  const sessions = { enter: () => {}, leave: () => {} } as unknown as RestSessions;
  const calls = new RestCalls({
    engine: open.engine,
    sessions: () => sessions,
    nowMs: () => clock.nowMs,
    answer: (_response, status, body, _session, closing) => answers.push({ status, body, closing }),
    cutOff: (_request, reason) => cutOff.push(reason),
  });
  const ask = (method: Method, session: RestSession) =>
    calls.begin(method, session, {} as RawRequest, {} as RawResponse, Number.POSITIVE_INFINITY);
  const begin = (session = new RestSession('a', 5, 0), method: Method = Method.TryLock): RestCall => {
    const call = ask(method, session);
    if (typeof call === 'string') throw new Error(call);
    return call;
  };
  return { calls, answers, cutOff, clock, ask, begin, open };
}

describe('the calls in progress', () => {
  it('end with 408 when their bodies do not come, and no others do', async () => {
    const { calls, answers, cutOff, clock, begin } = await openCalls();
    const late = begin();
    clock.nowMs += Limits.restRequestMsMax - 1;
    const inTime = begin();
    calls.sweep();
    expect(answers).toStrictEqual([]);
    clock.nowMs += 1;
    calls.sweep();
    calls.sweep();
    const body = '{"code":4,"message":"the rest of the request did not come within 30 s","details":[]}';
    expect(answers).toStrictEqual([{ status: 408, body, closing: true }]);
    expect(cutOff).toStrictEqual(['the rest of the request did not come within 30 s']);
    // What comes of it later is too late.
    calls.received(late, Buffer.from('{"name":"a"}'));
    expect(answers).toHaveLength(1);
    calls.received(inTime, Buffer.from('{"name":'));
    expect(answers[1]).toMatchObject({ status: 400 });
  });

  it(`are no more than ${Limits.restCallsMax}, and their slots are used again`, async () => {
    const { calls, ask, begin } = await openCalls();
    const all = Array.from({ length: Limits.restCallsMax }, () => begin());
    expect(ask(Method.Unlock, new RestSession('b', 6, 0))).toBe('too many requests are in progress');
    calls.closed(all[5]!, true);
    const again = begin();
    expect(again).toBe(all[5]);
    expect(again.number).toBe(Limits.restCallsMax + 1);
    expect(calls.open).toBe(Limits.restCallsMax);
  });

  it(`leave places for others beside ${Limits.restWaitersMax} long polls`, async () => {
    const { calls, ask, begin } = await openCalls();
    const all = Array.from({ length: Limits.restWaitersMax }, () => begin(undefined, Method.Lock));
    const session = new RestSession('b', 6, 0);
    expect(ask(Method.Lock, session)).toBe(
      'too many requests wait for locks: this server has room for 15000',
    );
    for (const method of [Method.Unlock, Method.Renew, Method.TryLock]) begin(session, method);
    calls.closed(all[5]!, true);
    calls.closed(begin(session, Method.Unlock), true);
    begin(session, Method.Lock);
    expect(ask(Method.Lock, session)).toContain('too many requests wait');
  });

  it(`leave places for others beside ${Limits.restWaitersPerSessionMax} long polls of a session`, async () => {
    const { calls, ask, begin } = await openCalls();
    const session = new RestSession('a', 5, 0);
    const poll = () => begin(session, Method.Lock);
    const all = Array.from({ length: Limits.restWaitersPerSessionMax }, poll);
    const refusal = 'too many requests wait for locks: a session may have 1000';
    expect(ask(Method.Lock, session)).toBe(refusal);
    for (const method of [Method.Unlock, Method.Renew, Method.TryLock]) begin(session, method);
    begin(undefined, Method.Lock);
    calls.closed(all[5]!, true);
    poll();
    expect(ask(Method.Lock, session)).toBe(refusal);
  });

  it('that are given up take nothing that another call was granted in their slot', async () => {
    const { calls, begin, open } = await openCalls();
    const holders = () => {
      while (open.engine.step());
      return open.engine.metrics[MetricWord.Holders];
    };
    const granted = begin();
    calls.received(granted, Buffer.from('{"name":"a"}'));
    expect(holders()).toBe(1);
    calls.reply(0, granted.slot, granted.number, 5, 0, false, Buffer.alloc(0), 0, 0);
    calls.closed(granted, true);
    const other = begin(undefined, Method.Unlock);
    expect(other.slot).toBe(granted.slot);
    calls.received(other, Buffer.from('{"name":"b"}'));
    // Its client is gone before the engine has looked at it.
    calls.closed(other, false);
    expect(holders()).toBe(1);
  });

  it('know a reply for an earlier user of their slot, and give back what it grants', async () => {
    const { calls, answers, begin, open } = await openCalls();
    const released: number[] = [];
    open.engine.releaseUndelivered = (shard) => released.push(shard);
    const call = begin();
    calls.received(call, Buffer.from('{"name":"a"}'));
    const { number } = call;
    calls.closed(call, false);
    const again = begin();
    calls.received(again, Buffer.from('{"name":"b"}'));
    calls.reply(0, again.slot, number, 5, 0, true, Buffer.from([8, 1]), 0, 2);
    expect(released).toStrictEqual([0]);
    expect(answers).toStrictEqual([]);
    calls.reply(0, again.slot, again.number, 5, 0, true, Buffer.from([8, 1]), 0, 2);
    expect(answers).toStrictEqual([
      { status: 200, body: '{"locked":true,"name":"","key":""}', closing: false },
    ]);
    // Its client goes before it has the answer.
    calls.closed(again, false);
    expect(released).toStrictEqual([0, 0]);
  });

  it('are told why the engine has no answer, or that the server stops', async () => {
    const { calls, answers, begin } = await openCalls();
    const text = Buffer.from('another server has it');
    const end = (status: GrpcStatus): void => {
      const call = begin();
      calls.received(call, Buffer.from('{"name":"a"}'));
      calls.reply(0, call.slot, call.number, 5, status, false, text, 8, text.length);
    };
    end(GrpcStatus.Unavailable);
    calls.explain('it stops');
    end(GrpcStatus.Unavailable);
    end(GrpcStatus.Aborted);
    expect(answers.map(({ status, body }) => [status, JSON.parse(body)])).toStrictEqual([
      [503, { code: 14, message: 'server has it', details: [] }],
      [503, { code: 14, message: 'it stops', details: [] }],
      [409, { code: 10, message: 'server has it', details: [] }],
    ]);
  });

  it('are all told when nobody is left who could decide them', async () => {
    const { calls, answers, begin } = await openCalls();
    const session = new RestSession('a', 5, 0);
    begin(session);
    calls.received(begin(session), Buffer.from('{"name":"a"}'));
    calls.failAll('gone');
    const body = '{"code":14,"message":"gone","details":[]}';
    expect(answers).toStrictEqual([1, 2].map(() => ({ status: 503, body, closing: false })));
  });
});

describe('a lock operation over REST', () => {
  it('takes a lock, finds it taken, renews it and gives it back', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const { status, text, headers } = await client.post('/v1/lock', {
      name: 'My lock',
      lock_timeout_seconds: 60,
    });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(text).toMatch(
      /^\{"locked":true,"name":"My lock","key":"[0-9a-f-]{36}","fencing_token":"[0-9]+"\}$/,
    );
    const key = /"key":"([^"]*)"/.exec(text)![1]!;
    expect((await client.post('/v1/lock', { name: 'My lock' })).text).toBe(
      '{"locked":false,"name":"My lock","key":""}',
    );
    for (const path of ['/v1/renew', '/v1/refreshlock']) {
      const renewed = await client.post(path, { name: 'My lock', key, lockTimeoutSeconds: '30' });
      expect(renewed.json).toStrictEqual({ locked: true, name: 'My lock', key });
    }
    expect((await client.post('/v1/unlock', { name: 'My lock', key })).text).toBe(
      '{"unlocked":true,"name":"My lock"}',
    );
    expect((await client.post('/v1/unlock', { name: 'My lock', key })).json).toStrictEqual({
      ...{ unlocked: false, name: 'My lock' },
      error: { code: 'InvalidLockKey', message: 'invalid lock key' },
    });
  });

  it('never waits on /v1/lock, whatever its body says, and waits on /v1/lock/wait', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    await client.acquire('a');
    const begun = performance.now();
    expect((await client.post('/v1/lock', { name: 'a', wait_timeout_ms: 5_000 })).json).toMatchObject({
      locked: false,
    });
    expect(performance.now() - begun).toBeLessThan(1_000);
    const waited = await client.post('/v1/lock/wait', { name: 'a', wait_timeout_ms: 300 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
    expect(waited.json['error']).toStrictEqual({
      code: 'LockWaitTimeout',
      message: 'timeout waiting to acquire lock',
    });
  });

  it('waits without hindering other requests of its session, and gets the lock', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const key = await client.acquire('a');
    const waiting = client.post('/v1/lock/wait', { name: 'a' });
    expect((await client.post('/v1/lock', { name: 'b' })).json['locked']).toBe(true);
    await client.post('/v1/unlock', { name: 'a', key });
    expect((await waiting).json['locked']).toBe(true);
  });

  it('keeps its session alive while it waits', async () => {
    const server = await runRest({ restSessionTimeoutMs: 300 });
    const [client, idle] = [await RestClient.begin(server.rest), await RestClient.begin(server.rest)];
    const grpc = connect(server.address);
    const { key } = await grpc.lock({ name: 'a' });
    const waiting = client.post('/v1/lock/wait', { name: 'a' });
    await sleep(900);
    expect((await idle.post('/v1/lock', { name: 'b' })).status).toBe(401);
    await grpc.unlock('a', key);
    expect((await waiting).json['locked']).toBe(true);
    expect((await client.post('/v1/lock', { name: 'b' })).status).toBe(200);
  });

  it('leaves the queue when its client goes away', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    const key = await client.acquire('a');
    const raw = await RawRest.connect(server.rest);
    raw.send(postBytes('/v1/lock/wait', client.cookie, '{"name":"a"}'));
    await eventually(() => server.stats().waiters === 1);
    raw.socket.destroy();
    await eventually(() => server.stats().waiters === 0);
    await client.post('/v1/unlock', { name: 'a', key });
    expect((await client.post('/v1/lock', { name: 'a' })).json['locked']).toBe(true);
  });

  it('leaves the queue also when it stands behind another one on its connection', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    await client.acquire('a');
    const raw = await RawRest.connect(server.rest);
    raw.send(postBytes('/v1/lock/wait', client.cookie, '{"name":"a"}').repeat(20));
    await eventually(() => server.stats().waiters === 20);
    raw.socket.destroy();
    await eventually(() => server.stats().waiters === 0);
    // And its session has nothing left in progress.
    await client.ask('DELETE', '/session');
    await eventually(() => server.stats().holders === 0 && server.stats().sessions === 0);
  });

  it.each([false, true])(
    'leaves nothing locked that nobody was told of, with no_clear_on_disconnect %s',
    async (noClear) => {
      const server = await runRest({ noClearOnDisconnect: noClear });
      const client = await RestClient.begin(server.rest);
      for (let i = 0; i < 100; i++) {
        const raw = await RawRest.connect(server.rest);
        raw.send(postBytes('/v1/lock', client.cookie, `{"name":"n${i}"}`));
        if (i % 2 === 0) await new Promise(setImmediate);
        raw.socket.resetAndDestroy();
      }
      // Or the test would have shown nothing.
      await eventually(() => server.stats().grants > 10);
      await sleep(200);
      const held = server.stats().holders;
      // What was written before the connection broke counts as delivered: no server can tell.
      expect(held).toBeLessThan(server.stats().grants);
    },
  );

  it('gives back a lock that it was granted while its client went away', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    for (let i = 0; i < 50; i++) {
      const key = await client.acquire('a');
      const raw = await RawRest.connect(server.rest);
      raw.send(postBytes('/v1/lock/wait', client.cookie, '{"name":"a"}'));
      await eventually(() => server.stats().waiters === 1);
      const unlocked = client.post('/v1/unlock', { name: 'a', key });
      raw.socket.resetAndDestroy();
      await unlocked;
      let locked = false;
      for (let tries = 0; tries < 100 && !locked; tries++) {
        const { json } = await client.post('/v1/lock', { name: 'a' });
        locked = json['locked'] === true;
        if (locked) await client.post('/v1/unlock', { name: 'a', key: json['key'] });
        else if (raw.text.includes('"locked":true')) break;
        else await sleep(5);
      }
      if (!locked) {
        // It was delivered after all.
        const granted = /"key":"([^"]*)"/.exec(raw.text)![1];
        await client.post('/v1/unlock', { name: 'a', key: granted });
      }
    }
    expect(server.stats()).toMatchObject({ waiters: 0 });
  });

  it.each([
    ['in clear', {}, false],
    ['over TLS', tls, true],
  ])('gives back a lock whose grant could not be written any more, %s', async (_over, files, isTls) => {
    const server = await runRest(files);
    const begun = await RawRest.connect(server.rest, isTls ? { rejectUnauthorized: false } : null);
    begun.send(postBytes('/session', null, ''));
    const cookie = /ldlm-session=[0-9a-f]{32}/.exec(await begun.until((text) => text.includes('id"')))![0];
    let client: ResettingClient | null = null;
    const writeHead = vi.spyOn(ServerResponse.prototype, 'writeHead');
    afterwards(() => writeHead.mockRestore());
    // As busy as it is when many answers are to be written.
    writeHead.mockImplementationOnce(function (this: ServerResponse, ...args) {
      client?.resetMeanwhile();
      return this.writeHead(...args);
    });
    client = new ResettingClient(server.rest, isTls, postBytes('/v1/lock', cookie, '{"name":"a"}'));
    await client.gone;
    expect(server.stats().grants).toBe(1);
    await eventually(() => server.stats().holders === 0);
  });

  it('ends with 401 when its session is deleted', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    await client.acquire('a');
    const waiting = client.post('/v1/lock/wait', { name: 'a' });
    await eventually(() => server.stats().waiters === 1);
    expect((await client.ask('DELETE', '/session')).text).toBe('{"session_id": ""}');
    const { status, text } = await waiting;
    expect(status).toBe(401);
    expect(text).toContain('invalid or expired');
    await eventually(() => server.stats().waiters === 0 && server.stats().holders === 0);
  });

  it('heeds a deadline of gRPC', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    await client.acquire('a');
    const wait = (timeout: string) =>
      client.ask('POST', '/v1/lock/wait', { name: 'a' }, { headers: { 'grpc-timeout': timeout } });
    expect(await wait('100m')).toMatchObject({
      status: 504,
      text: '{"code":4,"message":"context deadline exceeded","details":[]}',
    });
    expect(await wait('zz')).toMatchObject({
      status: 400,
      text: '{"code":3,"message":"invalid grpc-timeout: zz","details":[]}',
    });
  });

  it('works with keys of gRPC, and the other way round', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    const grpc = connect(server.address);
    const key = await client.acquire('a');
    expect(await grpc.tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(await grpc.unlock('a', key)).toMatchObject({ unlocked: true });
    const granted = await grpc.lock({ name: 'b' });
    expect((await client.post('/v1/unlock', { name: 'b', key: granted.key })).json).toMatchObject({
      unlocked: true,
    });
  });

  it('takes what this server adds to LDLM', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const requestId = Buffer.from('0123456789').toString('base64');
    const first = await client.post('/v1/lock', {
      name: 'a',
      size: 3,
      permits: 2,
      holder: 'me',
      request_id: requestId,
    });
    expect(first.json['locked']).toBe(true);
    expect((await client.post('/v1/lock', { name: 'a', size: 3, permits: 2, requestId })).json).toStrictEqual(
      first.json,
    );
    expect((await client.post('/v1/lock', { name: 'a', size: 3, permits: 2 })).json['locked']).toBe(false);
    expect((await client.post('/v1/lock', { name: 'a', size: 3, permits: 4 })).json['error']).toMatchObject({
      code: 'InvalidLockSize',
    });
    for (let i = 0; i < 2; i++) await client.acquire('s', { mode: 'SHARED' });
    expect((await client.post('/v1/lock', { name: 's', mode: 0 })).json['locked']).toBe(false);
    expect((await client.post('/v1/unlock', { name: 'a', request_id: requestId })).json['unlocked']).toBe(
      true,
    );
  });

  it('is refused as a long poll beyond the limit of its session, which may unlock and renew all the same', async () => {
    const server = await runRest();
    const client = await RestClient.begin(server.rest);
    const key = await client.acquire('a', { lock_timeout_seconds: 60 });
    const max = Limits.restWaitersPerSessionMax;
    const raw = await RawRest.connect(server.rest);
    raw.send(postBytes('/v1/lock/wait', client.cookie, '{"name":"a"}').repeat(max));
    await eventually(() => server.stats().waiters === max, 20_000);
    expect(await client.post('/v1/lock/wait', { name: 'b' })).toMatchObject({
      status: 429,
      text: `{"code":8,"message":"too many requests wait for locks: a session may have ${max}","details":[]}`,
    });
    expect((await client.post('/v1/renew', { name: 'a', key, lock_timeout_seconds: 60 })).json).toMatchObject(
      { locked: true },
    );
    const other = await RestClient.begin(server.rest);
    expect((await other.post('/v1/lock/wait', { name: 'b' })).json).toMatchObject({ locked: true });
    expect((await client.post('/v1/unlock', { name: 'a', key })).json).toMatchObject({ unlocked: true });
    raw.socket.destroy();
    await eventually(async () => (await client.post('/v1/lock/wait', { name: 'c' })).status === 200);
  });

  it('counts against the limit of its session', { timeout: 60_000 }, async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const raws = await Promise.all(
      Array.from({ length: Limits.restCallsPerSessionMax }, () => RawRest.connect(rest)),
    );
    // The server says 100 once it has the head, and so has counted the call. To try until one is refused would
    // take a place while a head arrives, and that one would be refused instead.
    const expect100 = 'Expect: 100-continue\r\n';
    const half = postBytes('/v1/lock', client.cookie, '{"name":"a"}', expect100).slice(0, -1);
    for (const raw of raws) raw.send(half);
    for (const raw of raws) await raw.until((text) => text.startsWith('HTTP/1.1 100 '), 20_000);
    expect((await client.post('/v1/lock', { name: 'b' })).json).toMatchObject({
      message: `too many requests are in progress: a session may have ${Limits.restCallsPerSessionMax}`,
    });
    const other = await RestClient.begin(rest);
    expect(await other.acquire('other')).not.toBe('');
    for (const raw of raws) raw.socket.destroy();
    await eventually(async () => (await client.post('/v1/lock', { name: 'c' })).status === 200, 20_000);
  });

  it('waits for room in its shard, and loses nothing', { timeout: 30_000 }, async () => {
    const server = await runRest({ shards: 1 });
    const client = await RestClient.begin(server.rest);
    const name = 'x'.repeat(60_000);
    const asked = 200;
    const raws = await Promise.all(Array.from({ length: 20 }, () => RawRest.connect(server.rest)));
    const body = (i: number): string => JSON.stringify({ name: `${name}${i}` });
    for (let i = 0; i < asked; i++)
      raws[i % raws.length]!.send(postBytes('/v1/lock', client.cookie, body(i)));
    await eventually(() => server.stats().holders === asked, 20_000);
    for (const raw of raws)
      await raw.until((text) => text.split('"locked":true').length === asked / raws.length + 1);
  });
});
