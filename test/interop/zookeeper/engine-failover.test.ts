import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LdlmClient, type LdlmClientOptions } from '../../../src/client/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { LockCommand } from '../../clients/lock-command.ts';
import { afterwards, connect, launchRest } from '../server-process.ts';
import { engineFlags } from './cluster-server.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 25_000 };
const SESSION = ['--zookeeper_session_timeout', '3s'];
const DURABLE = '--no_clear_on_disconnect';

type Started = Awaited<ReturnType<typeof launchRest>>;

async function startTwo(...more: readonly string[]) {
  const ensemble = await startZooKeeper();
  const begin = (...own: readonly string[]) =>
    launchRest(...engineFlags(ensemble, ...SESSION, ...more, ...own));
  return { ensemble, begin, servers: await Promise.all([begin(), begin()]) };
}

/** A client of all these servers, which is closed after the test. */
function open(servers: readonly Started[], options: LdlmClientOptions = {}): LdlmClient {
  const address = servers.map((server) => (options.transport === 'rest' ? server.rest : server.address));
  const client = new LdlmClient({ address, retryDelayMs: 200, ...options });
  afterwards(() => client.close());
  return client;
}

describe.each(['grpc', 'rest'] as const)(
  'a client of two servers over %s, when one is killed',
  (transport) => {
    it('has lost what it held, and nobody else has it sooner than it knows; its waits go on', async () => {
      const { servers } = await startTwo();
      const client = open(servers, { transport });
      const lock = await client.lock('held');
      const other = connect(servers[1]!.address);
      const { key } = await other.lock({ name: 'awaited' });
      const waiting = client.lock('awaited');
      const successor = other.lock({ name: 'held' });
      await sleep(500);
      servers[0]!.server.signal('SIGKILL');
      const next = await successor;
      expect(lock.locked).toBe(false);
      expect(BigInt(next.fencing_token)).toBeGreaterThan(lock.fencingToken);
      expect((await other.unlock('awaited', key)).unlocked).toBe(true);
      const awaited = await waiting;
      expect(awaited.locked).toBe(true);
      await awaited.unlock();
      await expect(lock.unlock()).resolves.toBe(false);
    });

    it('keeps what outlives its server, as soon as that has no session any more', async () => {
      const { servers } = await startTwo(DURABLE);
      const client = open(servers, { transport });
      let losses = 0;
      client.on('lockLost', () => losses++);
      const lock = await client.lock('a');
      servers[0]!.server.signal('SIGKILL');
      await expect.poll(() => lock.locked, { ...WAIT, interval: 5 }).toBe(false);
      await expect.poll(() => lock.locked, WAIT).toBe(true);
      expect((await connect(servers[1]!.address).tryLock({ name: 'a' })).locked).toBe(false);
      await sleep(4_000);
      expect([lock.locked, losses]).toEqual([true, 0]);
      expect(await lock.unlock()).toBe(true);
    });
  },
);

it.each(['grpc', 'rest'] as const)(
  'a lock that outlives its server outlives one that stands still, too, over %s',
  async (transport) => {
    const { servers } = await startTwo(DURABLE);
    const client = open(servers, { transport });
    let losses = 0;
    client.on('lockLost', () => losses++);
    const lock = await client.lock('a');
    servers[0]!.server.signal('SIGSTOP');
    try {
      await expect.poll(() => lock.locked, { ...WAIT, interval: 5 }).toBe(false);
      await expect.poll(() => lock.locked, WAIT).toBe(true);
      expect([losses, await lock.unlock()]).toEqual([0, true]);
    } finally {
      servers[0]!.server.signal('SIGCONT');
    }
  },
);

describe('a client of two servers', () => {
  it('waits for as long as it takes at a server that has nothing to say', async () => {
    const { servers } = await startTwo();
    const other = connect(servers[1]!.address);
    const { key } = await other.lock({ name: 'a' });
    const held = await open(servers).lock('b', { lockTimeoutMs: 0 });
    // On a connection of its own: whatever a server sends makes it forget how many pings have come.
    const waiting = open(servers).lock('a');
    // More than a server puts up with of pings that come too often.
    await sleep(36_000);
    expect(held.locked).toBe(true);
    await other.unlock('a', key);
    expect((await waiting).locked).toBe(true);
  });

  it('goes to the other when one is cut off from the ensemble, and holds nothing', async () => {
    const { ensemble, servers } = await startTwo();
    const proxy = await TcpProxy.open(ensemble.address);
    afterwards(() => proxy.close());
    const cutOff = await launchRest(...engineFlags({ connectString: proxy.address }, ...SESSION));
    const client = open([cutOff, servers[0]!]);
    await (await client.lock('a')).unlock();
    proxy.cut(true);
    await sleep(4_000);
    const beganMs = performance.now();
    expect((await client.lock('a')).locked).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });

  it('goes to the other when one stands still', async () => {
    const { servers } = await startTwo();
    const client = open(servers);
    const lock = await client.lock('a');
    servers[0]!.server.signal('SIGSTOP');
    try {
      const next = await client.lock('a', { waitTimeoutMs: 20_000 });
      expect([lock.locked, next.locked]).toEqual([false, true]);
      expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
    } finally {
      servers[0]!.server.signal('SIGCONT');
    }
  });

  it('keeps its locks through a rolling restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-session-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const file = (name: string) => ['--zookeeper_session_file', join(folder, name)];
    const ensemble = await startZooKeeper();
    const begin = (name: string, ...more: readonly string[]) =>
      launchRest(...engineFlags(ensemble, '--zookeeper_session_timeout', '20s', ...file(name), ...more));
    const one = await begin('one');
    const two = await begin('two');
    const client = open([one, two]);
    let losses = 0;
    client.on('lockLost', () => losses++);
    const lock = await client.lock('a');
    const waiting = open([two]).lock('a');
    await one.server.stop();
    await begin('one', '--listen_address', one.address);
    await expect.poll(() => lock.locked, WAIT).toBe(true);
    await sleep(1_000);
    expect([lock.locked, losses]).toEqual([true, 0]);
    expect(await lock.unlock()).toBe(true);
    expect((await waiting).fencingToken).toBeGreaterThan(lock.fencingToken);
  });
});

describe('ldlm-lock with two servers', () => {
  it('runs a command at the second when the first is not there, and lists from it', async () => {
    const { servers } = await startTwo('--remote_admin', '--password', 'secret');
    const address = servers.map((server) => server.address).join(',');
    servers[0]!.server.signal('SIGKILL');
    await servers[0]!.server.end;
    const env = { LDLM_PASSWORD: 'secret' };
    const run = new LockCommand(['run', '-n', 'a', '--address', address, '--', 'sh', '-c', 'echo held'], env);
    expect(await run.end).toMatchObject({ exitCode: 0, stdout: 'held\n' });
    await connect(servers[1]!.address, { password: 'secret' }).lock({ name: 'b' });
    const list = new LockCommand(['list', '--address', address], env);
    expect(await list.end).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('b') });
  });
});
