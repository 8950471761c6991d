import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LdlmClient, rateLimit } from '../../../src/client/index.ts';
import { afterwards, runServer } from '../../server/running-server.ts';
import { TcpProxy } from '../tcp-proxy.ts';

function open(address: string): LdlmClient {
  const client = new LdlmClient({ address });
  afterwards(() => client.close());
  return client;
}

async function run() {
  const server = await runServer();
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

describe('the windows of a rate limit', () => {
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

  /** How far apart at the least a start and the next but `permits` are. */
  function narrowest(starts: readonly number[], permits: number): number {
    const sorted = starts.toSorted((a, b) => a - b);
    return Math.min(...sorted.slice(permits).map((startMs, n) => startMs - sorted[n]!));
  }

  it('never has more starts than its permits in any window, over all clients', async () => {
    const { clients } = await run();
    const [permits, perMs] = [5, 100];
    const limits = clients.map((client) => rateLimit(client, 'r', { permits, perMs }));
    const starts: number[] = [];
    const acquired = Array.from({ length: 60 }, async (_, n) => {
      await limits[n % 2]!.acquire();
      starts.push(performance.now());
    });
    await Promise.all(acquired);
    expect(narrowest(starts, permits)).toBeGreaterThanOrEqual(perMs - TURN_MS_MAX);
  });

  it.each([450, 1_800])(
    'never has more starts than that behind a caller that was busy for %s ms',
    async (busyMs) => {
      const { clients } = await run();
      const [permits, perMs] = [5, 100];
      const limit = rateLimit(clients[0], 'r', { permits, perMs });
      const starts: number[] = [];
      const acquired = Array.from({ length: 30 }, async () => {
        await limit.acquire();
        starts.push(performance.now());
      });
      await sleep(20);
      const untilMs = performance.now() + busyMs;
      while (performance.now() < untilMs);
      await Promise.all(acquired);
      expect(narrowest(starts, permits)).toBeGreaterThanOrEqual(perMs - TURN_MS_MAX);
    },
  );

  it('never has more starts than that when answers take longer than a window', async () => {
    const server = await runServer();
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const [permits, perMs] = [2, 100];
    const [far, near] = [open(proxy.address), open(server.address)].map((client) =>
      rateLimit(client, 'r', { permits, perMs }),
    );
    await far!.acquire();
    proxy.delayMs = 150;
    const starts: number[] = [];
    const start = (limit: typeof far) => async (): Promise<void> => {
      await limit!.acquire();
      starts.push(performance.now());
    };
    await Promise.all([...Array(4).fill(start(far)), ...Array(12).fill(start(near))].map((go) => go()));
    expect(narrowest(starts, permits)).toBeGreaterThanOrEqual(perMs - TURN_MS_MAX);
  });
});
