import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  CallFailedError,
  InvalidOptionError,
  LdlmClient,
  LockLostError,
  LockWaitTimeoutError,
  ServerUnavailableError,
  TlsError,
} from '../../src/client/index.ts';
import { RequestIds } from '../../src/client/request-ids.ts';
import { RestTransport } from '../../src/client/rest-transport.ts';
import type { LockCall } from '../../src/client/transport.ts';
import type { StartOptions } from '../../src/index.ts';
import { runRest } from '../server/rest/rest-client.ts';
import { afterwards, runServer } from '../server/running-server.ts';
import { type ClientDoor, open, runDoor } from './client-doors.ts';
import { HttpProxy } from './http-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;
const tls = { tlsCertFile: fixture('server.pem'), tlsKeyFile: fixture('server-key.pem') };
const ca = fixture('ca.pem');

async function run(options: StartOptions = {}) {
  const server = await runDoor('rest', options);
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const door: ClientDoor = { transport: 'rest', address: proxy.address };
  return { server, proxy, door, client: open(door), other: open(server) };
}

/** A server at an address of its own choice that can be started again there. */
async function runRestartable(options: StartOptions = {}) {
  const first = await runRest(options);
  const door: ClientDoor = { transport: 'rest', address: first.rest };
  const restart = async () => {
    await first.close();
    return runRest({ ...options, restListenAddress: first.rest });
  };
  return { restart, door, client: open(door), other: open(door) };
}

function lockCall(name: string): LockCall {
  const requestId = new RequestIds().next();
  const claim = { size: null, permits: 1, shared: false, holder: '' };
  return { name, ...claim, lockTimeoutMs: 0, waitTimeoutMs: 0, requestId };
}

describe('a client over REST', () => {
  it('shares locks and keys with clients over gRPC', async () => {
    const server = await runRest();
    const rest = open({ transport: 'rest', address: server.rest });
    const grpc = open({ transport: 'grpc', address: server.address });
    const lock = await rest.lock('ä "1"', { holder: 'here' });
    expect(await grpc.tryLock('ä "1"')).toBeNull();
    await grpc.renew('ä "1"', lock.key, 60_000);
    const waiting = grpc.lock('ä "1"');
    await lock.unlock();
    expect((await waiting).fencingToken).toBeGreaterThan(lock.fencingToken);
  });

  it('sends the password that the server asks for', async () => {
    const { server } = await run({ password: 'right: "x"' });
    expect((await open(server, { password: 'right: "x"' }).lock('a')).locked).toBe(true);
    for (const password of ['wrong', ''])
      await expect(open(server, { password }).lock('b')).rejects.toBeInstanceOf(AuthenticationError);
  });

  it('says when whoever answers is no server of locks over REST', async () => {
    const grpc = await runServer();
    const client = open({ transport: 'rest', address: grpc.address });
    await expect(client.lock('a')).rejects.toBeInstanceOf(CallFailedError);
    const secure = await run(tls);
    await expect(secure.client.lock('a')).rejects.toBeInstanceOf(CallFailedError);
  });

  it('is refused options that it cannot use', () => {
    const make = (options: object) => () => new LdlmClient({ transport: 'rest', ...options });
    expect(make({ transport: 'http' })).toThrow('transport must be grpc or rest, not "http"');
    expect(make({ channelOptions: {} })).toThrow('channelOptions are for the transport grpc');
    for (const address of ['localhost', 'localhost:65536', 'me@localhost:80', 'a?b:80'])
      expect(make({ address })).toThrow(InvalidOptionError);
    expect(make({ tls: { ca: '/nowhere/ca.pem' } })).toThrow('tls.ca');
    expect(make({ tls: { cert: fixture('client.pem') } })).toThrow('tls.cert and tls.key go together');
    const cert = Buffer.from('none');
    expect(make({ tls: { cert, key: cert } })).toThrow('tls cannot be used');
  });
});

describe('TLS', () => {
  it('is spoken with a server whose certificate is trusted and has the name, and with no other', async () => {
    const { server } = await run(tls);
    expect((await open(server, { tls: { ca } }).lock('a')).locked).toBe(true);
    expect((await open(server, { tls: { ca, serverName: 'localhost' } }).lock('b')).locked).toBe(true);
    for (const wrong of [{ ca: fixture('foreign-ca.pem') }, { ca, serverName: 'example.org' }, {}])
      await expect(open(server, { tls: wrong }).lock('c')).rejects.toBeInstanceOf(TlsError);
    const careless = open(server, { tls: { skipVerify: true, serverName: 'example.org' } });
    expect((await careless.lock('c')).locked).toBe(true);
  });

  it('shows the certificate of the client', async () => {
    const { server } = await run({ ...tls, clientCaFile: ca });
    const known = { ca, cert: fixture('client.pem'), key: fixture('client-key.pem') };
    expect((await open(server, { tls: known }).lock('a')).locked).toBe(true);
    await expect(open(server, { tls: { ca } }).lock('b')).rejects.toBeInstanceOf(TlsError);
  });
});

