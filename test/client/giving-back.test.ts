import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CallFailedError } from '../../src/client/index.ts';
import type { StartOptions } from '../../src/index.ts';
import { afterwards } from '../server/running-server.ts';
import { type ClientTransport, open, runDoor } from './client-doors.ts';
import { HttpProxy } from './http-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** Behind a proxy that answers so many unlocks itself. */
async function runRefusing(times: number) {
  const server = await runDoor('rest');
  const proxy = await HttpProxy.open(server.address);
  proxy.answers = (request, response) => {
    if (request.url !== '/v1/unlock' || times-- <= 0) return false;
    response.writeHead(500).end('oops');
    return true;
  };
  const client = open({ ...server, address: proxy.address });
  const lost: string[] = [];
  client.on('lockLost', ({ name }) => lost.push(name));
  return { server, proxy, client, lost, other: open(server) };
}

async function runBehindProxy(transport: ClientTransport, options: StartOptions) {
  const server = await runDoor(transport, options);
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  return { server, proxy, client: open({ ...server, address: proxy.address }), other: open(server) };
}

describe('an unlock that failed', () => {
  it('can be made again, and until then nobody says that the lock is held', async () => {
    const { server, client } = await runRefusing(1);
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    await expect(lock.unlock()).rejects.toBeInstanceOf(CallFailedError);
    expect([lock.locked, lock.signal.aborted, server.stats().holders]).toEqual([false, false, 1]);
    expect([await lock.unlock(), server.stats().holders, await lock.unlock()]).toEqual([true, 0, false]);
  });

  it('can be made again by name and key', async () => {
    const { server, client } = await runRefusing(1);
    const lock = await client.lock('a');
    await expect(client.unlock('a', lock.key)).rejects.toBeInstanceOf(CallFailedError);
    await client.unlock('a', lock.key);
    expect(server.stats().holders).toBe(0);
  });

  it('leaves a lock with a timeout to it, without a word', async () => {
    const { server, client, lost } = await runRefusing(1);
    const lock = await client.lock('a', { lockTimeoutMs: 600 });
    await expect(lock.unlock()).rejects.toBeInstanceOf(CallFailedError);
    await sleep(700);
    expect([await lock.unlock(), lock.signal.aborted, lost]).toEqual([false, false, []]);
    await expect.poll(() => server.stats().holders).toBe(0);
  });

  it('is made good for by the end of the client', async () => {
    const { client, other } = await runRefusing(1);
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    await expect(lock.unlock()).rejects.toBeInstanceOf(CallFailedError);
    await client.close();
    expect(await other.tryLock('a')).not.toBeNull();
  });
});

describe.each(['grpc', 'rest'] as const)('an unlock while the server is gone, over %s', (transport) => {
  it('ends when the lock is lost that has no timeout, which is given back later', async () => {
    const options = { noClearOnDisconnect: true, restSessionTimeoutMs: 1_000 };
    const { server, proxy, client } = await runBehindProxy(transport, options);
    const lost: string[] = [];
    client.on('lockLost', ({ name }) => lost.push(name));
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    proxy.swallowsReplies = true;
    proxy.isDown = true;
    const unlocking = lock.unlock();
    proxy.cut(true);
    expect([await unlocking, lost, lock.signal.aborted]).toEqual([false, [], false]);
    proxy.swallowsReplies = false;
    proxy.isDown = false;
    await expect.poll(() => server.stats().holders, { timeout: 5_000 }).toBe(0);
  });
});

describe('what an aborted wait may have been granted', () => {
  it('is given back however often whoever stands before the server refuses', async () => {
    const { server, proxy, client } = await runRefusing(5);
    await client.lock('b', { lockTimeoutMs: 0 });
    proxy.swallowsAnswers = true;
    const controller = new AbortController();
    const waiting = client.lock('a', { lockTimeoutMs: 0, signal: controller.signal });
    await expect.poll(() => server.stats().holders).toBe(2);
    proxy.swallowsAnswers = false;
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => server.stats().holders, { timeout: 5_000 }).toBe(1);
  });

  it('is given back once the server is heard again, as long as its session lives', async () => {
    const { server, proxy, client, other } = await runBehindProxy('rest', {});
    const held = await other.lock('a');
    const kept = await client.lock('b', { lockTimeoutMs: 0 });
    const controller = new AbortController();
    const waiting = client.lock('a', { lockTimeoutMs: 0, signal: controller.signal });
    await expect.poll(() => server.stats().waiters).toBe(1);
    proxy.isDown = true;
    proxy.swallowsReplies = true;
    await held.unlock();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    proxy.cut(true);
    await sleep(500);
    proxy.swallowsReplies = false;
    proxy.isDown = false;
    await expect.poll(() => server.stats().holders, { timeout: 10_000 }).toBe(1);
    expect(kept.locked).toBe(true);
  });
});
