import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { RestClient, runRest } from './rest-client.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** What this process, and so the server's main thread, holds once everything collectable is collected. */
async function settledBytes(): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external > bytes * 0.999) break;
    bytes = heapUsed + external;
  }
  return bytes;
}

describe('an idle REST session', () => {
  it('takes less than 4 KiB, of 500', { timeout: 60_000 }, async () => {
    const server = await runRest();
    const client = new RestClient(server.rest);
    /** Sessions that have taken and given back a lock. */
    const begin = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        client.cookie = null;
        await client.post('/session');
        const { json } = await client.post('/v1/lock', { name: 'a' });
        await client.post('/v1/unlock', { name: 'a', key: json['key'] });
      }
    };
    await begin(300);
    const before = await settledBytes();
    await begin(500);
    const bytesEach = ((await settledBytes()) - before) / 500;
    // Or nothing was measured.
    expect(bytesEach).toBeGreaterThan(100);
    expect(bytesEach).toBeLessThan(4_096);
  });

  it('costs no time while it is idle', { timeout: 60_000 }, async () => {
    const server = await runRest();
    const client = new RestClient(server.rest);
    const usedMs = async (): Promise<number> => {
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    const without = await usedMs();
    for (let i = 0; i < 500; i++) {
      client.cookie = null;
      await client.post('/session');
    }
    await usedMs();
    // A timer for each of them, or a look at each of them, would take more.
    expect((await usedMs()) - without).toBeLessThan(60);
  });
});