describe('a call over REST', () => {
  it('that is aborted closes its request and no other one', async () => {
    const { server, client, other } = await run();
    const lock = await other.lock('a');
    const controller = new AbortController();
    const given = client.lock('a', { signal: controller.signal });
    const kept = client.lock('a');
    await expect.poll(() => server.stats().waiters).toBe(2);
    controller.abort();
    await expect(given).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => server.stats().waiters).toBe(1);
    await lock.unlock();
    expect((await kept).locked).toBe(true);
  });

  it('that is aborted or late rejects at once, also while nothing is connected yet', async () => {
    const { door, proxy } = await run();
    proxy.swallowsReplies = true;
    const transport = new RestTransport({ address: door.address, tls: null, password: '' });
    afterwards(() => transport.close());
    const began = performance.now();
    await expect(transport.tryLock(lockCall('a'), { timeoutMs: 100 })).rejects.toMatchObject({
      kind: 'unanswered',
    });
    const signal = AbortSignal.timeout(100);
    await expect(transport.tryLock(lockCall('a'), { signal })).rejects.toMatchObject({ kind: 'aborted' });
    await expect(transport.tryLock(lockCall('a'), { signal })).rejects.toMatchObject({ kind: 'aborted' });
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('that a proxy cuts while it waits is made again, which is no failure while the server is there', async () => {
    const { server, other } = await run();
    const proxy = await HttpProxy.open(server.address);
    proxy.cutsAfterMs = 700;
    const client = open({ transport: 'rest', address: proxy.address }, { retries: 0, retryDelayMs: 60_000 });
    const lock = await other.lock('a');
    const waiting = client.lock('a');
    const timed = client.lock('a', { waitTimeoutMs: 1_800 });
    await expect(timed).rejects.toBeInstanceOf(LockWaitTimeoutError);
    await lock.unlock();
    expect((await waiting).locked).toBe(true);
    expect(proxy.asked.filter((asked) => asked === 'POST /v1/lock/wait').length).toBeGreaterThan(4);
  });

  it('that a proxy cuts before the server is gone is a failure', async () => {
    const { server, other } = await run();
    const proxy = await HttpProxy.open(server.address);
    const client = open({ transport: 'rest', address: proxy.address }, { retries: 0 });
    await client.withLock('a', () => {});
    await other.lock('a');
    proxy.answers = (_, response) => {
      setTimeout(() => response.writeHead(504).end(), 600);
      return true;
    };
    await expect(client.lock('a')).rejects.toBeInstanceOf(ServerUnavailableError);
  });

  it('that nobody lets in without a password says so, whoever that is', async () => {
    const { server } = await run();
    const proxy = await HttpProxy.open(server.address);
    proxy.answers = (_, response) => {
      response.writeHead(401).end('{"error":"x"}');
      return true;
    };
    const client = open({ transport: 'rest', address: proxy.address });
    await expect(client.lock('a')).rejects.toBeInstanceOf(AuthenticationError);
  });

  it('goes on over another connection when its own brings no answers any more', async () => {
    const { server, proxy, client, other } = await run({ restSessionTimeoutMs: 4_000 });
    const lock = await other.lock('a');
    const waiting = client.lock('a');
    await expect.poll(() => server.stats().waiters).toBe(1);
    const before = proxy.connections;
    proxy.swallowsReplies = true;
    await expect.poll(() => proxy.connections, { timeout: 5_000 }).toBeGreaterThan(before);
    proxy.swallowsReplies = false;
    await lock.unlock();
    expect((await waiting).locked).toBe(true);
    expect(server.stats().holders).toBe(1);
  });
});

describe('the session of a client', () => {
  it('does not end while the client lives, whatever it holds or waits for', async () => {
    const { client, other } = await run({ restSessionTimeoutMs: 3_000 });
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    const waiting = other.lock('a', { waitTimeoutMs: 4_500 });
    await expect(waiting).rejects.toBeInstanceOf(LockWaitTimeoutError);
    expect([lock.locked, await other.tryLock('a')]).toEqual([true, null]);
  });

  it('outlives its connections', async () => {
    const { server, proxy, client } = await run();
    const untimed = await client.lock('a', { lockTimeoutMs: 0 });
    const timed = await client.lock('b', { lockTimeoutMs: 2_000 });
    proxy.cut(true);
    await sleep(300);
    proxy.isDown = false;
    await sleep(2_500);
    expect([untimed.locked, timed.locked, server.stats().holders]).toEqual([true, true, 2]);
  });

  it('is over when the server cannot be reached for as long as it lasts', async () => {
    const { server, proxy, client } = await run({ restSessionTimeoutMs: 1_000 });
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    proxy.cut(true);
    await expect.poll(() => lock.signal.aborted, { timeout: 2_000, interval: 10 }).toBe(true);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lock.signal.reason.message).toContain('the session on the server is gone');
    await expect.poll(() => server.stats().holders, { timeout: 3_000 }).toBe(0);
    proxy.isDown = false;
    expect((await client.lock('a')).locked).toBe(true);
  });

  it('is begun anew when the server has been restarted, which is noticed without a call', async () => {
    const { restart, client } = await runRestartable();
    const untimed = await client.lock('a', { lockTimeoutMs: 0 });
    const timed = await client.lock('b');
    const server = await restart();
    await expect.poll(() => untimed.signal.aborted, { timeout: 3_000 }).toBe(true);
    await expect.poll(() => timed.signal.aborted, { timeout: 3_000 }).toBe(true);
    expect(timed.signal.reason.message).toContain('no longer knows it');
    expect((await client.lock('a')).locked).toBe(true);
    await expect.poll(() => server.stats().sessions).toBe(1);
  });

  it('is missed as well when the last answer of a server that stops has closed its connection', async () => {
    const { restart, door, other } = await runRestartable();
    // Its call is not made again, which would find out as well.
    const client = open(door, { retries: 0 });
    const [untimed] = [await client.lock('a', { lockTimeoutMs: 0 }), await other.lock('b')];
    const waiting = client.lock('b');
    waiting.catch(() => {});
    await sleep(100);
    await restart();
    await expect.poll(() => untimed.signal.aborted, { timeout: 3_000 }).toBe(true);
  });

  it('is begun anew for a call that finds it ended', async () => {
    const { restart, client, other } = await runRestartable();
    await client.withLock('a', () => {});
    await other.lock('a', { lockTimeoutMs: 0 });
    const waiting = client.lock('a');
    await restart();
    expect((await waiting).locked).toBe(true);
  });

  it('may be another one for a lock with a timeout, where the server keeps locks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-rest-client-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const { restart, client } = await runRestartable({ stateFile: join(folder, 'state') });
    const timed = await client.lock('a', { lockTimeoutMs: 1_500 });
    const untimed = await client.lock('b', { lockTimeoutMs: 0 });
    const server = await restart();
    await expect.poll(() => untimed.signal.aborted, { timeout: 3_000 }).toBe(true);
    await sleep(2_000);
    // Nobody could say that the other one was held, so it was given back.
    expect([timed.locked, server.stats().holders]).toEqual([true, 1]);
    expect(await timed.unlock()).toBe(true);
  });
});

