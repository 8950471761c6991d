import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type HeldLock,
  InvalidOptionError,
  LdlmClient,
  LockSizeMismatchError,
  LockWaitTimeoutError,
  rateLimit,
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

/*
 * The server stamps a grant with the time at which it began its turn, which is before the request was sent if the request
 * came during the turn. Turns last microseconds, and longer when the processor is taken away from the shard.
 */
const TURN_MS_MAX = 20;

/** A start that was permitted: the server stamped its grant between these two, or at most a turn earlier. */
interface Start {
  readonly sentMs: number;
  readonly arrivedMs: number;
}

describe('a rate limit', () => {
  /*
   * The network needs no tolerance. If permits + 1 grants lay within less than perMs, all of them would be held at the
   * last one, which the size forbids. So of any permits + 1 grants the last is at least perMs after the first; what
   * arrived last arrived after the last grant, and what was sent first was sent before the first one, but for a turn.
   */
  it('never grants more than its permits in any window, over all clients', async () => {
    const { clients } = await run();
    const [permits, perMs, endMs] = [5, 300, performance.now() + 2_000];
    const starts: Start[] = [];
    const poll = async (client: LdlmClient): Promise<void> => {
      const limit = rateLimit(client, 'r', { permits, perMs });
      while (performance.now() < endMs) {
        const sentMs = performance.now();
        if (await limit.tryAcquire()) starts.push({ sentMs, arrivedMs: performance.now() });
        else await sleep(2);
      }
    };
    await Promise.all([...clients, ...clients].map(poll));
    starts.sort((a, b) => a.arrivedMs - b.arrivedMs);
    for (let i = permits; i < starts.length; i++) {
      const window = starts.slice(i - permits, i + 1);
      const sentMs = Math.min(...window.map((start) => start.sentMs));
      expect(starts[i]!.arrivedMs - sentMs).toBeGreaterThanOrEqual(perMs - TURN_MS_MAX);
    }
    // Permits do come back: of the 35 that there are room for, the busiest machine sees more than two windows.
    expect(starts.length).toBeGreaterThan(2 * permits);
  });

  /*
   * The waiting ones are granted as soon as the server may, and a reply that was held up may arrive with those of the next
   * window. What holds for any network: the start number n (from 0) comes after n / permits whole windows.
   */
  it('has those who wait start one window after the other', async () => {
    const { server, clients } = await run();
    const [permits, perMs] = [4, 200];
    const limits = clients.map((client) => rateLimit(client, 'r', { permits, perMs }));
    const beganMs = performance.now();
    const arrivals: number[] = [];
    const acquired = Array.from({ length: 18 }, async (_, n) => {
      await limits[n % 2]!.acquire();
      arrivals.push(performance.now() - beganMs);
    });
    await Promise.all(acquired);
    for (const [n, arrivedMs] of arrivals.entries()) {
      expect(arrivedMs).toBeGreaterThanOrEqual(Math.floor(n / permits) * perMs - TURN_MS_MAX);
    }
    expect(server.stats().waiters).toBe(0);
  });

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
