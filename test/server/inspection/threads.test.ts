import { expect, it } from 'vitest';
import { checkServerOptions } from '../../../src/config/server-options.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { LockServer } from '../../../src/server/server.ts';
import { afterwards, connect } from '../running-server.ts';
import { describeLock, WatchedLocks } from './watched-locks.ts';

const SHARDS = 3;

async function start() {
  const options = checkServerOptions({
    listenAddress: '127.0.0.1:0',
    shards: SHARDS,
    shutdownGraceMs: 300,
    ipcSocketFile: '',
  });
  const server = await LockServer.start(options, silentLogger());
  afterwards(() => server.close());
  return { server, inspector: server.inspector, address: server.addresses[0]! };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

it('lists the locks of all shards with the sessions of their holders, page by page', async () => {
  const { inspector, address } = await start();
  const client = connect(address);
  const names = Array.from({ length: 200 }, (_, i) => `lock-${i}`);
  await Promise.all(names.map((name) => client.lock({ name })));
  const found: string[] = [];
  const shards = new Set<number>();
  let pageToken = '';
  do {
    const page = await inspector.list({ prefix: 'lock-', pageSize: 30, pageToken, waiters: false });
    expect(page.locks.length).toBeLessThanOrEqual(30);
    for (const { name, shard, holders } of page.locks) {
      found.push(name);
      shards.add(shard);
      expect(holders[0]).toMatchObject({
        protocol: 'grpc',
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(found.sort()).toEqual(names.sort());
  expect(shards.size).toBe(SHARDS);
});

it('unlocks in the shard that has the lock, and its waiter gets it', async () => {
  const { inspector, address } = await start();
  const client = connect(address);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const { key } = await client.lock({ name });
    const waiting = client.lock({ name });
    await until(async () => (await inspector.get(name))?.waiterCount === 1);
    expect(await inspector.unlock({ name, key: '', all: false })).toMatchObject({ released: [{ key }] });
    expect(await waiting).toMatchObject({ locked: true });
  }
});

it('watches all shards while clients work, and knows in the end what is held', async () => {
  const { inspector, address } = await start();
  const watched = new WatchedLocks();
  const watch = inspector.watch({ prefix: '' }, (steps) => watched.apply(steps));
  const clients = Array.from({ length: 4 }, () => connect(address));
  await Promise.all(
    clients.map(async (client, c) => {
      for (let i = 0; i < 300; i++) {
        const name = `n${(i * 7 + c) % 20}`;
        const { key } = await client.lock({ name });
        if (i % 50 !== 49) await client.call('Unlock', { name, key });
        else client.lock({ name: `w${c}` }).catch(() => {});
        if (i % 50 === 49) await client.call('Unlock', { name, key });
      }
    }),
  );
  clients[0]!.close();
  const listed = async (): Promise<string[]> => {
    const { locks } = await inspector.list({ prefix: '', pageSize: 1000, pageToken: '', waiters: true });
    return locks.map(describeLock).sort();
  };
  await until(async () => JSON.stringify(watched.describe()) === JSON.stringify(await listed()));
  expect(watched.problems).toEqual([]);
  expect(watched.snapshots).toBeGreaterThanOrEqual(SHARDS);
  expect(await listed()).not.toHaveLength(0);
  watch.close();
});