describe('closing a client over REST', () => {
  it('frees its locks at once, ends its waits, and leaves no socket', async () => {
    const { server, proxy, client, other } = await run();
    await other.lock('b');
    await client.lock('a', { lockTimeoutMs: 0 });
    const waiting = client.lock('b');
    waiting.catch(() => {});
    await expect.poll(() => server.stats().waiters).toBe(1);
    await client.close();
    await expect(waiting).rejects.toMatchObject({ code: 'LDLM_CLIENT_CLOSED' });
    expect(await other.tryLock('a')).not.toBeNull();
    await expect.poll(() => [proxy.open, server.stats().waiters]).toEqual([0, 0]);
  });

  it('leaves no socket either that is not connected yet', async () => {
    const { proxy, door } = await run(tls);
    proxy.swallowsReplies = true;
    const client = open(door, { tls: { ca } });
    const locking = client.lock('a');
    locking.catch(() => {});
    await expect.poll(() => proxy.connections).toBe(1);
    await client.close();
    await expect(locking).rejects.toMatchObject({ code: 'LDLM_CLIENT_CLOSED' });
    await expect.poll(() => proxy.open, { timeout: 1_000 }).toBe(0);
  });

  it('takes about a second when the server does not answer', async () => {
    const { proxy, client } = await run();
    await client.withLock('a', () => {});
    proxy.swallowsReplies = true;
    const began = performance.now();
    await client.close();
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('lets the program end, which has loaded undici only for REST', async () => {
    const { server } = await run();
    const module = new URL('../../dist/src/client/index.js', import.meta.url).href;
    const script = `
      import { createRequire } from 'node:module';
      import { LdlmClient } from ${JSON.stringify(module)};
      const { cache } = createRequire(import.meta.url);
      const isLoaded = () => Object.keys(cache).some((path) => path.includes('/undici/'));
      const before = isLoaded();
      const client = new LdlmClient({ transport: 'rest', address: ${JSON.stringify(server.address)} });
      await client.lock('a');
      await client.close();
      const left = process.getActiveResourcesInfo().filter((kind) => /Timeout|TCP/.test(kind));
      console.log(JSON.stringify({ before, after: isLoaded(), left }));
    `;
    const options = { timeout: 10_000 };
    const node = promisify(execFile);
    const { stdout } = await node(process.execPath, ['--input-type=module', '-e', script], options);
    expect(JSON.parse(stdout)).toEqual({ before: false, after: true, left: [] });
  });
});
