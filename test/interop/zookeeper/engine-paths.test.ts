import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startPythonLocker } from '../python-locker.ts';
import { connect } from '../server-process.ts';
import { launchOver } from './cluster-server.ts';
import { type ForeignKind, startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 20_000 };

async function startMapped(map: string, ...programs: readonly ForeignProgram[]) {
  const ensemble = await startZooKeeper();
  const [{ server, address }, ...others] = await Promise.all([
    launchOver(ensemble, '--zookeeper_path_map', map),
    ...programs.map((program) => startForeignClient(program, ensemble.address)),
  ]);
  return { ensemble, server, address, client: connect(address), others };
}

describe('a lock whose node is named by --zookeeper_path_map', () => {
  it.each<['mutex' | 'rw', ForeignKind]>([
    ['mutex', 'mutex'],
    ['rw', 'write'],
  ])('as %s has one queue for LDLM clients, Curator and kazurator', async (layout, kind) => {
    const { address, client, others } = await startMapped(
      `deploy=/teams/deploy:${layout}`,
      'curator',
      'kazurator',
    );
    const [curator, kazurator] = others;
    const first = await client.lock({ name: 'deploy' });
    expect(first.locked).toBe(true);
    const order: string[] = [];
    const turns: Promise<void>[] = [];
    const enqueue = async (who: string, turn: () => Promise<void>): Promise<void> => {
      turns.push(turn());
      await expect.poll(() => curator!.children('/teams/deploy'), WAIT).toHaveLength(turns.length + 1);
      expect(order).not.toContain(who);
    };
    const asForeigner = (who: string, program: typeof curator) =>
      enqueue(who, async () => {
        expect(await program!.acquire(kind, '/teams/deploy')).toMatchObject({ acquired: true });
        order.push(who);
        await sleep(20);
        await program!.release(kind, '/teams/deploy');
      });
    const asPython = (who: string) =>
      enqueue(who, async () => {
        const python = startPythonLocker(address);
        const { locked, key } = await python.call('lock', { name: 'deploy' });
        expect(locked).toBe(true);
        order.push(who);
        await sleep(20);
        expect(await python.call('unlock', { name: 'deploy', key })).toEqual({});
      });
    await asForeigner('curator', curator);
    await asPython('python');
    await asForeigner('kazurator', kazurator);
    await asPython('another python');
    await client.unlock('deploy', first.key);
    await Promise.all(turns);
    expect(order).toEqual(['curator', 'python', 'kazurator', 'another python']);
    expect(await curator!.children('/teams/deploy')).toEqual([]);
  });

  it('as rw shares readers with Curator, and keeps writers out', async () => {
    const { client, others } = await startMapped('a=/a:rw', 'curator');
    const [curator] = others;
    await curator!.acquire('read', '/a');
    const reader = await client.lock({ name: 'a', mode: 'SHARED' });
    expect(reader.locked).toBe(true);
    expect((await client.tryLock({ name: 'a' })).locked).toBe(false);
    const writer = client.lock({ name: 'a' });
    await expect.poll(() => curator!.children('/a'), WAIT).toHaveLength(3);
    await curator!.release('read', '/a');
    await client.unlock('a', reader.key);
    const { key } = await writer;
    expect(await curator!.acquire('read', '/a', { timeoutMs: 200 })).toMatchObject({ acquired: false });
    await client.unlock('a', key);
    expect(await curator!.acquire('read', '/a', { timeoutMs: 5_000 })).toMatchObject({ acquired: true });
  });

  it('as semaphore counts leases together with Curator', async () => {
    const { client, others } = await startMapped('pool=/pool:semaphore', 'curator');
    const [curator] = others;
    const request = { name: 'pool', size: 2 };
    const own = await client.lock(request);
    expect(own.locked).toBe(true);
    expect(await curator!.acquire('sem', '/pool', { n: 2, timeoutMs: 5_000 })).toMatchObject({
      acquired: true,
    });
    expect((await client.tryLock(request)).locked).toBe(false);
    expect(await curator!.acquire('sem', '/pool', { n: 2, owner: 'b', timeoutMs: 200 })).toMatchObject({
      acquired: false,
    });
    const waiting = client.lock(request);
    await sleep(200);
    await curator!.release('sem', '/pool', { n: 2 });
    const second = await waiting;
    expect(BigInt(second.fencing_token)).toBeGreaterThan(BigInt(own.fencing_token));
    await client.unlock('pool', own.key);
    expect(await curator!.acquire('sem', '/pool', { n: 2, timeoutMs: 5_000 })).toMatchObject({
      acquired: true,
    });
    expect((await client.lock({ name: 'pool', size: 3 })).error).toMatchObject({ code: 6 });
    expect((await client.unlock('pool', second.key)).unlocked).toBe(true);
  });

  it('has no SHARED mode as mutex or semaphore, and no size as mutex or rw', async () => {
    const { client } = await startMapped('m=/m:mutex,s=/s:semaphore,r=/r:rw');
    const error = async (request: object) => (await client.lock(request)).error;
    const noShared = { code: 0, message: expect.stringContaining('no SHARED mode') };
    expect(await error({ name: 'm', mode: 'SHARED' })).toMatchObject(noShared);
    expect(await error({ name: 's', mode: 'SHARED' })).toMatchObject(noShared);
    for (const name of ['m', 'r']) expect(await error({ name, size: 2 })).toMatchObject({ code: 6 });
    expect(await error({ name: 'x', size: 3, permits: 2 })).toMatchObject({
      code: 7,
      message: 'permits above 1 are not available with --engine zookeeper',
    });
  });
});

