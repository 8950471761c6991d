import { describe, expect, it } from 'vitest';
import {
  type HeldLock,
  InvalidOptionError,
  LdlmClient,
  LockSizeMismatchError,
  LockWaitTimeoutError,
  rateLimit,
  ServerUnavailableError,
} from '../../../src/client/index.ts';
import type { StartOptions } from '../../../src/index.ts';
import { afterwards, runServer } from '../../server/running-server.ts';

function open(address: string): LdlmClient {
  const client = new LdlmClient({ address });
  afterwards(() => client.close());
  return client;
}

async function run(options: StartOptions = {}) {
  const server = await runServer(options);
  return { server, clients: [open(server.address), open(server.address)] as const };
}

describe('a rate limit', () => {
  it('says nothing when permits expire', async () => {
    const { server, clients } = await run();
    const lost: HeldLock[] = [];
    clients[0].on('lockLost', (lock) => lost.push(lock));
    const limit = rateLimit(clients[0], 'r', { permits: 2, perMs: 100 });
    expect([await limit.tryAcquire(), await limit.tryAcquire(), await limit.tryAcquire()]).toEqual([
      true,
      true,
      false,
    ]);
    await expect.poll(() => server.stats().holders).toBe(0);
    expect(lost).toEqual([]);
  });

  it('is waited for until the timeout or the signal, which spend nothing', async () => {
    const { server, clients } = await run();
    const limit = rateLimit(clients[0], 'r', { permits: 1, perMs: 60_000 });
    await limit.acquire();
    await expect(limit.acquire({ waitTimeoutMs: 50 })).rejects.toBeInstanceOf(LockWaitTimeoutError);
    const controller = new AbortController();
    const waiting = limit.acquire({ signal: controller.signal });
    await expect.poll(() => server.stats().waiters).toBe(1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => server.stats()).toMatchObject({ holders: 1, waiters: 0 });
  });

  it('is asked for a permit no longer than the timeout or the signal allow', async () => {
    const limit = rateLimit(open('127.0.0.1:1'), 'r', { permits: 1, perMs: 1_000 });
    const beganMs = performance.now();
    const late = limit.tryAcquire({ timeoutMs: 100 });
    await expect(late).rejects.toBeInstanceOf(ServerUnavailableError);
    await expect(late).rejects.toThrow('no answer within 100 ms');
    const aborted = limit.tryAcquire({ timeoutMs: 0, signal: AbortSignal.timeout(100) });
    await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' });
    const waiting = limit.acquire({ waitTimeoutMs: 100 });
    await expect(waiting).rejects.toBeInstanceOf(LockWaitTimeoutError);
    expect(performance.now() - beganMs).toBeLessThan(900);
    await expect(limit.tryAcquire()).rejects.toBeInstanceOf(ServerUnavailableError);
    await expect(limit.tryAcquire({ timeoutMs: -1 })).rejects.toBeInstanceOf(InvalidOptionError);
  });

  it('is put around a function', async () => {
    const { server, clients } = await run();
    const limit = rateLimit(clients[0], 'r', { permits: 2, perMs: 60_000 });
    const divide = limit.wrap((a: number, b: number) => {
      if (b === 0) throw new RangeError('by zero');
      return a / b;
    });
    expect(await divide(6, 3)).toBe(2);
    await expect(divide(6, 0)).rejects.toBeInstanceOf(RangeError);
    expect(server.stats().holders).toBe(2);
  });

  it('is the same for all, or refused', async () => {
    const { clients } = await run();
    await rateLimit(clients[0], 'r', { permits: 2, perMs: 60_000 }).acquire();
    const other = rateLimit(clients[1], 'r', { permits: 3, perMs: 60_000 });
    await expect(other.acquire()).rejects.toBeInstanceOf(LockSizeMismatchError);
    for (const wrong of [
      { permits: 0, perMs: 1 },
      { permits: 1.5, perMs: 1 },
      { permits: 1, perMs: 0 },
      { permits: 1, perMs: Number.NaN },
      { permits: 1, perMs: Number.POSITIVE_INFINITY },
      { permits: 1, perMs: 2 ** 53 },
      { permits: 2 ** 53, perMs: 1 },
      { permits: 2 ** 31, perMs: 1 },
    ]) {
      expect(() => rateLimit(clients[0], 'r', wrong)).toThrow(InvalidOptionError);
    }
  });

  it.each([false, true])('lives on after its connection where the server keeps locks: %s', async (keeps) => {
    const { server, clients } = await run({ noClearOnDisconnect: keeps });
    await rateLimit(clients[0], 'r', { permits: 1, perMs: 1_000 }).acquire();
    await clients[0].close();
    await expect.poll(() => server.stats().connections).toBe(0);
    expect(await rateLimit(clients[1], 'r', { permits: 1, perMs: 1_000 }).tryAcquire()).toBe(!keeps);
  });
});
