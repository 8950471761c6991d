import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { MetricWord } from '../../src/base/metric-words.ts';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { AdminCaller } from '../clients/admin-caller.ts';
import { statusOf } from '../clients/lock-client.ts';
import { FakeServer, writeEmptyStat } from '../zookeeper/fake-server.ts';
import { ask } from './admin/admin-request.ts';
import { type AssembledServer, assemble } from './assembled-server.ts';
import { RawPeer } from './raw-peer.ts';
import { request } from './raw-request.ts';
import { afterwards, connect } from './running-server.ts';

const POISON = new URL('../engine/poison-worker.mjs', import.meta.url);

function administer(address: string, password: string): AdminCaller {
  const caller = new AdminCaller(address, password);
  afterwards(() => caller.close());
  return caller;
}

/** Grants a lock to a client that is gone before its reply comes; `leave` is done between the two. */
async function grantToNobody(parts: AssembledServer, leave: () => void): Promise<void> {
  const { engine, connections, endpoints } = parts;
  await parts.openAll();
  const submit = engine.submit.bind(engine);
  engine.submit = (...call) => {
    // Behind what was read, which the shard has by then, and before anything that it answers.
    queueMicrotask(() => {
      leave();
      connections.destroy();
    });
    return submit(...call);
  };
  const peer = await RawPeer.connect(endpoints.addresses[0]!);
  request(peer, 1, 'TryLock', 'held');
  await peer.closing();
  await expect.poll(() => engine.sumOf(MetricWord.Grants), { timeout: 5_000 }).toBe(1);
}

describe('an assembled server', () => {
  it('has threads that work, and listens nowhere yet', async () => {
    const { engine, endpoints, readiness, connections, inspector, log } = await assemble({ shards: 2 });
    expect([engine.shards, connections.size]).toEqual([2, 0]);
    expect([endpoints.addresses, endpoints.restAddresses, endpoints.adminAddresses]).toEqual([[], [], []]);
    expect(readiness.status).toMatchObject({ serving: false, reason: 'the server is starting' });
    expect(await inspector.get('a')).toBeNull();
    expect(log.lines).toEqual([]);
  });

  it('asks clients for the password of the options', async () => {
    const { endpoints, openAll } = await assemble({ password: 'secret' });
    await openAll();
    const address = endpoints.addresses[0]!;
    expect(await statusOf(connect(address).tryLock({ name: 'a' }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(await connect(address, { password: 'secret' }).tryLock({ name: 'a' })).toMatchObject({
      locked: true,
    });
  });

  it('lets its clients administer only where that is switched on, and says of itself how it is', async () => {
    const beganMs = Date.now();
    const password = 'secret';
    for (const remoteAdmin of [false, true]) {
      const { endpoints, health, openAll } = await assemble({ password, remoteAdmin });
      await openAll();
      health.setServing(true);
      const info = administer(endpoints.addresses[0]!, password).call('ServerInfo');
      if (!remoteAdmin) {
        await expect(info).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
        continue;
      }
      const { started_at_ms } = (await info) as { started_at_ms: number };
      expect(started_at_ms).toBeGreaterThanOrEqual(beganMs);
      expect(started_at_ms).toBeLessThanOrEqual(Date.now());
      expect(await info).toMatchObject({
        ...{
          grpc_addresses: endpoints.addresses,
          grpc_connections: 1,
          serving: true,
          shards: [{ shard: 0 }],
        },
      });
    }
  });

  it('counts the clients that break the protocol', async () => {
    const { endpoints, openAll } = await assemble({ adminListenAddress: '127.0.0.1:0' });
    await openAll();
    const peer = await RawPeer.connect(endpoints.addresses[0]!);
    peer.send(FrameType.Ping, 0, 0, Buffer.alloc(3));
    await peer.closing();
    await expect
      .poll(async () => (await ask(endpoints, '/metrics')).text, { timeout: 5_000 })
      .toMatch(/^ldlm_connections_failed_total 1$/m);
  });

  it('counts what it answers without a shard', async () => {
    const { endpoints, openAll } = await assemble({ adminListenAddress: '127.0.0.1:0' });
    await openAll();
    const info = administer(endpoints.addresses[0]!, '').call('ServerInfo');
    await expect(info).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    const { text } = await ask(endpoints, '/metrics');
    expect(text).toMatch(/^ldlm_grpc_answers_total\{status="Unimplemented"\} 1$/m);
  });

  it('is not ready while a shard makes no progress, and tells when that is lost', async () => {
    const { endpoints, readiness, openAll, failed } = await assemble(
      { shardStallLimitMs: 400 },
      { workerUrl: POISON },
    );
    await openAll();
    readiness.started();
    expect(readiness.status.serving).toBe(true);
    void connect(endpoints.addresses[0]!)
      .tryLock({ name: 'poison:sleep:20000' })
      .catch(() => {});
    await expect.poll(() => readiness.status.reason, { timeout: 5_000 }).toBe('shard 0 makes no progress');
    await expect.poll(() => failed.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(failed[0]).toMatchObject({ code: 'LDLM_SHARD_FAILED', shard: 0 });
  });

  it('is not ready while the ensemble that has its locks cannot be reached', async () => {
    const fake = await FakeServer.start({
      answer: ({ op }) => (op === OpCode.Multi ? { code: -103 } : { write: writeEmptyStat }),
    });
    const { readiness } = await assemble({ engine: 'zookeeper', zookeeperConnect: fake.address });
    readiness.started();
    expect(readiness.status.serving).toBe(true);
    fake.stop();
    await expect.poll(() => readiness.status.reason, { timeout: 5_000 }).toBe('ZooKeeper cannot be reached');
  });
});

describe('a grant that reaches nobody', () => {
  it('goes back where locks outlive their sessions', async () => {
    const parts = await assemble({ noClearOnDisconnect: true });
    await grantToNobody(parts, () => {});
    await expect.poll(() => parts.inspector.get('held'), { timeout: 5_000 }).toBeNull();
  });

  it('goes back where a state keeps what is held at a stop', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-assembled-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const parts = await assemble({ stateFile: join(folder, 'state') });
    await grantToNobody(parts, () => void parts.engine.stopGranting());
    await expect.poll(() => parts.inspector.get('held'), { timeout: 5_000 }).toBeNull();
  });
});
