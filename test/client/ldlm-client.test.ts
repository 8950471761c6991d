import { getMaxListeners, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  ClientClosedError,
  HeldLock,
  InvalidLockKeyError,
  InvalidLockSizeError,
  InvalidOptionError,
  LdlmClient,
  LockDoesNotExistError,
  LockDoesNotExistOrInvalidKeyError,
  LockLostError,
  LockSizeMismatchError,
  LockWaitTimeoutError,
  ServerUnavailableError,
  TlsError,
} from '../../src/client/index.ts';
import type { StartOptions } from '../../src/index.ts';
import { afterwards } from '../server/running-server.ts';
import { type ClientTransport, open, runDoor } from './client-doors.ts';
import { HttpProxy } from './http-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

const transports = ['grpc', 'rest'] as const;
const fixture = (name: string): string => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;

async function run(transport: ClientTransport, options: StartOptions = {}) {
  const server = await runDoor(transport, options);
  return { server, client: open(server), other: open(server) };
}

async function runBehindProxy(transport: ClientTransport) {
  const server = await runDoor(transport);
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  return { server, proxy, client: open({ ...server, address: proxy.address }), other: open(server) };
}

describe.each(transports)('a lock over %s', (transport) => {
  it('is held until it is unlocked, and unlocking it again says that it was not held', async () => {
    const { client, other } = await run(transport);
    const lock = await client.lock('a');
    expect(lock).toMatchObject({ name: 'a', locked: true, key: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(lock.fencingToken).toBeGreaterThan(0n);
    expect(lock.expiresAt!.getTime() - Date.now()).toBeGreaterThan(25_000);
    expect(await other.tryLock('a')).toBeNull();
    expect(await lock.unlock()).toBe(true);
    expect(await lock.unlock()).toBe(false);
    expect([lock.locked, lock.expiresAt, lock.signal.aborted]).toEqual([false, null, false]);
    const next = await other.tryLock('a');
    expect(next!.fencingToken).toBeGreaterThan(lock.fencingToken);
  });

  it('is given back at the end of its block, also when that throws', async () => {
    const { client, other } = await run(transport);
    {
      await using lock = await client.lock('a');
      expect(lock.locked).toBe(true);
    }
    const failing = client.withLock('a', () => Promise.reject(new Error('in the body')));
    await expect(failing).rejects.toThrow('in the body');
    expect(await other.tryWithLock('a', ({ locked }) => locked)).toEqual({ acquired: true, value: true });
  });

  it('has its body run or skipped by tryWithLock', async () => {
    const { client, other } = await run(transport);
    let runs = 0;
    const inner = await client.withLock('a', { size: 1 }, () => other.tryWithLock('a', {}, () => ++runs));
    expect([inner, runs]).toEqual([{ acquired: false }, 0]);
  });

  it('is waited for in order, and until the timeout', async () => {
    const { client, other } = await run(transport);
    const lock = await client.lock('a');
    const began = performance.now();
    const waiting = other.lock('a', { waitTimeoutMs: 200 });
    await expect(waiting).rejects.toBeInstanceOf(LockWaitTimeoutError);
    expect(performance.now() - began).toBeGreaterThan(150);
    const seconds = other.lock('a', { waitTimeoutSeconds: 30 });
    await lock.unlock();
    expect((await seconds).locked).toBe(true);
  });

  it('can be shared, and taken in permits', async () => {
    const { client, other } = await run(transport);
    const readers = await Promise.all([client, other].map((each) => each.lock('r', { shared: true })));
    expect(await client.tryLock('r')).toBeNull();
    for (const reader of readers) await reader.unlock();
    await client.lock('p', { size: 10, permits: 7 });
    expect(await other.tryLock('p', { size: 10, permits: 4 })).toBeNull();
    expect(await other.tryLock('p', { size: 10, permits: 3 })).not.toBeNull();
  });

  it('is renewed by itself, down to a timeout of a second', async () => {
    const { client, other } = await run(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 1_000 });
    await sleep(2_500);
    expect([lock.locked, await other.tryLock('a')]).toEqual([true, null]);
  });

  it('is lost at its timeout when nobody renews it, and known to be before the server says so', async () => {
    const { server, other } = await run(transport);
    const client = open(server, { autoRenew: false });
    const lost: HeldLock[] = [];
    client.on('lockLost', (lock) => lost.push(lock));
    const lock = await client.lock('a', { lockTimeoutMs: 300 });
    const next = other.lock('a').then(() => lock.locked);
    expect(await next).toBe(false);
    await expect.poll(() => lock.signal.aborted).toBe(true);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lost).toEqual([lock]);
    expect(await lock.unlock()).toBe(false);
    await expect(lock.renew()).rejects.toBeInstanceOf(LockLostError);
  });

  it('is renewed, or not, as its call says rather than its client', async () => {
    const { server, client, other } = await run(transport);
    const frugal = open(server, { autoRenew: false });
    const options = { lockTimeoutMs: 400 };
    const [left, kept] = [
      await client.lock('a', { ...options, autoRenew: false }),
      await frugal.lock('b', { ...options, autoRenew: true }),
    ];
    await sleep(1_000);
    expect([left.locked, kept.locked]).toEqual([false, true]);
    expect(left.signal.reason).toBeInstanceOf(LockLostError);
    expect([await other.tryLock('a'), await other.tryLock('b')]).toEqual([expect.any(HeldLock), null]);
  });

  it('is forgotten when it is unattended: it expires without a word', async () => {
    const { server, client, other } = await run(transport);
    const lost: HeldLock[] = [];
    client.on('lockLost', (lock) => lost.push(lock));
    const first = await client.lock('a', { lockTimeoutMs: 400, unattended: true });
    expect([first.locked, first.expiresAt, server.stats().holders]).toEqual([false, null, 1]);
    await expect(first.renew()).rejects.toThrow('unattended');
    // Waited for in the queue: it is not renewed on arrival either.
    const second = await other.lock('a', { lockTimeoutMs: 400, unattended: true });
    await expect.poll(() => server.stats().holders).toBe(0);
    expect([lost, first.signal.aborted, second.signal.aborted]).toEqual([[], false, false]);
    const third = await client.lock('a', { lockTimeoutMs: 20_000, unattended: true });
    expect([await third.unlock(), server.stats().holders]).toEqual([true, 0]);
    await expect(client.lock('a', { lockTimeoutMs: 0, unattended: true })).rejects.toThrow('unattended');
  });

  it('is not seen as held behind a blocked event loop', async () => {
    const { client } = await run(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 200 });
    const { signal } = lock;
    const untilMs = Date.now() + 250;
    while (Date.now() < untilMs);
    expect(lock.locked).toBe(false);
    expect([signal.aborted, lock.signal === signal]).toEqual([true, true]);
  });

  it('can be renewed for longer', async () => {
    const { client } = await run(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 1_000 });
    await lock.renew(60_000);
    expect(lock.expiresAt!.getTime() - Date.now()).toBeGreaterThan(50_000);
    const untimed = await client.lock('b', { lockTimeoutMs: 0 });
    expect(untimed.expiresAt).toBeNull();
    await expect(untimed.renew()).rejects.toBeInstanceOf(InvalidOptionError);
  });

  it('is unlocked and renewed by name and key as well', async () => {
    const { client, other } = await run(transport);
    const lock = await client.lock('a');
    await other.renew('a', lock.key, 20_000);
    await other.refreshLock('a', lock.key, 20_000);
    await client.unlock('a', lock.key);
    expect(lock.locked).toBe(false);
    await expect(other.renew('a', lock.key, 20_000)).rejects.toBeInstanceOf(
      LockDoesNotExistOrInvalidKeyError,
    );
  });
});

