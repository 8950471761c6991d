import { describe, expect, it } from 'vitest';
import {
  type AcquireResult,
  type ForeignClient,
  type ForeignKind,
  startForeignClient,
} from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import type { ZooKeeperServer } from './zookeeper-process.ts';
import { startZooKeeper } from './zookeeper-server.ts';

async function startTwo(
  ...programs: [ForeignProgram, ForeignProgram]
): Promise<[ForeignClient, ForeignClient, ZooKeeperServer]> {
  const server = await startZooKeeper();
  const [one, other] = await Promise.all(programs.map((name) => startForeignClient(name, server.address)));
  return [one!, other!, server];
}

const path = '/shared/lock';

async function expectExclusion(
  path: string,
  [holder, kind]: [ForeignClient, ForeignKind],
  [waiter, wanted]: [ForeignClient, ForeignKind],
): Promise<void> {
  const { lockPath } = await holder.acquire(kind, path);
  expect(lockPath).toMatch(/^\/.+\/_c_[-0-9a-f]{36}-(lock-|__READ__|__WRIT__)\d{10}$/);
  expect(await holder.lockPath(kind, path)).toBe(lockPath);
  expect(await waiter.acquire(wanted, path, { timeoutMs: 100 })).toMatchObject({ acquired: false });
  const waiting = waiter.acquire(wanted, path, { timeoutMs: 10_000 });
  await expect.poll(() => holder.children(path)).toHaveLength(2);
  await holder.release(kind, path);
  expect(await waiting).toMatchObject({ acquired: true });
  await waiter.release(wanted, path);
  expect(await waiter.children(path)).toEqual([]);
}

it.each<[ForeignProgram, ForeignProgram]>([
  ['curator', 'kazurator'],
  ['curator', 'kazoo'],
  ['curator', 'curator54'],
])('%s and %s exclude each other, and read together', async (...programs) => {
  const [one, other] = await startTwo(...programs);
  const pairs = [
    ['mutex', 'mutex'],
    ['write', 'read'],
    ['read', 'write'],
    ['write', 'write'],
  ] as const;
  for (const [kind, wanted] of pairs) {
    await expectExclusion(`/${kind}-${wanted}`, [one, kind], [other, wanted]);
    await expectExclusion(`/${kind}-${wanted}`, [other, kind], [one, wanted]);
  }
  expect(await one.acquire('read', '/read')).toMatchObject({ acquired: true });
  expect(await other.acquire('read', '/read', { timeoutMs: 1_000 })).toMatchObject({ acquired: true });
});

