import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { type ClientReadableStream, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { startServer } from '../../src/index.ts';
import { IpcSocketError } from '../../src/server/ipc/ipc-socket-error.ts';
import { silentLogger } from '../../src/server/logger.ts';
import { AdminCaller, type AdminStep } from '../clients/admin-caller.ts';
import { LockClient } from '../clients/lock-client.ts';
import { makeScratchFolder } from '../filelock/scratch-folder.ts';
import { afterwards, connect, runServer } from './running-server.ts';

function administer(target: string, password = ''): AdminCaller {
  const caller = new AdminCaller(target, password);
  afterwards(() => caller.close());
  return caller;
}

async function serve(options = {}) {
  const path = `${makeScratchFolder()}/a.sock`;
  const server = await runServer({ ipcSocketFile: path, ...options });
  return { server, path, admin: administer(`unix:${path}`), client: connect(server.address) };
}

/** Collects the steps of a watch; `events` are those of one lock in the order in which they came. */
function collect(stream: ClientReadableStream<AdminStep>) {
  const steps: AdminStep[] = [];
  let end: { code: number; details: string } | null = null;
  stream.on('data', (step: AdminStep) => steps.push(step));
  stream.on('error', (error: Error & { code: number; details: string }) => {
    end = error;
  });
  afterwards(() => stream.cancel());
  return {
    steps,
    events: (name: string) => steps.flatMap(({ event }) => (event?.name === name ? [event.type] : [])),
    begun: (shards: number) =>
      vi.waitUntil(() => steps.filter((step) => step.snapshot_end !== undefined).length >= shards),
    ended: () => vi.waitUntil(() => end, { timeout: 5_000 }),
  };
}

/** The locks that are held, by all that a watch has said. */
function heldAfter(steps: readonly AdminStep[]): Set<string> {
  const held = new Set<string>();
  for (const { snapshot_begin, lock, event } of steps) {
    if (snapshot_begin !== undefined) held.clear();
    if (lock !== undefined) held.add(lock.name);
    if (event?.type === 'GRANTED') held.add(event.name);
    else if (event !== undefined) held.delete(event.name);
  }
  return held;
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no failure',
    ({ code, details }: { code: number; details: string }) => ({ code, details }),
  );

describe('the operator on the unix socket', () => {
  it('sees who holds and who waits, with whole keys, and releases', async () => {
    const { admin, client } = await serve();
    const { key } = await client.lock({ name: 'work', holder: 'one', lock_timeout_seconds: 60 });
    const waits = client.lock({ name: 'work', holder: 'two' });
    await vi.waitUntil(async () => (await admin.list())[0]?.waiter_count === 1);
    expect(await admin.list({ waiters: true })).toMatchObject([
      { name: 'work', holders: [{ key, holder: 'one' }], waiters: [{ holder: 'two' }] },
    ]);
    expect(await admin.call('GetLock', { name: 'work' })).toMatchObject({ lock: { holder_count: 1 } });
    expect(await admin.call('Unlock', { name: 'work' })).toMatchObject({ released: [{ key }] });
    expect(await waits).toMatchObject({ locked: true });
    expect(await failureOf(admin.call('GetLock', { name: 'none' }))).toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('lists every lock once, over many pages', async () => {
    const { admin, client } = await serve();
    const names = Array.from({ length: 1_000 }, (_, i) => `n${i}`);
    await Promise.all(names.map((name) => client.lock({ name })));
    for (const page_size of [1_000, 7]) {
      const found = await admin.list({ page_size, prefix: 'n' });
      expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    }
    expect((await admin.list({ prefix: 'n99' })).length).toBe(11);
  });

  it('needs no password there, and takes no locks', async () => {
    const { path, server, client } = await serve({ password: 'secret' });
    expect(await administer(`unix:${path}`).list()).toEqual([]);
    const locker = new LockClient(`unix:${path}`, { credentials: credentials.createInsecure() });
    afterwards(() => locker.close());
    expect(await failureOf(locker.lock({ name: 'a' }))).toEqual({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('locks are taken at the server'),
    });
    expect(await failureOf(client.lock({ name: 'a' }))).toMatchObject({ code: status.UNAUTHENTICATED });
    // Neither connection of the operator is a client's.
    expect(server.stats().connections).toBe(1);
  });

  it('learns what the server is', async () => {
    const { admin, server, client } = await serve({ shards: 2 });
    await client.lock({ name: 'a' });
    await vi.waitUntil(() => server.stats().holders === 1);
    const info = await admin.call('ServerInfo');
    expect(info).toMatchObject({
      pid: process.pid,
      node_version: process.version,
      grpc_addresses: server.addresses,
      serving: true,
      grpc_connections: 1,
      state_file: '',
      shards: [{ shard: 0 }, { shard: 1 }],
      ...{ engine: 'embedded', ensemble: '' },
    });
  });

  it('watches what happens, in order', async () => {
    const { admin, client } = await serve();
    const { key } = await client.lock({ name: 'seen' });
    const watch = collect(admin.watch());
    await watch.begun(2);
    expect(watch.steps.flatMap(({ lock }) => (lock === undefined ? [] : [lock.name]))).toEqual(['seen']);
    const second = client.lock({ name: 'seen', lock_timeout_ms: 200, wait_timeout_seconds: 10 });
    await vi.waitUntil(() => watch.events('seen').length === 1);
    await client.unlock('seen', key);
    await second;
    await vi.waitUntil(() => watch.events('seen').includes('EXPIRED'));
    expect(watch.events('seen')).toEqual(['WAITING', 'RELEASED', 'GRANTED', 'EXPIRED']);
  });

  it('can leave what a watch says unread: it is told how much it has missed, and how it is then', async () => {
    const { admin, client } = await serve({ shards: 1 });
    const stream = admin.watch();
    const watch = collect(stream);
    await watch.begun(1);
    stream.pause();
    const name = 'x'.repeat(2_000);
    for (let i = 0; i < 3_000; i += 100) {
      const locks = await Promise.all(
        Array.from({ length: 100 }, (_, k) => client.lock({ name: `${name}${i + k}` })),
      );
      await Promise.all(locks.map((lock) => client.unlock(lock.name, lock.key)));
    }
    await client.lock({ name: 'at last' });
    stream.resume();
    await vi.waitUntil(() => watch.steps.some(({ lock }) => lock?.name === 'at last'), { timeout: 15_000 });
    const missed = watch.steps.reduce((sum, step) => sum + (step.missed?.count ?? 0), 0);
    const told = watch.steps.filter(({ event }) => event !== undefined).length;
    // 6,000 events of 2 kB each are 12 MB; what a client may leave unread is a small part of that.
    expect(told).toBeLessThan(1_500);
    // What a snapshot has not come by yet, it will show: that is neither told nor missed.
    expect(missed).toBeGreaterThan(0);
    expect([...heldAfter(watch.steps)]).toEqual(['at last']);
  });
});

describe('administration over TCP', () => {
  it('is not there, and the refusal says where it is', async () => {
    const { server } = await serve();
    expect(await failureOf(administer(server.address).list())).toEqual({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('only with remote_admin'),
    });
  });

  it('is for those who have the password, once it was switched on, and cuts keys', async () => {
    const { server } = await serve({ remoteAdmin: true, password: 'secret' });
    const client = connect(server.address, { password: 'secret' });
    const { key } = await client.lock({ name: 'a' });
    expect(await failureOf(administer(server.address).list())).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(await failureOf(administer(server.address, 'x').watch().toArray())).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    const admin = administer(server.address, 'secret');
    const [lock] = await admin.list();
    expect(lock!.holders).toMatchObject([{ key: key.slice(0, 8) }]);
    const outcome = await admin.call('Unlock', { name: 'a', key: lock!.holders[0]!.key });
    expect(outcome).toMatchObject({ released: [{ key: key.slice(0, 8) }] });
  });
});

describe('the end of a server', () => {
  it('ends watches with UNAVAILABLE and removes the socket', async () => {
    const { server, path, admin } = await serve();
    const watch = collect(admin.watch());
    await watch.begun(2);
    await server.close();
    expect(await watch.ended()).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'the server is shutting down',
    });
    expect(existsSync(path)).toBe(false);
  });

  it('also removes the socket when a start fails behind it', async () => {
    const folder = makeScratchFolder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    afterwards(() => taken.close());
    const { port } = taken.address() as { port: number };
    const options = { shards: 1, logger: silentLogger(), ipcSocketFile: `${folder}/a.sock` };
    await expect(startServer({ ...options, listenAddress: `127.0.0.1:${port}` })).rejects.toThrow(
      'address already in use',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is at once where another server has the socket, which goes on', async () => {
    const { path, admin } = await serve();
    const options = { shards: 1, logger: silentLogger(), listenAddress: '127.0.0.1:0' };
    await expect(startServer({ ...options, ipcSocketFile: path })).rejects.toThrow(IpcSocketError);
    expect(await admin.list()).toEqual([]);
  });
});