describe.each(transports)('what is refused over %s', (transport) => {
  it('has a class for each reason', async () => {
    const { client, other } = await run(transport);
    await client.lock('a', { size: 2 });
    await expect(other.lock('a', { size: 3 })).rejects.toBeInstanceOf(LockSizeMismatchError);
    await expect(other.lock('b', { size: 1, permits: 2 })).rejects.toBeInstanceOf(InvalidLockSizeError);
    await expect(other.unlock('c', 'x')).rejects.toBeInstanceOf(LockDoesNotExistError);
    await expect(other.unlock('a', 'x')).rejects.toBeInstanceOf(InvalidLockKeyError);
    await expect(other.lock('n'.repeat(70_000))).rejects.toMatchObject({
      code: 'LDLM_LOCK_REFUSED',
      ldlmCode: 0,
      message: 'lock name must not be longer than 65536 bytes',
    });
  });

  it('is said before anything is sent when it can be known', async () => {
    const client = open({ transport, address: '127.0.0.1:1' });
    for (const options of [
      { size: 0 },
      { permits: 1.5 },
      { lockTimeoutMs: -1 },
      { waitTimeoutMs: Number.NaN },
    ]) {
      await expect(client.lock('a', options)).rejects.toBeInstanceOf(InvalidOptionError);
    }
    await expect(client.lock('')).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(client.tryLock('a', { waitTimeoutMs: 1 } as object)).rejects.toThrow(
      'tryLock does not wait',
    );
    expect(() => new LdlmClient({ address: 'localhost' })).toThrow(InvalidOptionError);
    expect(() => new LdlmClient({ tls: { ca: '/nowhere/ca.pem' } })).toThrow('tls.ca');
  });

  it('is not tried again: a wrong password', async () => {
    const server = await runDoor(transport, { password: 'right' });
    const wrong = open(server, { password: 'wrong' });
    await expect(wrong.lock('a')).rejects.toBeInstanceOf(AuthenticationError);
    expect((await open(server, { password: 'right' }).lock('a')).locked).toBe(true);
  });
});

