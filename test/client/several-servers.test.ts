import { copyFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { makeScratchFolder } from '../filelock/scratch-folder.ts';
import { afterwards } from '../server/running-server.ts';
import { open, runDoor } from './client-doors.ts';
import { HttpProxy } from './http-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;

/** An address that takes connections and says nothing. */
async function runSilent(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    afterwards(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => void server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address!.port : 0}`;
}

describe.each(['grpc', 'rest'] as const)('a client of several servers over %s', (transport) => {
  async function runTwo() {
    const doors = await Promise.all([runDoor(transport), runDoor(transport)]);
    const proxy = await TcpProxy.open(doors[0].address);
    afterwards(() => proxy.close());
    const address = [proxy.address, doors[1].address];
    // Whoever waited for this before a repeat would be late.
    const client = open({ transport, address: '' }, { address, retryDelayMs: 20_000 });
    const holders = () => Promise.all(doors.map(async ({ stats }) => (await stats()).holders));
    return { doors, proxy, client, holders };
  }

  it('asks the second when the first is not there', async () => {
    const { proxy, client, holders } = await runTwo();
    proxy.isDown = true;
    await client.lock('a');
    expect(await holders()).toEqual([0, 1]);
  });

  it('goes on at the second when the first is gone, and stays there', async () => {
    const { proxy, client, holders } = await runTwo();
    const lock = await client.lock('a');
    expect(await holders()).toEqual([1, 0]);
    await lock.unlock();
    proxy.cut(true);
    await client.lock('b');
    expect(await holders()).toEqual([0, 1]);
    proxy.isDown = false;
    await client.lock('c');
    expect(await holders()).toEqual([0, 2]);
  });

  it('waits at the second when the first is gone that it waited at', async () => {
    const { proxy, client, doors } = await runTwo();
    const other = open({ transport, address: proxy.address });
    const lock = await other.lock('a');
    const waits = Array.from({ length: 5 }, () => client.lock('a'));
    await expect.poll(async () => (await doors[0].stats()).waiters).toBe(5);
    proxy.cut(true);
    const first = await Promise.race(waits);
    expect(first.locked).toBe(true);
    expect(lock.locked).toBe(transport === 'rest');
  });

  it('takes what was granted, and lost with its reply, for a new request at the next', async () => {
    const { address, stats } = await runDoor(transport);
    const proxies = [await TcpProxy.open(address), await TcpProxy.open(address)];
    afterwards(() => proxies.map((proxy) => proxy.close()));
    const client = open({ transport, address: '' }, { address: proxies.map((proxy) => proxy.address) });
    await (await client.lock('a')).unlock();
    proxies[0]!.swallowsReplies = true;
    const lock = client.lock('b');
    await expect.poll(async () => (await stats()).holders).toBe(1);
    proxies[0]!.cut(true);
    expect((await lock).locked).toBe(true);
  });

  it('has unlocked what it gave back at the first, whose reply was lost', async () => {
    const { address, stats } = await runDoor(transport);
    const proxies = [await TcpProxy.open(address), await TcpProxy.open(address)];
    afterwards(() => proxies.map((proxy) => proxy.close()));
    const client = open({ transport, address: '' }, { address: proxies.map((proxy) => proxy.address) });
    const lock = await client.lock('a');
    proxies[0]!.swallowsReplies = true;
    const unlocked = lock.unlock();
    await expect.poll(async () => (await stats()).holders).toBe(0);
    proxies[0]!.cut(true);
    expect(await unlocked).toBe(true);
  });

  it('reads its TLS files once', async () => {
    const folder = makeScratchFolder();
    const ca = `${folder}/ca.pem`;
    copyFileSync(fixture('ca'), ca);
    const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
    const port = (await runDoor(transport, tls)).address.split(':').at(-1);
    const named = open(
      { transport, address: '' },
      { address: ['127.0.0.1:1', `localhost:${port}`], tls: { ca } },
    );
    rmSync(ca);
    expect((await named.lock('a')).locked).toBe(true);
  });

  it('goes past an address where nobody speaks', async () => {
    const { address } = await runDoor(transport);
    const client = open({ transport, address: '' }, { address: [await runSilent(), address] });
    expect((await client.lock('a')).locked).toBe(true);
  }, 20_000);
});

it('a client stays with a server that is unavailable as long as it holds a lock there', async () => {
  const [first, second] = [await runDoor('rest'), await runDoor('rest')];
  const proxy = await HttpProxy.open(first.address);
  const client = open({ transport: 'rest', address: '' }, { address: [proxy.address, second.address] });
  const lock = await client.lock('a', { lockTimeoutMs: 0 });
  proxy.answers = ({ url }, response) => {
    if (url !== '/v1/lock') return false;
    response.writeHead(503).end();
    return true;
  };
  await expect(client.tryLock('b', { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  expect([lock.locked, (await second.stats()).holders]).toEqual([true, 0]);
  await lock.unlock();
  await client.tryLock('b');
  expect((await second.stats()).holders).toBe(1);
});
