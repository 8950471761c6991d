import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type HeldLock,
  InvalidOptionError,
  LdlmError,
  LockLostError,
  ServerUnavailableError,
} from '../../src/client/index.ts';
import type { StartOptions } from '../../src/index.ts';
import { afterwards } from '../server/running-server.ts';
import { open, runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

const eventually = { timeout: 10_000 };

async function run(options: StartOptions = {}) {
  const server = await runDoor('grpc', options);
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const client = open({ ...server, address: proxy.address });
  const lost: HeldLock[] = [];
  client.on('lockLost', (lock) => lost.push(lock));
  return { server, proxy, client, other: open(server), lost };
}

/** A lock that has expired, because nobody renewed it. */
async function runExpired() {
  const all = await run();
  const lock = await all.client.lock('a', { lockTimeoutMs: 150, autoRenew: false });
  await expect.poll(() => all.server.stats().holders, eventually).toBe(0);
  return { ...all, lock };
}

describe('a lock that is held', () => {
  it('says what it is, and for how long', async () => {
    const { client } = await run();
    const before = Date.now();
    const lock = await client.lock('ä', { lockTimeoutMs: 60_000 });
    expect(lock).toMatchObject({ name: 'ä', key: expect.stringMatching(/^[0-9a-f-]{36}$/), locked: true });
    expect(lock.fencingToken).toBeGreaterThan(0n);
    expect(lock.remainingMs).toBeGreaterThan(0);
    expect(lock.remainingMs).toBeLessThanOrEqual(60_000);
    expect(lock.expiresAt!.getTime()).toBeGreaterThan(before);
    expect(lock.expiresAt!.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(lock.signal).toBe(lock.signal);
    expect(lock.signal.aborted).toBe(false);
  });

  it('without a timeout has no end, and nothing to renew', async () => {
    const { client } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 0 });
    expect([lock.locked, lock.remainingMs, lock.expiresAt]).toEqual([true, null, null]);
    await expect(lock.renew()).rejects.toBeInstanceOf(InvalidOptionError);
    expect([await lock.unlock(), lock.locked]).toEqual([true, false]);
  });

  it('is renewed for as long as it is asked to be, or as before', async () => {
    const { client } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 60_000, autoRenew: false });
    await lock.renew(600_000);
    expect(lock.remainingMs).toBeGreaterThan(500_000);
    await lock.renew();
    expect(lock.remainingMs).toBeGreaterThan(500_000);
    await lock.renew(30_000);
    expect(lock.remainingMs).toBeLessThanOrEqual(30_000);
  });

  it('is not known to be held behind a lost connection, until the server has confirmed it', async () => {
    const { client, proxy, lost } = await run({ noClearOnDisconnect: true });
    const lock = await client.lock('a', { lockTimeoutMs: 20_000 });
    proxy.cut(true);
    await expect.poll(() => lock.locked, eventually).toBe(false);
    expect([lock.signal.aborted, lock.remainingMs! > 0]).toEqual([false, true]);
    proxy.isDown = false;
    await expect.poll(() => lock.locked, { timeout: 18_000 }).toBe(true);
    expect(lost).toEqual([]);
  });

  it.each([0, -1, Number.NaN, 2 ** 53])('cannot be renewed for %d ms, and is held as before', async (ms) => {
    const { client } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 60_000 });
    await expect(lock.renew(ms)).rejects.toBeInstanceOf(InvalidOptionError);
    expect(lock.locked).toBe(true);
  });
});