describe.each(transports)('a wait that is given up over %s', (transport) => {
  it('leaves the queue, and rejects with the reason', async () => {
    const { server, client, other } = await run(transport);
    const lock = await client.lock('a');
    const controller = new AbortController();
    const waiting = other.lock('a', { signal: controller.signal });
    await expect.poll(() => server.stats().waiters).toBe(1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => server.stats().waiters).toBe(0);
    await lock.unlock();
    expect(await client.tryLock('a')).not.toBeNull();
    await expect(other.lock('b', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    );
    expect(await client.tryLock('b')).not.toBeNull();
  });

  it('gives a lock back that was granted with a reply that was lost', async () => {
    const { server, proxy, client, other } = await runBehindProxy(transport);
    await client.withLock('warm', () => {});
    proxy.swallowsReplies = true;
    const controller = new AbortController();
    const waiting = client.lock('a', { signal: controller.signal });
    await expect.poll(() => server.stats().holders).toBe(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => server.stats().holders).toBe(0);
    expect(await other.tryLock('a')).not.toBeNull();
  });
});

describe.each(transports)('a client over %s', (transport) => {
  it('has a connection of its own: closing it frees its locks at once, and nobody else is touched', async () => {
    const { client, other } = await run(transport);
    const [mine, theirs] = [await client.lock('a'), await other.lock('b')];
    await client.close();
    expect(await other.tryLock('a')).not.toBeNull();
    expect([mine.locked, theirs.locked]).toEqual([false, true]);
    expect(mine.signal.reason).toBeInstanceOf(LockLostError);
    await expect(client.lock('c')).rejects.toBeInstanceOf(ClientClosedError);
  });

  it('ends what waits when it is closed', async () => {
    const { server, client, other } = await run(transport);
    await other.lock('a');
    const waiting = client.lock('a');
    await expect.poll(() => server.stats().waiters).toBe(1);
    const closing = client.close();
    await expect(waiting).rejects.toBeInstanceOf(ClientClosedError);
    await closing;
    await expect.poll(() => server.stats().waiters).toBe(0);
  });

  it('takes back what it has not been told of when it is closed, also where the server keeps locks', async () => {
    const server = await runDoor(transport, { noClearOnDisconnect: true });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ ...server, address: proxy.address });
    const other = open(server);
    await other.lock('a');
    const waiting = client.lock('a', { lockTimeoutMs: 0 });
    await expect.poll(() => server.stats().waiters).toBe(1);
    proxy.swallowsReplies = true;
    const granted = client.lock('b', { lockTimeoutMs: 0 });
    await expect.poll(() => server.stats().holders).toBe(2);
    const closing = client.close();
    await expect(waiting).rejects.toBeInstanceOf(ClientClosedError);
    await expect(granted).rejects.toBeInstanceOf(ClientClosedError);
    await closing;
    await expect.poll(() => server.stats().waiters).toBe(0);
    await expect.poll(() => server.stats().holders).toBe(1);
  });

  it('is closed by a signal, and by the end of a block', async () => {
    const { server, other } = await run(transport);
    const controller = new AbortController();
    const client = open(server, { signal: controller.signal });
    await client.lock('a');
    controller.abort();
    await expect.poll(() => other.tryLock('a')).not.toBeNull();
    {
      await using scoped = new LdlmClient({ transport, address: server.address });
      await scoped.lock('b', { lockTimeoutMs: 0 });
    }
    expect(await other.tryLock('b')).not.toBeNull();
  });
});

