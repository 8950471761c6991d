import { describe, expect, it } from 'vitest';
import type { WatchEvent, ZooKeeperClient } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { connectNode } from './node-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import type { ZooKeeperServer } from './zookeeper-process.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 15_000 };
const SESSION_MS = 2_000;
const RECURSIVE = { recursive: true };
const A = Buffer.from('a');

function listen() {
  const told: string[] = [];
  const watcher = ({ type, path }: WatchEvent): void => void told.push(`${type} ${path}`);
  return { told, watcher };
}

async function run(chroot = '') {
  const server = await startZooKeeper();
  const other = await connectNode(server);
  if (chroot !== '') await other.create(chroot);
  const client = await connectNode(server.address + chroot);
  return { server, client, other, ...listen() };
}

async function behindProxy(server: ZooKeeperServer) {
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  return { proxy, client: await connectNode(proxy, { sessionTimeoutMs: SESSION_MS }) };
}

/** Two nodes, one below the other, which come, change and go. */
async function use(nodes: ZooKeeperClient, path: string): Promise<void> {
  await nodes.create(path);
  await nodes.setData(path, A);
  await nodes.create(`${path}/b`);
  await nodes.setData(`${path}/b`, A);
  await nodes.delete(`${path}/b`);
  await nodes.delete(path);
}

describe('a watch that stays', () => {
  it('is told of all events of its node, each once', async () => {
    const { client, other, told, watcher } = await run();
    await client.addWatch('/a', {}, watcher);
    for (let i = 0; i < 2; i++) await use(other, '/a');
    await client.sync('/');
    const once = ['created', 'dataChanged', 'childrenChanged', 'childrenChanged', 'deleted'];
    expect(told).toEqual([...once, ...once].map((type) => `${type} /a`));
  });

  it.each(['', '/space'])(
    'is told of all below it as well, if that is asked for: below %j',
    async (chroot) => {
      const { client, other, told, watcher } = await run(chroot);
      await client.addWatch('/', RECURSIVE, watcher);
      for (let i = 0; i < 2; i++) await use(other, `${chroot}/a`);
      if (chroot !== '') await other.create('/space2');
      await client.sync('/');
      const once = [
        ...['created /a', 'dataChanged /a', 'created /a/b'],
        ...['dataChanged /a/b', 'deleted /a/b', 'deleted /a'],
      ];
      expect(told).toEqual([...once, ...once]);
    },
  );

  it('is told of its own client’s doings before their answers', async () => {
    const { client, told, watcher } = await run();
    await client.addWatch('/', RECURSIVE, watcher);
    const asked = ['/a', '/b', '/c'].map((path) =>
      client.create(path).then(() => void told.push(`answer ${path}`)),
    );
    await Promise.all(asked);
    for (const path of ['/a', '/b', '/c'])
      expect(told.indexOf(`created ${path}`)).toBeLessThan(told.indexOf(`answer ${path}`));
    expect(told.length).toBe(6);
  });

  it('is told by a follower before it answers with what has changed', async () => {
    const ensemble = await startEnsemble();
    const [one, another] = await ensemble.followers();
    const [client, other] = [await connectNode(one!), await connectNode(another!)];
    const { told, watcher } = listen();
    await client.addWatch('/', RECURSIVE, watcher);
    for (let i = 0; i < 20; i++) {
      await other.create(`/${i}`);
      await client.sync('/');
      expect(await client.exists(`/${i}`)).not.toBeNull();
      expect(told.at(-1)).toBe(`created /${i}`);
    }
  });

  it('ends when it is told to, at the server too', async () => {
    const { server, client, other, told, watcher } = await run();
    const ends = [
      await client.addWatch('/a', RECURSIVE, watcher),
      await client.addWatch('/a', RECURSIVE, watcher),
    ];
    const watchCount = async () => (await server.counters()).watches;
    expect(await watchCount()).toBeGreaterThan(0);
    ends[0]!();
    await other.create('/a');
    await client.sync('/');
    expect(told).toEqual(['created /a']);
    ends[1]!();
    await other.delete('/a');
    await client.sync('/');
    expect([told, await watchCount()]).toEqual([['created /a'], 0]);
  });
});