describe('a node that is used for another kind of lock', () => {
  const REFUSED = {
    locked: false,
    error: { code: 0, message: expect.stringContaining('another kind of lock: see --zookeeper_path_map') },
  };

  it.each<[held: ForeignKind, layout: string]>([
    ['mutex', 'rw'],
    ['mutex', 'semaphore'],
    ['write', 'mutex'],
    ['read', 'semaphore'],
    ['sem', 'mutex'],
    ['sem', 'rw'],
  ])('by Curator as %s is refused as %s, and reported', async (kind, layout) => {
    const { server, client, others } = await startMapped(`a=/a:${layout}`, 'curator');
    const [curator] = others;
    await curator!.acquire(kind, '/a', { n: 1 });
    const before = await curator!.children('/a');
    expect(await client.lock({ name: 'a' })).toMatchObject(REFUSED);
    expect(await client.tryLock({ name: 'a' })).toMatchObject(REFUSED);
    expect(await curator!.children('/a')).toEqual(before);
    expect(server.stderr).toMatch(/"path":"\/a".*A ZooKeeper node is used for another kind of lock/);
    await curator!.release(kind, '/a', { n: 1 });
  });

  it('by a kazoo Lock is refused', async () => {
    const { client, others } = await startMapped('a=/a:mutex', 'kazoo');
    await others[0]!.acquire('lock', '/a');
    expect(await client.lock({ name: 'a' })).toMatchObject(REFUSED);
    await others[0]!.release('lock', '/a');
    expect(await client.lock({ name: 'a' })).toMatchObject({ locked: true });
  });

  it('by a server that was told of another kind is refused', async () => {
    const { ensemble, client } = await startMapped('a=/a:mutex');
    const other = await launchOver(ensemble, '--zookeeper_path_map', 'a=/a:rw');
    const { key } = await client.lock({ name: 'a' });
    expect(await connect(other.address).lock({ name: 'a' })).toMatchObject(REFUSED);
    await client.unlock('a', key);
    expect(await connect(other.address).lock({ name: 'a' })).toMatchObject({ locked: true });
    expect(await client.lock({ name: 'a' })).toMatchObject(REFUSED);
  });
});