describe.each(transports)('signals over %s', (transport) => {
  it('may end more than ten calls without a warning, and keep what their owner has set', async () => {
    const warnings: string[] = [];
    const warn = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', warn);
    afterwards(() => void process.off('warning', warn));
    const client = open({ transport, address: '127.0.0.1:1' });
    const [controller, strict] = [new AbortController(), new AbortController()];
    setMaxListeners(5, strict.signal);
    const waits = Array.from({ length: 12 }, (_, i) => client.lock(String(i), { signal: controller.signal }));
    waits.push(client.lock('strict', { signal: strict.signal }));
    for (const wait of waits) wait.catch(() => {});
    await sleep(300);
    controller.abort();
    strict.abort();
    await Promise.allSettled(waits);
    expect([warnings, getMaxListeners(strict.signal)]).toEqual([[], 5]);
  });
});

describe.each(transports)('TLS over %s', (transport) => {
  it.each([
    ['whose certificate nobody knows', true, {}],
    ['of another authority', true, { ca: fixture('foreign-ca.pem') }],
    ['of another name', true, { ca: fixture('ca.pem'), serverName: 'example.org' }],
    ['that wants to see a certificate', true, { ca: fixture('ca.pem') }],
    ['that does not speak it', false, {}],
  ])('fails at once with a server %s', async (what, secure, tls) => {
    const server = await runDoor(transport, {
      ...(secure && { tlsCertFile: fixture('server.pem'), tlsKeyFile: fixture('server-key.pem') }),
      ...(what.startsWith('that wants') && { clientCaFile: fixture('ca.pem') }),
    });
    const failing = open(server, { tls, retryDelayMs: 60_000 }).lock('a');
    await expect(failing).rejects.toBeInstanceOf(TlsError);
    await expect(failing).rejects.toMatchObject({ code: 'LDLM_TLS', cause: { kind: 'insecure' } });
  });
});

describe('a channel of gRPC', () => {
  it('keeps a lock beyond an idle period of the channel', async () => {
    const { server, other } = await run('grpc');
    const client = open(server);
    const shortened = open(server, { channelOptions: { 'grpc.client_idle_timeout_ms': 1_000 } });
    await client.lock('mine', { lockTimeoutMs: 0 });
    await shortened.lock('theirs', { lockTimeoutMs: 0 });
    await expect.poll(() => other.tryLock('theirs'), { timeout: 5_000 }).not.toBeNull();
    expect(await other.tryLock('mine')).toBeNull();
  });
});

