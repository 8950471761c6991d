import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, status } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { type LockClient, type LockReply, statusOf } from '../clients/lock-client.ts';
import { root } from '../interop/peers.ts';
import { afterwards, connect } from '../interop/server-process.ts';
import { kill, startDurable } from './durable-server.ts';
import { SmallDisk } from './small-disk.ts';

type CheckMethod = MethodDefinition<{ service: string }, { status: string }>;
const healthService = loadSync(`${root}protos/grpc/health/v1/health.proto`, {
  enums: String,
  defaults: true,
})['grpc.health.v1.Health'] as Record<string, CheckMethod>;

/** Resumption must not take longer. */
const RESUME_MS_MAX = 2_000;
/** So long that its records fill a disk of 1 MiB soon. */
const LONG_NAME = 'x'.repeat(8_000);
const unavailable = { code: status.UNAVAILABLE, details: 'the state file cannot be written' };

function healthOf(address: string): () => Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  afterwards(() => client.close());
  const { path, requestSerialize, responseDeserialize } = healthService['Check']!;
  return () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, (error, reply) =>
        error === null ? resolve(reply!.status) : reject(error),
      );
    });
}

/** Makes changes until the server takes no more. Returns locks that it has granted meanwhile. */
async function changeUntilFull(client: LockClient, prefix = 'short'): Promise<LockReply[]> {
  const held: LockReply[] = [];
  try {
    for (let i = 0; ; i++) {
      const { key } = await client.tryLock({ name: LONG_NAME });
      await client.unlock(LONG_NAME, key);
      const short = await client.tryLock({ name: `${prefix}-${i}` });
      expect(short).toMatchObject({ locked: true });
      held.push(short);
    }
  } catch (error) {
    expect(error).toMatchObject(unavailable);
    return held;
  }
}

async function expectEventually(what: () => Promise<unknown>, expected: unknown): Promise<void> {
  const untilMs = performance.now() + RESUME_MS_MAX;
  let found = await what();
  while (found !== expected && performance.now() < untilMs) {
    await sleep(50);
    found = await what();
  }
  expect(found).toBe(expected);
}

async function renewAll(client: LockClient, held: readonly LockReply[]): Promise<void> {
  for (const { name, key } of held) {
    expect(await client.call('Renew', { name, key, lock_timeout_ms: 60_000 })).toMatchObject({
      locked: true,
    });
  }
}

describe('a server whose disk is full', () => {
  it('takes no changes, says so, and goes on by itself when there is room', async () => {
    const disk = new SmallDisk('1m');
    const stateFile = join(disk.folder, 'state');
    const { server, address } = await startDurable(stateFile, '--shards', '1');
    const health = healthOf(address);
    const [holder, leaver, waiter] = [connect(address), connect(address), connect(address)];

    const renewed = await holder.lock({ name: 'renewed', lock_timeout_ms: 60_000 });
    const returned = await holder.lock({ name: 'returned' });
    const released = await holder.lock({ name: 'released' });
    await holder.unlock('released', released.key);
    await leaver.lock({ name: 'left' });
    const expiring = await holder.lock({ name: 'expiring', lock_timeout_ms: 60_000 });
    const waiting = waiter.lock({ name: 'left' });
    let isWaiting = true;
    void waiting.then(() => {
      isWaiting = false;
    });
    expect(await health()).toBe('SERVING');

    disk.fill();
    await holder.call('Renew', { name: 'expiring', key: expiring.key, lock_timeout_ms: 3_000 });
    const held = await changeUntilFull(holder);
    expect(held.length).toBeGreaterThan(10);

    // Nothing that changes is taken, and that it is for the disk is said everywhere.
    expect(await statusOf(holder.lock({ name: 'new' }))).toMatchObject(unavailable);
    expect(await statusOf(holder.tryLock({ name: 'new' }))).toMatchObject(unavailable);
    expect(await statusOf(holder.unlock('returned', returned.key))).toMatchObject(unavailable);
    const renewal = { name: 'renewed', key: renewed.key, lock_timeout_ms: 60_000 };
    expect(await statusOf(holder.call('Renew', renewal))).toMatchObject(unavailable);
    expect(await health()).toBe('NOT_SERVING');
    expect(server.stderr).toContain('no room to write the state file');

    // What ends meanwhile does end, but nobody profits from it yet.
    leaver.close();
    await sleep(3_200);
    expect(isWaiting).toBe(true);
    expect(await statusOf(holder.tryLock({ name: 'expiring' }))).toMatchObject(unavailable);

    disk.makeRoom();
    const roomMs = performance.now();
    expect(await waiting).toMatchObject({ locked: true, name: 'left' });
    expect(performance.now() - roomMs).toBeLessThan(RESUME_MS_MAX);
    await expectEventually(health, 'SERVING');
    expect(server.stderr).toContain('the state file can be written again');
    await renewAll(holder, [renewed]);
    expect(await holder.unlock('returned', returned.key)).toMatchObject({ unlocked: true });
    const taken = await holder.tryLock({ name: 'expiring' });
    expect(taken).toMatchObject({ locked: true });

    await kill(server);
    const next = await startDurable(stateFile, '--shards', '1');
    const client = connect(next.address);
    await renewAll(client, [renewed, taken, await waiting, ...held]);
    for (const { name, key } of [released, returned, expiring]) {
      expect(await client.unlock(name, key)).toMatchObject({ unlocked: false });
    }
    // What was refused is not held by anybody.
    expect(await client.tryLock({ name: 'new' })).toMatchObject({ locked: true });
    expect(await client.tryLock({ name: `short-${held.length}` })).toMatchObject({ locked: true });
  });

  it('loses nothing when it is killed meanwhile', async () => {
    const disk = new SmallDisk('1m');
    const stateFile = join(disk.folder, 'state');
    const first = await startDurable(stateFile, '--shards', '1');
    const holder = connect(first.address);
    const released = await holder.lock({ name: 'released' });
    await holder.unlock('released', released.key);
    disk.fill();
    const held = await changeUntilFull(holder);
    await kill(first.server);

    disk.makeRoom();
    const second = await startDurable(stateFile, '--shards', '1');
    const client = connect(second.address);
    await renewAll(client, held);
    expect(await client.unlock('released', released.key)).toMatchObject({ unlocked: false });
    expect(await client.tryLock({ name: `short-${held.length}` })).toMatchObject({ locked: true });
  });

  it('starts meanwhile, and goes on as before', async () => {
    const disk = new SmallDisk('1m');
    const stateFile = join(disk.folder, 'state');
    const first = await startDurable(stateFile, '--shards', '1');
    disk.fill();
    const held = await changeUntilFull(connect(first.address));
    await kill(first.server);

    disk.fill();
    const second = await startDurable(stateFile, '--shards', '1');
    const health = healthOf(second.address);
    const client = connect(second.address);
    held.push(...(await changeUntilFull(client, 'second')));
    expect(await health()).toBe('NOT_SERVING');
    disk.makeRoom();
    await expectEventually(health, 'SERVING');
    await renewAll(client, held);
  });

  it('stops in order meanwhile, and loses nothing', async () => {
    const disk = new SmallDisk('1m');
    const stateFile = join(disk.folder, 'state');
    const first = await startDurable(stateFile, '--shards', '1');
    const holder = connect(first.address);
    disk.fill();
    const held = await changeUntilFull(holder);
    expect((await first.server.stop()).exitCode).toBe(0);

    disk.makeRoom();
    const second = await startDurable(stateFile, '--shards', '1');
    await renewAll(connect(second.address), held);
  });
});