describe('a watch for one event', () => {
  it.each([false, true])('ends none that stays at the same node: recursive %s', async (recursive) => {
    const { client, other, told, watcher } = await run();
    await other.create('/a');
    const once: string[] = [];
    const remember = ({ type, path }: WatchEvent): void => void once.push(`${type} ${path}`);
    await client.exists('/a', remember);
    await client.addWatch('/a', { recursive }, watcher);
    await client.getData('/a', remember);
    await client.getChildren('/a', remember);
    for (let i = 0; i < 3; i++) await other.setData('/a', A);
    for (let i = 0; i < 3; i++) await other.create(`/a/${i}`);
    await client.sync('/');
    const below = recursive ? [0, 1, 2].map((i) => `created /a/${i}`) : Array(3).fill('childrenChanged /a');
    expect(told).toEqual([...Array(3).fill('dataChanged /a'), ...below]);
    expect(once.sort()).toEqual(['childrenChanged /a', 'dataChanged /a']);
  });

  it.each([false, true])('outlives one that stays, wherever that ends: recursive %s', async (recursive) => {
    const { client, other, told, watcher } = await run();
    await other.create('/a');
    const once: string[] = [];
    const remember = (name: string) => (event: WatchEvent) => void once.push(`${name} ${event.type}`);
    const end = await client.addWatch('/a', { recursive }, watcher);
    await client.getData('/a', remember('before'));
    // Its answer comes behind the end, and that of the end behind this one’s.
    const asked = [client.getData('/a', remember('beside')), client.getChildren('/a', remember('children'))];
    end();
    asked.push(client.getData('/a', remember('behind')));
    await Promise.all(asked);
    await client.sync('/');
    expect(once).toEqual([]);
    await other.setData('/a', A);
    await other.create('/a/b');
    await client.sync('/');
    expect([told, once.sort()]).toEqual([
      [],
      ['before dataChanged', 'behind dataChanged', 'beside dataChanged', 'children childrenChanged'],
    ]);
  });

  it('is not left out where one that stays ends and begins again', async () => {
    const { client, other, told, watcher } = await run();
    await other.create('/a');
    const once: string[] = [];
    const end = await client.addWatch('/a', {}, watcher);
    await client.getData('/a', ({ type }) => once.push(type));
    end();
    const again = await client.addWatch('/a', RECURSIVE, watcher);
    await client.sync('/');
    for (let i = 0; i < 2; i++) await other.setData('/a', A);
    await client.sync('/');
    expect([told, once]).toEqual([['dataChanged /a', 'dataChanged /a'], ['dataChanged']]);
    again();
  });
});

describe('a lost connection', () => {
  it('keeps events from a watch that stays, which is told so, and then goes on', async () => {
    const server = await startZooKeeper();
    const { proxy, client } = await behindProxy(server);
    const other = await connectNode(server);
    const { told, watcher } = listen();
    await client.addWatch('/a', {}, watcher);
    await client.addWatch('/r', RECURSIVE, watcher);
    await client.exists('/once', watcher);
    await other.create('/r');
    await expect.poll(() => told, WAIT).toEqual(['created /r']);
    proxy.cut(true);
    for (const path of ['/a', '/r/b', '/once']) await other.create(path);
    const { sessionId } = client;
    proxy.isDown = false;
    await expect.poll(() => client.state, WAIT).toBe('connected');
    await client.sync('/');
    // A watch for one event is made up for; those that stay are not.
    expect(told).toEqual(['created /r', 'reconnected /a', 'reconnected /r', 'created /once']);
    expect(client.sessionId).toBe(sessionId);
    await other.setData('/a', A);
    await other.setData('/r/b', A);
    await client.sync('/');
    expect(told.slice(4)).toEqual(['dataChanged /a', 'dataChanged /r/b']);
    proxy.cut();
    await expect.poll(() => told.length, WAIT).toBe(8);
    expect(told.slice(6)).toEqual(['reconnected /a', 'reconnected /r']);
  });

  it('misses nothing for whoever reads when told that there is another', async () => {
    const server = await startZooKeeper();
    const { proxy, client } = await behindProxy(server);
    const other = await connectNode(server);
    await other.create('/r');
    const known = new Set<string>();
    await client.addWatch('/r', RECURSIVE, ({ type, path }) => {
      if (type === 'created') known.add(path);
      if (type === 'reconnected')
        void client.getChildren('/r').then(({ children }) => {
          for (const child of children) known.add(`/r/${child}`);
        });
    });
    const all: string[] = [];
    for (let i = 0; i < 300; i++) {
      all.push((await other.create(`/r/${i}`)).path);
      if (i % 30 === 15) proxy.cut();
    }
    await expect.poll(() => known.size, WAIT).toBe(300);
    expect(all.every((path) => known.has(path))).toBe(true);
  });

  it('for longer than the session is the end of it', async () => {
    const server = await startZooKeeper();
    const { proxy, client } = await behindProxy(server);
    const other = await connectNode(server);
    const { told, watcher } = listen();
    const end = await client.addWatch('/a', RECURSIVE, watcher);
    proxy.cut(true);
    await expect.poll(() => told, WAIT).toEqual(['lost /a']);
    proxy.isDown = false;
    await expect.poll(() => client.state, WAIT).toBe('connected');
    await other.create('/a');
    await client.sync('/');
    expect(told).toEqual(['lost /a']);
    end();
    await client.addWatch('/a', {}, watcher);
    await other.delete('/a');
    await client.sync('/');
    expect(told).toEqual(['lost /a', 'deleted /a']);
    await client.close();
    expect(told.at(-1)).toBe('lost /a');
  });
});