describe('when the connection of gRPC is lost', () => {
  it('a lock is taken along to the new connection when the server has not noticed the loss of the old one', async () => {
    const { server, proxy, client } = await runBehindProxy('grpc');
    const lock = await client.lock('a', { lockTimeoutMs: 5_000 });
    proxy.strand();
    await expect.poll(() => proxy.connections, { timeout: 3_000 }).toBe(2);
    await sleep(100);
    await expect.poll(() => lock.locked, { timeout: 3_000 }).toBe(true);
    expect(server.stats().holders).toBe(1);
    // Now it notices.
    const old = server.stats().connections;
    proxy.cutStranded();
    await expect.poll(() => server.stats().connections).toBe(old - 1);
    await sleep(100);
    expect([server.stats().holders, lock.locked]).toEqual([1, true]);
  });

  it('a lock with a timeout is lost when the server no longer knows it', async () => {
    const { proxy, client, other } = await runBehindProxy('grpc');
    const lock = await client.lock('a');
    proxy.cut();
    await expect.poll(() => lock.signal.aborted, { timeout: 3_000 }).toBe(true);
    expect(lock.signal.reason.message).toContain('no longer knows it');
    expect(await other.tryLock('a')).not.toBeNull();
  });

  it('one with a timeout lives on where the server keeps locks', async () => {
    const server = await runDoor('grpc', { noClearOnDisconnect: true });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ transport: 'grpc', address: proxy.address });
    const lock = await client.lock('a', { lockTimeoutMs: 2_000 });
    const untimed = await client.lock('b', { lockTimeoutMs: 0 });
    proxy.cut();
    await expect.poll(() => untimed.locked).toBe(false);
    await expect.poll(() => proxy.connections).toBe(2);
    await sleep(2_500);
    expect(lock.locked).toBe(true);
    // Nobody could say that it was held, so it was given back.
    expect(server.stats().holders).toBe(1);
  });

  it('one that nobody renews is asked for once, and lost at its end', async () => {
    const server = await runDoor('grpc', { noClearOnDisconnect: true });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ transport: 'grpc', address: proxy.address });
    const lock = await client.lock('a', { lockTimeoutMs: 2_000, autoRenew: false });
    proxy.cut(true);
    await expect.poll(() => lock.locked).toBe(false);
    proxy.isDown = false;
    await expect.poll(() => lock.locked).toBe(true);
    await expect.poll(() => lock.signal.aborted, { timeout: 4_000 }).toBe(true);
    await expect.poll(() => server.stats().holders, { timeout: 4_000 }).toBe(0);
  });
});