describe('a lock that is unlocked', () => {
  it('was held until then, once', async () => {
    const { client, other, lost } = await run();
    const lock = await client.lock('a');
    const { signal } = lock;
    expect([await lock.unlock(), await lock.unlock()]).toEqual([true, false]);
    expect([lock.locked, lock.remainingMs, lock.expiresAt, signal.aborted]).toEqual([false, 0, null, false]);
    await expect(lock.renew()).rejects.toMatchObject({
      code: 'LDLM_LOCK_LOST',
      message: 'the lock "a" is lost: it was unlocked',
    });
    expect(await other.tryLock('a')).not.toBeNull();
    await client.close();
    expect([lost, signal.aborted, lock.signal.aborted]).toEqual([[], false, false]);
  });

  it('by two at a time is given back by the first of them', async () => {
    const { client, server } = await run();
    const lock = await client.lock('a');
    const both = [lock.unlock(), lock.unlock()];
    expect(lock.locked).toBe(false);
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(server.stats().holders).toBe(0);
  });

  it('does not take another one of the same name with it', async () => {
    const { client, server } = await run();
    const [first, second] = [await client.lock('a', { size: 2 }), await client.lock('a', { size: 2 })];
    expect([await first.unlock(), await first.unlock(), second.locked]).toEqual([true, false, true]);
    expect([server.stats().holders, await second.unlock()]).toEqual([1, true]);
  });

  it('by its key somewhere else was not held any more', async () => {
    const { client, other } = await run();
    const lock = await client.lock('a');
    await other.unlock('a', lock.key);
    expect(await lock.unlock()).toBe(false);
  });

  it('is given back at the end of its block, also when it was unlocked in there', async () => {
    const { client, server } = await run();
    const runBlock = async (unlocks: boolean): Promise<void> => {
      await using lock = await client.lock('a');
      expect(server.stats().holders).toBe(1);
      if (unlocks) await lock.unlock();
      else throw new RangeError('in the block');
    };
    await runBlock(true);
    expect(server.stats().holders).toBe(0);
    await expect(runBlock(false)).rejects.toThrow(new RangeError('in the block'));
    expect(server.stats().holders).toBe(0);
  });

  it('while nobody answers is not held when its time is over', async () => {
    const { client, proxy } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 2_000 });
    proxy.swallowsReplies = true;
    const unlocking = lock.unlock();
    expect(lock.locked).toBe(false);
    expect([await unlocking, lock.signal.aborted]).toEqual([false, false]);
  });

  it('where the server cannot be reached says so', async () => {
    const { server } = await run();
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = open({ ...server, address: proxy.address }, { retries: 0 });
    const lock = await client.lock('a', { lockTimeoutMs: 600_000, unattended: true });
    proxy.cut(true);
    await expect(lock.unlock()).rejects.toBeInstanceOf(ServerUnavailableError);
    await expect(lock.unlock()).rejects.toBeInstanceOf(ServerUnavailableError);
    proxy.isDown = false;
    // Its connection is gone, and the lock with it.
    await expect.poll(() => lock.unlock().catch(() => 'not yet'), eventually).toBe(false);
  });
});

describe('a lock that is lost', () => {
  it('aborts its signal, which may be asked for before or behind, and has one reason', async () => {
    const { lock, lost } = await runExpired();
    const { signal } = lock;
    await expect.poll(() => signal.aborted, eventually).toBe(true);
    expect(signal.reason).toBeInstanceOf(LockLostError);
    expect(signal.reason).toMatchObject({ lockName: 'a', message: expect.stringContaining('in time') });
    expect(lock.signal).toBe(signal);
    await expect.poll(() => lost, eventually).toEqual([lock]);
    await expect(lock.renew()).rejects.toBe(signal.reason);
  });

  it('tells those who listen to its signal, once', async () => {
    const { client, lost } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 1_000, autoRenew: false });
    let heard = 0;
    lock.signal.addEventListener('abort', () => heard++);
    await expect.poll(() => heard, eventually).toBe(1);
    await client.close();
    expect([heard, lost.length]).toEqual([1, 1]);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
  });

  it("is not held, and not given back: it may be somebody else's", async () => {
    const { lock, other, server } = await runExpired();
    const next = await other.lock('a');
    expect([lock.locked, lock.remainingMs, lock.expiresAt, await lock.unlock()]).toEqual([
      false,
      0,
      null,
      false,
    ]);
    expect([next.locked, server.stats().holders]).toEqual([true, 1]);
  });

  it.each<[keyof HeldLock, unknown]>([
    ['locked', false],
    ['remainingMs', 0],
    ['expiresAt', null],
    ['signal', expect.objectContaining({ aborted: true })],
  ])('is noticed by whoever asks for its %s, though no timer has had its turn', async (property, value) => {
    const { client } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 200 });
    const untilMs = Date.now() + 300;
    while (Date.now() < untilMs);
    expect(lock[property]).toEqual(value);
    expect(lock.signal.aborted).toBe(true);
  });

  it('by its client, which is closed, says so', async () => {
    const { client } = await run();
    const [timed, untimed] = [await client.lock('a'), await client.lock('b', { lockTimeoutMs: 0 })];
    await client.close();
    for (const { signal } of [timed, untimed])
      expect(signal.reason.message).toMatch(/the lock "[ab]" is lost: the client was closed/);
    expect([await timed.unlock(), await untimed.unlock()]).toEqual([false, false]);
  });
});

describe('a lock that is unattended', () => {
  it('is left to its timeout: it says nothing of itself, and can be given back once', async () => {
    const { client, server, lost } = await run();
    const lock = await client.lock('a', { lockTimeoutMs: 600_000, unattended: true });
    expect([lock.locked, lock.remainingMs, lock.expiresAt, lock.signal.aborted]).toEqual([
      ...[false, null, null, false],
    ]);
    await expect(lock.renew()).rejects.toThrow(InvalidOptionError);
    await client.renew('a', lock.key, 600_000);
    expect(server.stats().holders).toBe(1);
    expect([await lock.unlock(), await lock.unlock(), server.stats().holders]).toEqual([true, false, 0]);
    await expect(lock.renew()).rejects.toBeInstanceOf(LdlmError);
    await client.close();
    await sleep(50);
    expect([lost, lock.signal.aborted]).toEqual([[], false]);
  });
});
