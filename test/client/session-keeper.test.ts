import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { StartOptions } from '../../src/index.ts';
import { afterwards } from '../server/running-server.ts';
import { open, runDoor } from './client-doors.ts';
import { HttpProxy } from './http-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

const untimed = { lockTimeoutMs: 0 };

async function runBehindHttp(options: StartOptions = {}) {
  const server = await runDoor('rest', options);
  const proxy = await HttpProxy.open(server.address);
  const client = open({ ...server, address: proxy.address });
  return { server, proxy, client, other: open(server) };
}

describe('a lock without a timeout is lost before the session ends that holds it', () => {
  it('when a connection brings no answers, however long a probe of it may take', async () => {
    const server = await runDoor('rest', { restSessionTimeoutMs: 3_000 });
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const [client, other] = [open({ ...server, address: proxy.address }), open(server)];
    const lock = await client.lock('a', untimed);
    const next = other.lock('a', untimed).then(() => lock.signal.aborted);
    // The last probe before the end begins shortly before it, and is never answered.
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.swallowsReplies = true;
    expect(await next).toBe(true);
  });

  it('when only whoever stands before the server answers, be it with cookies', async () => {
    const { proxy, client, other } = await runBehindHttp({ restSessionTimeoutMs: 1_500 });
    const lock = await client.lock('a', untimed);
    const cookie = 'AWSALB=abc; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/';
    proxy.answers = (_, response) => {
      response.writeHead(502, { 'set-cookie': cookie }).end('<html>Bad gateway');
      return true;
    };
    await other.lock('a', untimed);
    expect(lock.signal.aborted).toBe(true);
  });

  it('whatever date a proxy puts on the answers', async () => {
    const { proxy, client, other } = await runBehindHttp({ restSessionTimeoutMs: 1_500 });
    proxy.changes = (headers) => {
      headers.date = new Date(Date.now() - 10_000).toUTCString();
    };
    const lock = await client.lock('a', untimed);
    proxy.answers = (request) => {
      request.socket.destroy();
      return true;
    };
    await other.lock('a', untimed);
    expect(lock.signal.aborted).toBe(true);
  });

  it('also when that is a fraction of a second', async () => {
    const { proxy, client, other } = await runBehindHttp({ restSessionTimeoutMs: 300 });
    const lock = await client.lock('a', untimed);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(lock.locked).toBe(true);
    proxy.answers = (request) => {
      request.socket.destroy();
      return true;
    };
    await other.lock('a', untimed);
    expect(lock.signal.aborted).toBe(true);
  });

  it('also when that comes sooner than was said at first, as an answer says that comes later', async () => {
    const { proxy, client } = await runBehindHttp();
    const lock = await client.lock('a', untimed);
    proxy.changes = (headers) => {
      headers['ldlm-session-timeout-ms'] = '300';
    };
    expect(await client.tryLock('b', untimed)).not.toBeNull();
    expect(lock.locked).toBe(true);
    proxy.swallowsAnswers = true;
    await expect.poll(() => lock.signal.aborted, { timeout: 2_000 }).toBe(true);
  });

  it.each(['locked', 'signal'] as const)(
    'and is not seen as held behind a blocked event loop, whose %s is read first',
    async (which) => {
      const server = await runThreadedDoor(400);
      const lock = await open({ transport: 'rest', address: server }).lock('a', untimed);
      const untilMs = Date.now() + 600;
      while (Date.now() < untilMs);
      expect(which === 'locked' ? lock.locked : !lock.signal.aborted).toBe(false);
      expect(lock.signal.reason.message).toContain('session');
    },
  );
});

/** The address of a server that a blocked event loop of the test does not block. */
async function runThreadedDoor(restSessionTimeoutMs: number): Promise<string> {
  const built = new URL('../../dist/src/index.js', import.meta.url).href;
  const options = { listenAddress: '127.0.0.1:0', restListenAddress: '127.0.0.1:0', logLevel: 'error' };
  const script = `
    import { parentPort } from 'node:worker_threads';
    import { startServer } from ${JSON.stringify(built)};
    const server = await startServer(${JSON.stringify({ ...options, shards: 1, restSessionTimeoutMs })});
    parentPort.postMessage(server.restAddresses[0]);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  afterwards(() => worker.terminate());
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

describe('the cookies of a proxy', () => {
  it('are told from that of the session, and sent back', async () => {
    const { proxy, client, other } = await runBehindHttp();
    proxy.changes = (headers) => {
      headers['set-cookie'] = ['lb=abc; Path=/', ...(headers['set-cookie'] ?? []), 'lb2=d'];
    };
    const lock = await client.lock('a', untimed);
    expect([lock.locked, await other.tryLock('a')]).toEqual([true, null]);
    expect(proxy.cookies[0]).toBeUndefined();
    expect(proxy.cookies[1]).toMatch(/^ldlm-session=[0-9a-f]{32}; lb=abc; lb2=d$/);
    await client.close();
    expect(await other.tryLock('a')).not.toBeNull();
  });
});
