import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Mutex, type SessionState } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { connectNode } from './node-client.ts';
import type { ZooKeeperServer } from './zookeeper-process.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 15_000 };
const SESSION_MS = 3_000;

async function behindProxy(server: ZooKeeperServer) {
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const client = await connectNode(proxy, { sessionTimeoutMs: SESSION_MS });
  const states: SessionState[] = [];
  client.onState((state) => states.push(state));
  return { proxy, client, states };
}

describe('a holder that is gone', () => {
  it.each<ForeignProgram>(['curator', 'kazurator', 'node'])(
    'is followed by %s when its session is over, not earlier',
    async (other) => {
      const server = await startZooKeeper();
      const holder = await startForeignClient('node', server.address, { sessionMs: SESSION_MS });
      const next = await startForeignClient(other, server.address);
      await holder.acquire('mutex', '/a');
      const waiting = next.acquire('mutex', '/a', { timeoutMs: 20_000 });
      await expect.poll(() => next.children('/a'), WAIT).toHaveLength(2);
      const killedMs = performance.now();
      await holder.kill('SIGKILL');
      expect(await waiting).toMatchObject({ acquired: true });
      // Its last sign of life may have been a ping a third of the timeout ago.
      expect(performance.now() - killedMs).toBeGreaterThan((SESSION_MS * 2) / 3 - 100);
    },
  );

  it('and was only frozen, knows that the lock is lost before anything else', async () => {
    const server = await startZooKeeper();
    const holder = await startForeignClient('node', server.address, { sessionMs: SESSION_MS });
    const next = await startForeignClient('curator', server.address);
    const { lockPath } = await holder.acquire('mutex', '/a');
    await holder.kill('SIGSTOP');
    expect(await next.acquire('mutex', '/a', { timeoutMs: 20_000 })).toMatchObject({ acquired: true });
    const isHeld = holder.isHeld('mutex', '/a');
    await holder.kill('SIGCONT');
    expect(await isHeld).toBe(false);
    expect(await holder.events.until('lost')).toBe(lockPath);
    expect(await holder.acquire('mutex', '/a', { timeoutMs: 300, owner: 'again' })).toMatchObject({
      acquired: false,
    });
  });

  it('from the middle of the queue, holds nobody up', async () => {
    const server = await startZooKeeper();
    const holder = await startForeignClient('node', server.address);
    const middle = await startForeignClient('node', server.address, { sessionMs: SESSION_MS });
    const last = await startForeignClient('curator', server.address);
    await holder.acquire('mutex', '/a');
    for (const [i, client] of [middle, last].entries()) {
      void client.acquire('mutex', '/a', { timeoutMs: 20_000 }).catch(() => {});
      await expect.poll(() => holder.children('/a'), WAIT).toHaveLength(i + 2);
    }
    await middle.kill('SIGKILL');
    await expect.poll(() => holder.children('/a'), WAIT).toHaveLength(2);
    await holder.release('mutex', '/a');
    await expect.poll(() => last.lockPath('mutex', '/a'), WAIT).not.toBeNull();
  });
});