describe.each(transports)('when the connection is lost over %s', (transport) => {
  it('one with a timeout is lost at its deadline when the server does not come back', async () => {
    const { proxy, client } = await runBehindProxy(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 1_000 });
    const began = performance.now();
    proxy.cut(true);
    await expect.poll(() => lock.signal.aborted, { timeout: 3_000 }).toBe(true);
    expect(performance.now() - began).toBeLessThan(1_200);
    expect(lock.signal.reason.message).toContain('not renewed in time');
  });

  it('a frozen server is noticed at the deadline', async () => {
    const { proxy, client } = await runBehindProxy(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 900 });
    proxy.swallowsReplies = true;
    await expect.poll(() => lock.locked, { timeout: 3_000, interval: 20 }).toBe(false);
  });

  it('an unlock does not wait for a frozen server beyond the timeout', async () => {
    const { proxy, client } = await runBehindProxy(transport);
    const lock = await client.lock('a', { lockTimeoutMs: 600 });
    proxy.swallowsReplies = true;
    const began = performance.now();
    expect(await lock.unlock()).toBe(false);
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(lock.signal.aborted).toBe(false);
  });

  it('a call that was under way is made again, and the lock taken once', async () => {
    const { server, proxy, client, other } = await runBehindProxy(transport);
    const lock = await other.lock('a');
    const waiting = client.lock('a');
    await expect.poll(() => server.stats().waiters).toBe(1);
    const before = proxy.connections;
    proxy.cut();
    await expect.poll(() => proxy.connections).toBeGreaterThan(before);
    await expect.poll(() => server.stats().waiters).toBe(1);
    await lock.unlock();
    expect((await waiting).locked).toBe(true);
    expect(server.stats().holders).toBe(1);
  });

  it('a lock whose reply was lost is not taken twice', async () => {
    const server = await runDoor(transport, { noClearOnDisconnect: true });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ transport, address: proxy.address });
    await client.withLock('warm', () => {});
    proxy.swallowsReplies = true;
    const waiting = client.lock('a', { size: 2 });
    await expect.poll(() => server.stats().holders).toBe(1);
    proxy.swallowsReplies = false;
    proxy.cut();
    expect((await waiting).locked).toBe(true);
    expect(server.stats().holders).toBe(1);
  });

  it('an unlock whose reply was lost has unlocked', async () => {
    const server = await runDoor(transport, { noClearOnDisconnect: true });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ transport, address: proxy.address });
    const lock = await client.lock('a');
    proxy.swallowsReplies = true;
    const unlocking = lock.unlock();
    await expect.poll(() => server.stats().holders).toBe(0);
    proxy.swallowsReplies = false;
    proxy.cut();
    expect(await unlocking).toBe(true);
  });

  it('a server that is not there is tried as often as it was told', async () => {
    const client = open({ transport, address: '127.0.0.1:1' }, { retries: 2, retryDelayMs: 50 });
    const began = performance.now();
    await expect(client.lock('a')).rejects.toBeInstanceOf(ServerUnavailableError);
    expect(performance.now() - began).toBeGreaterThan(45);
    const patient = open({ transport, address: '127.0.0.1:1' });
    const late = patient.lock('a', { waitTimeoutMs: 300 });
    await expect(late).rejects.toBeInstanceOf(ServerUnavailableError);
    await expect(late).rejects.toMatchObject({
      message: expect.stringContaining('the wait timeout has passed'),
      cause: { kind: 'unavailable' },
    });
    await expect(patient.lock('a', { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

it('a lock for which its server can answer for a while only is believed in for so long, whatever its timeout', async () => {
  const server = await runDoor('rest');
  const proxy = await HttpProxy.open(server.address);
  proxy.answers = ({ url }, response) => {
    if (url !== '/v1/lock') return false;
    response.end('{"locked":true,"name":"a","key":"k","fencing_token":"7","certain_ms":60000}');
    return true;
  };
  const client = open({ ...server, address: proxy.address });
  const lock = await client.tryLock('a', { lockTimeoutMs: 600_000 });
  expect(lock!.remainingMs).toBeGreaterThan(50_000);
  expect(lock!.remainingMs).toBeLessThanOrEqual(60_000);
});

it('a lock without a timeout is believed in for as long, and given back when it is not any more', async () => {
  const server = await runDoor('rest');
  const proxy = await HttpProxy.open(server.address);
  const asked: string[] = [];
  let isHeld = true;
  proxy.answers = ({ url = '' }, response) => {
    if (!url.startsWith('/v1/')) return false;
    asked.push(url);
    const granted = { locked: true, name: 'a', key: 'k', fencing_token: '7', certain_ms: 300 };
    if (url === '/v1/unlock') response.end('{"unlocked":true,"name":"a"}');
    else if (isHeld) response.end(JSON.stringify(granted));
    return true;
  };
  const client = open({ ...server, address: proxy.address });
  const lock = await client.lock('a', { lockTimeoutMs: 0 });
  const lost = new Promise<void>((resolve) => lock.signal.addEventListener('abort', () => resolve()));
  await expect.poll(() => asked.length).toBeGreaterThan(5);
  expect([lock.locked, asked.slice(1).every((url) => url === '/v1/lock')]).toEqual([true, true]);
  await expect(lock.renew()).rejects.toBeInstanceOf(InvalidOptionError);
  isHeld = false;
  await lost;
  expect(lock.locked).toBe(false);
  await expect.poll(() => asked.at(-1)).toBe('/v1/unlock');
});
