import { describe, expect, it } from 'vitest';
import { createMetricMemory } from '../../../src/base/metric-words.ts';
import { checkServerOptions } from '../../../src/config/server-options.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';
import { AdminGuard } from '../../../src/server/admin/admin-guard.ts';
import { openAdmin } from '../../../src/server/admin/open-admin.ts';
import type { Inspector } from '../../../src/server/inspection/inspector.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { ArrivalCounts } from '../../../src/server/metrics/door-metrics.ts';
import { SessionDirectory } from '../../../src/server/session-directory.ts';
import { afterwards } from '../running-server.ts';
import { ask } from './admin-request.ts';

/** Nobody looks at the locks here. */
const inspector = {} as Inspector;

async function open(shards: number, optionShards: number) {
  const logger = silentLogger();
  const options = checkServerOptions({ adminListenAddress: '127.0.0.1:0', shards: optionShards });
  const gauges = { requestBytes: 0, replyBytes: 0, requestStalls: 0 };
  const metrics = {
    engine: {
      ...{ shards, metricMemory: createMetricMemory(shards), clock: { nowMs: () => 1_000 } },
      rings: () => gauges,
    },
    sessions: new SessionDirectory(logger),
    connections: { grpc: () => 3, rest: () => 0, admin: () => 0 },
    ...{ arrivals: new ArrivalCounts(), answers: new AnswerCounts(), serving: () => true, isSharded: true },
  };
  const status = () => ({ serving: true, reason: '', failed: false });
  const guard = new AdminGuard({ ...options, isTls: false });
  const http = await openAdmin(options, guard, null, { status, metrics, inspector }, logger);
  afterwards(() => http.close());
  return { adminAddresses: http.addresses };
}

describe('the admin listener', () => {
  it('has the routes of health, metrics and the dashboard', async () => {
    const server = await open(1, 1);
    expect((await ask(server, '/healthz')).json()).toEqual({ status: 'OK' });
    expect((await ask(server, '/readyz')).status).toBe(200);
    expect((await ask(server, '/metrics')).text).toMatch(/^ldlm_connections\{protocol="grpc"\} 3$/m);
    expect((await ask(server, '/')).text).toContain('<!doctype html>');
  });

  it('tells the dashboard of as many shards as the engine has, whatever the options say', async () => {
    const server = await open(1, 7);
    expect((await ask(server, '/api/info')).json()).toMatchObject({ shards: 1 });
  });
});