describe('Curator', () => {
  it('has locks of threads, which can be entered again', async () => {
    const [client] = await startTwo('curator', 'kazoo');
    await client.acquire('mutex', path, { owner: 'a' });
    await client.acquire('mutex', path, { owner: 'a' });
    const waiting = client.acquire('mutex', path, { owner: 'b' });
    await expect(client.release('mutex', path, { owner: 'c' })).rejects.toMatchObject({
      className: 'IllegalMonitorStateException',
      message: `You do not own the lock: ${path}`,
    });
    await expect.poll(() => client.participants('mutex', path)).toHaveLength(2);
    await client.release('mutex', path, { owner: 'a' });
    await client.release('mutex', path, { owner: 'a' });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  it('lends leases, of which several can be had at once', async () => {
    const [client, other] = await startTwo('curator', 'curator54');
    const { lockPath } = await client.acquire('sem', path, { n: 3, quantity: 2 });
    expect(lockPath).toMatch(/^\/shared\/lock\/leases\/_c_.*-lease-\d{10}$/);
    expect(await other.acquire('sem', path, { n: 3, quantity: 2, timeoutMs: 300 })).toEqual({
      acquired: false,
    });
    expect(await client.participants('sem', path, 3)).toHaveLength(2);
    await client.release('sem', path, { n: 3 });
    expect(await other.acquire('sem', path, { n: 3, quantity: 2 })).toMatchObject({ acquired: true });
  });

  it('has a mutex of a semaphore, and locks of several paths', async () => {
    const [client, other] = await startTwo('curator', 'curator54');
    await client.acquire('semmutex', path);
    expect(await other.acquire('semmutex', path, { timeoutMs: 200 })).toEqual({ acquired: false });
    await client.acquire('multi', '/a,/b');
    expect(await other.acquire('mutex', '/b', { timeoutMs: 200 })).toEqual({ acquired: false });
    await client.release('multi', '/a,/b');
    expect(await other.acquire('mutex', '/b', { timeoutMs: 200 })).toMatchObject({ acquired: true });
  });

  it('hears that its mutex is wanted', async () => {
    const [client, other] = await startTwo('curator', 'curator54');
    await client.revocable(path);
    const { lockPath } = await client.acquire('mutex', path);
    await other.revoke(lockPath!);
    expect(await client.events.next()).toEqual({ name: 'revoked', value: path });
  });
});

describe('kazoo', () => {
  it('has locks of its own that Curator does not see', async () => {
    const [client, other] = await startTwo('kazoo', 'curator');
    await client.acquire('lock', path, { owner: 'a' });
    expect(await client.acquire('lock', path, { owner: 'b', timeoutMs: 200 })).toEqual({
      acquired: false,
      reason: `Failed to acquire lock on ${path} after 0.2 seconds`,
    });
    expect(await client.acquire('lock', path, { owner: 'c', timeoutMs: 0 })).toEqual({ acquired: false });
    expect(await client.participants('lock', path)).toEqual(['a']);
    expect(await other.acquire('mutex', path, { timeoutMs: 1_000 })).toMatchObject({ acquired: true });
  });

  it('has a semaphore with one size', async () => {
    const [client, other] = await startTwo('kazoo', 'kazoo');
    await client.acquire('sem', path, { owner: 'a', n: 2 });
    await expect(other.acquire('sem', path, { n: 3 })).rejects.toMatchObject({
      className: 'ValueError',
      message: 'Inconsistent max leases: 2, expected: 3',
    });
    expect(await client.participants('sem', path, 2)).toEqual(['a']);
  });
});

it('kazurator has a mutex with several leases, of its threads', async () => {
  const [client] = await startTwo('kazurator', 'kazoo');
  await client.acquire('mutex', path, { owner: 'a', n: 2 });
  await client.acquire('mutex', path, { owner: 'b', n: 2 });
  expect(await client.acquire('mutex', path, { owner: 'c', n: 2, timeoutMs: 200 })).toEqual({
    acquired: false,
    reason: `Failed to acquire a lock on ${path} after 0.2 seconds`,
  });
  await expect(client.release('mutex', path, { owner: 'c', n: 2 })).rejects.toMatchObject({
    message: `You do not own the lock: ${path}`,
  });
  expect(await client.participants('mutex', path, 2)).toHaveLength(2);
});

it.each<ForeignProgram>(['curator', 'curator54', 'kazoo', 'kazurator'])(
  '%s is told of its lost session, within a namespace and with credentials',
  async (program) => {
    const server = await startZooKeeper();
    const options = { namespace: 'space', credentials: 'user:secret', sessionMs: 2_000 };
    const client = await startForeignClient(program, server.address, options);
    const stranger = await startForeignClient('kazoo', server.address);
    await client.acquire('mutex', path);
    expect(await client.state()).toBe('CONNECTED');
    await expect(stranger.children(`/space${path}`)).rejects.toMatchObject({ className: 'NoAuthError' });
    const session = await client.sessionId();
    await client.kill('SIGSTOP');
    await expect.poll(() => server.dump(), { timeout: 8_000 }).not.toContain(session);
    await client.kill('SIGCONT');
    await client.events.until('state', 'LOST');
    await expect.poll(() => client.sessionId(), { timeout: 5_000 }).not.toBe(session);
  },
);

it('the super user may see what is closed to all others', async () => {
  const server = await startZooKeeper({ superPassword: 'admin' });
  const holder = await startForeignClient('curator', server.address, { credentials: 'user:secret' });
  const admin = await startForeignClient('kazoo', server.address, { credentials: 'super:admin' });
  await holder.acquire('mutex', path);
  expect(await admin.children(path)).toHaveLength(1);
});

it('a program that is killed leaves its session to the server', async () => {
  const server = await startZooKeeper();
  const client = await startForeignClient('kazurator', server.address, { sessionMs: 1_000 });
  const other = await startForeignClient('kazurator', server.address);
  await client.acquire('mutex', path);
  const waiting: Promise<AcquireResult> = client.acquire('mutex', path, { owner: 'b' });
  const next = other.acquire('mutex', path, { timeoutMs: 10_000 });
  await client.kill('SIGKILL');
  await expect(waiting).rejects.toThrow('kazurator ended');
  expect(await other.children(path)).not.toHaveLength(0);
  expect(await next).toMatchObject({ acquired: true });
});
