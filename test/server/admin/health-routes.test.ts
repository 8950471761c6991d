import { describe, expect, it } from 'vitest';
import { checkServerOptions, type ServerOptions } from '../../../src/config/server-options.ts';
import { healthRoutes } from '../../../src/server/admin/health-routes.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { LockServer } from '../../../src/server/server.ts';
import type { ServerStatus } from '../../../src/server/server-status.ts';
import { afterwards, connect } from '../running-server.ts';
import { type AdminAnswer, ask, openRoutes } from './admin-request.ts';

/** A server whose shard does what a lock's name says. */
async function startPoisoned(options: Partial<ServerOptions>): Promise<LockServer> {
  const worker = new URL('../../engine/poison-worker.mjs', import.meta.url);
  const checked = checkServerOptions({
    ...{ listenAddress: '127.0.0.1:0', adminListenAddress: '127.0.0.1:0', ipcSocketFile: '' },
    ...{ shards: 1, shutdownGraceMs: 300, ...options },
  });
  const server = await LockServer.start(checked, silentLogger(), { workerUrl: worker });
  afterwards(() => server.close().catch(() => {}));
  return server;
}

describe('the health routes', () => {
  it.each([
    [{ serving: true, reason: '', failed: false }, 200, { status: 'OK' }, 200, { status: 'SERVING' }],
    [
      { serving: false, reason: 'shard 1 makes no progress', failed: false },
      ...[200, { status: 'OK' }],
      ...[503, { status: 'NOT_SERVING', reason: 'shard 1 makes no progress' }],
    ],
    [
      { serving: false, reason: 'shard 0 died', failed: true },
      ...[503, { status: 'FAILED', reason: 'shard 0 died' }],
      ...[503, { status: 'NOT_SERVING', reason: 'shard 0 died' }],
    ],
  ] as const)('tell of %s', async (status, healthCode, health, readyCode, ready) => {
    const server = await openRoutes(healthRoutes(() => status as ServerStatus));
    const [healthz, readyz] = [await ask(server, '/healthz'), await ask(server, '/readyz')];
    expect([healthz.status, healthz.json()]).toEqual([healthCode, health]);
    expect([readyz.status, readyz.json()]).toEqual([readyCode, ready]);
    expect((await ask(server, '/readyz', { method: 'HEAD' })).status).toBe(readyCode);
  });

  it('tell of a shard that stands still, as long as it does', { timeout: 20_000 }, async () => {
    const server = await startPoisoned({ shardStallLimitMs: 4_000 });
    const client = connect(server.addresses[0]!);
    const slow = client.tryLock({ name: 'poison:sleep:3000' });
    // Work must be pending behind the one that takes so long.
    const stuck = client.tryLock({ name: 'a' });
    await expect.poll(async () => (await ask(server, '/readyz')).status, { timeout: 5_000 }).toBe(503);
    const reason = 'shard 0 makes no progress';
    expect((await ask(server, '/readyz')).json()).toEqual({ status: 'NOT_SERVING', reason });
    expect((await ask(server, '/healthz')).status).toBe(200);
    await Promise.all([slow, stuck]);
    await expect.poll(async () => (await ask(server, '/readyz')).status, { timeout: 5_000 }).toBe(200);
  });

  it('tell of a shard that is lost, until the server ends', async () => {
    const server = await startPoisoned({});
    connect(server.addresses[0]!)
      .tryLock({ name: 'poison:throw' })
      .catch(() => {});
    const answers: AdminAnswer[] = [];
    const look = async (): Promise<void> => {
      for (;;) answers.push(await ask(server, '/healthz'));
    };
    await expect(look()).rejects.toThrow();
    await expect(server.closed).rejects.toMatchObject({ code: 'LDLM_SHARD_FAILED' });
    const last = answers.filter(({ status }) => status === 503).at(-1)!;
    expect(last.json()).toEqual({ status: 'FAILED', reason: 'shard 0 died: a poisoned request' });
  });
});