describe('a reply that is lost', () => {
  it('to a creation leaves one node, which has the lock', async () => {
    const server = await startZooKeeper();
    const { proxy, client, states } = await behindProxy(server);
    const onlooker = await connectNode(server);
    const mutex = new Mutex(client, '/a', { timeoutMs: 10_000 });
    await (await mutex.acquire()).release();
    proxy.swallowsReplies = true;
    const acquiring = mutex.acquire();
    await expect.poll(async () => (await onlooker.getChildren('/a')).children, WAIT).toHaveLength(1);
    proxy.swallowsReplies = false;
    proxy.cut();
    const lock = await acquiring;
    expect((await onlooker.getChildren('/a')).children).toEqual([lock.path.slice(3)]);
    expect([states, lock.locked, await lock.release()]).toEqual([['suspended', 'connected'], true, true]);
    expect((await onlooker.getChildren('/a')).children).toEqual([]);
  });

  it('to a creation whose session then ends, does not make its node one’s own', async () => {
    const server = await startZooKeeper();
    const { proxy, client, states } = await behindProxy(server);
    const onlooker = await connectNode(server);
    const mutex = new Mutex(client, '/a', { timeoutMs: null });
    await (await mutex.acquire()).release();
    const before = client.sessionId;
    proxy.swallowsReplies = true;
    const acquiring = mutex.acquire();
    await expect.poll(async () => (await onlooker.getChildren('/a')).children, WAIT).toHaveLength(1);
    const [orphan] = (await onlooker.getChildren('/a')).children;
    await expect.poll(() => states, WAIT).toContain('lost');
    proxy.swallowsReplies = false;
    proxy.cut();
    const lock = await acquiring;
    expect([lock.path === `/a/${orphan}`, client.sessionId === before]).toEqual([false, false]);
    expect((await onlooker.exists(lock.path))?.ephemeralOwner).toBe(client.sessionId);
    await expect.poll(() => onlooker.exists(`/a/${orphan}`), WAIT).toBeNull();
    expect(lock.locked).toBe(true);
  });

  it('to a release does not hold up the next', async () => {
    const server = await startZooKeeper();
    const { proxy, client } = await behindProxy(server);
    const next = new Mutex(await connectNode(server), '/a', { timeoutMs: null });
    const lock = await new Mutex(client, '/a').acquire();
    const waiting = next.acquire();
    proxy.swallowsReplies = true;
    const releasing = lock.release();
    await waiting;
    proxy.swallowsReplies = false;
    proxy.cut();
    expect(await releasing).toBe(true);
  });

  it('to one who gives up leaves nothing behind', async () => {
    const server = await startZooKeeper();
    const { proxy, client } = await behindProxy(server);
    const onlooker = await connectNode(server);
    const mutex = new Mutex(client, '/a');
    await (await mutex.acquire()).release();
    proxy.swallowsReplies = true;
    await expect(mutex.acquire({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_TIMEOUT' });
    expect((await onlooker.getChildren('/a')).children).toHaveLength(1);
    proxy.swallowsReplies = false;
    proxy.cut();
    await expect.poll(async () => (await onlooker.getChildren('/a')).children, WAIT).toEqual([]);
  });
});

describe('a connection that is cut', () => {
  it('costs no lock and no waiter within the session', async () => {
    const server = await startZooKeeper();
    const { proxy, client, states } = await behindProxy(server);
    const other = new Mutex(await connectNode(server), '/a', { timeoutMs: null });
    const held = await other.acquire();
    const waiting = new Mutex(client, '/a', { timeoutMs: null }).acquire();
    await expect.poll(() => other.getParticipantNodes(), WAIT).toHaveLength(2);
    proxy.cut(true);
    await expect.poll(() => states, WAIT).toEqual(['suspended']);
    // The event that it waits for happens while nobody can tell it.
    await held.release();
    proxy.isDown = false;
    const lock = await waiting;
    proxy.cut();
    await expect.poll(() => states.length, WAIT).toBe(4);
    expect([lock.locked, await lock.release()]).toEqual([true, true]);
  });

  it('for longer than the session costs the lock, by the clock of the holder', async () => {
    const server = await startZooKeeper();
    const { proxy, client, states } = await behindProxy(server);
    const next = new Mutex(await connectNode(server), '/a', { timeoutMs: null });
    const lock = await new Mutex(client, '/a').acquire();
    let isLost = false;
    lock.signal.addEventListener('abort', () => {
      isLost = true;
    });
    const waiting = next.acquire().then(() => {
      expect([isLost, lock.locked]).toEqual([true, false]);
    });
    proxy.cut(true);
    await waiting;
    expect(() => lock.assertHeld()).toThrow('is lost: its session is over');
    expect(await lock.release()).toBe(false);
    proxy.isDown = false;
    await expect.poll(() => states, WAIT).toEqual(['suspended', 'lost', 'connected']);
  });
});

it.each(['kill', 'stop'] as const)('a server that restarts (%s) keeps holders and waiters', async (how) => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const other = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const lock = await new Mutex(client, '/a').acquire();
  const waiting = new Mutex(other, '/a', { timeoutMs: null }).acquire();
  await expect.poll(async () => (await other.getChildren('/a')).children, WAIT).toHaveLength(2);
  await server[how]();
  await sleep(500);
  await server.restart();
  await expect.poll(() => client.state, WAIT).toBe('connected');
  expect(lock.locked).toBe(true);
  expect(await lock.release()).toBe(true);
  expect((await waiting).locked).toBe(true);
});

it('a server that is frozen holds nothing up but itself, and nobody believes in a lock for too long', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { sessionTimeoutMs: SESSION_MS });
  const lock = await new Mutex(client, '/a').acquire();
  const frozenMs = performance.now();
  server.freeze();
  await expect.poll(() => lock.signal.aborted, WAIT).toBe(true);
  expect(performance.now() - frozenMs).toBeLessThan(SESSION_MS + 1_000);
  server.thaw();
  await expect.poll(() => client.state, WAIT).toBe('connected');
  expect((await new Mutex(client, '/a', { timeoutMs: 10_000 }).acquire()).locked).toBe(true);
});

it('a container that was removed between two uses is made again, and tokens still grow', async () => {
  const server = await startZooKeeper({ containerCheckMs: 300 });
  const client = await connectNode(server);
  const mutex = new Mutex(client, '/locks/a', { timeoutMs: 5_000 });
  const first = await mutex.acquire();
  await first.release();
  await expect.poll(() => client.exists('/locks'), WAIT).toBeNull();
  const second = await mutex.acquire();
  expect(second.path.slice(-10)).toBe(first.path.slice(-10));
  expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
});
