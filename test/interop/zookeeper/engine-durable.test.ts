import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards, connect } from '../server-process.ts';
import { launchOver } from './cluster-server.ts';
import { startForeignClient } from './foreign-client.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 25_000 };
const DURABLE = ['--no_clear_on_disconnect', '--zookeeper_session_timeout', '2s'];
/** After so long, a server that was killed has no session any more. */
const SESSION_OVER_MS = 4_000;

async function startTwo(...flags: readonly string[]) {
  const ensemble = await startZooKeeper();
  const [one, two] = [
    await launchOver(ensemble, ...DURABLE, ...flags),
    await launchOver(ensemble, ...DURABLE, ...flags),
  ];
  return { ensemble, one, two, first: connect(one.address), second: connect(two.address) };
}

describe('with --no_clear_on_disconnect, a lock over ZooKeeper', () => {
  it('outlives its server, and its key works at another one', async () => {
    const { one, first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a' });
    const timed = await first.lock({ name: 'timed', lock_timeout_seconds: 60 });
    const waiting = second.lock({ name: 'a' });
    one.server.signal('SIGKILL');
    await sleep(SESSION_OVER_MS);
    expect((await second.tryLock({ name: 'timed' })).locked).toBe(false);
    const renewal = await second.call('Renew', { name: 'timed', key: timed.key, lock_timeout_seconds: 90 });
    expect(renewal.locked).toBe(true);
    expect((await second.unlock('a', key)).unlocked).toBe(true);
    expect((await waiting).locked).toBe(true);
    expect((await second.unlock('timed', timed.key)).unlocked).toBe(true);
  });

  it('expires at its server by its timeout', async () => {
    const { first, second } = await startTwo();
    await first.lock({ name: 'a', lock_timeout_seconds: 1 });
    const beganMs = performance.now();
    expect((await second.lock({ name: 'a' })).locked).toBe(true);
    expect(performance.now() - beganMs).toBeGreaterThan(900);
  });

  it.each(['the first', 'the last'])(
    'expires when %s server is killed, which may see to such locks',
    async (which) => {
      const { one, two, first, second } = await startTwo();
      const [killed, holder, other] = which === 'the first' ? [one, first, second] : [two, second, first];
      await holder.lock({ name: 'a', lock_timeout_ms: 2_500 });
      const waiting = other.lock({ name: 'a' });
      await sleep(200);
      killed.server.signal('SIGKILL');
      const killedMs = performance.now();
      expect((await waiting).locked).toBe(true);
      // A whole lease counts from when its server was found to be gone.
      expect(performance.now() - killedMs).toBeGreaterThan(2_500);
      expect(performance.now() - killedMs).toBeLessThan(20_000);
    },
  );

  it('expires when its server is killed and those that are left have no locks of this kind', async () => {
    const ensemble = await startZooKeeper();
    const one = await launchOver(ensemble, '--zookeeper_session_timeout', '2s');
    const two = await launchOver(ensemble, ...DURABLE);
    await connect(two.address).lock({ name: 'a', lock_timeout_ms: 2_500 });
    two.server.signal('SIGKILL');
    const killedMs = performance.now();
    expect((await connect(one.address).lock({ name: 'a', wait_timeout_ms: 15_000 })).locked).toBe(true);
    expect(performance.now() - killedMs).toBeGreaterThan(2_500);
  });

  it('is renewed elsewhere, and lives on', async () => {
    const { one, first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 2 });
    one.server.signal('SIGKILL');
    for (let i = 0; i < 10; i++) {
      await sleep(1_000);
      const renewal = await second.call('Renew', { name: 'a', key, lock_timeout_seconds: 2 });
      expect(renewal.locked, `renewal ${i}`).toBe(true);
    }
    const endedMs = performance.now();
    expect((await second.lock({ name: 'a' })).locked).toBe(true);
    expect(performance.now() - endedMs).toBeGreaterThan(1_800);
  });

  it('is not left to who waited at a server that is gone', async () => {
    const { ensemble, one, first, second } = await startTwo();
    const { key } = await second.lock({ name: 'a' });
    first.lock({ name: 'a' }).catch(() => {});
    const node = await connectNode(ensemble);
    const queue = async () => {
      const [bucket] = (await node.getChildren('/locks')).children;
      return (await node.getChildren(`/locks/${bucket}/a`)).children.length;
    };
    await expect.poll(queue, WAIT).toBe(2);
    one.server.signal('SIGKILL');
    await expect.poll(queue, WAIT).toBe(1);
    expect((await second.unlock('a', key)).unlocked).toBe(true);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(true);
  });

  it('is kept by its server through the loss of its session, and by all of them through a restart', async () => {
    const ensemble = await startZooKeeper();
    const proxy = await TcpProxy.open(ensemble.address);
    afterwards(() => proxy.close());
    const one = await launchOver({ connectString: proxy.address }, ...DURABLE);
    const client = connect(one.address);
    const { key } = await client.lock({ name: 'a' });
    const other = await client.lock({ name: 'b' });
    proxy.cut(true);
    await sleep(SESSION_OVER_MS);
    proxy.isDown = false;
    const taken = async () => (await client.tryLock({ name: 'a' }).catch(() => null))?.locked;
    await expect.poll(taken, WAIT).toBe(false);
    expect((await client.unlock('a', key)).unlocked).toBe(true);
    await one.server.stop();
    const again = connect((await launchOver(ensemble, ...DURABLE)).address);
    expect((await again.tryLock({ name: 'b' })).locked).toBe(false);
    await sleep(1_000);
    expect((await again.unlock('b', other.key)).unlocked).toBe(true);
  });

  it('has the lease of its last repeat, and ends by the id of its request, also when its server is gone', async () => {
    const { one, first, second } = await startTwo();
    const request = { name: 'a', request_id: Buffer.from('a request of mine'), lock_timeout_ms: 3_000 };
    expect((await first.lock(request)).locked).toBe(true);
    // The longer lease is the one that counts when the server is gone.
    await first.lock({ ...request, lock_timeout_ms: 60_000 });
    one.server.signal('SIGKILL');
    await sleep(SESSION_OVER_MS + 5_000);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    expect((await second.call('Unlock', request)).unlocked).toBe(true);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(true);
  });

  it('is granted once more to its request at another server, when the one is gone that has granted it', async () => {
    const { one, first, second } = await startTwo();
    const request = { name: 'a', request_id: Buffer.from('a request of mine') };
    const granted = await first.lock(request);
    await expect(second.lock(request)).rejects.toMatchObject({ code: 14 });
    one.server.signal('SIGKILL');
    const again = () => second.lock(request).catch(({ code }: { code: number }) => ({ code }));
    const { key, fencing_token } = granted;
    await expect.poll(again, WAIT).toMatchObject({ locked: true, key, fencing_token });
    expect((await second.unlock('a', granted.key)).unlocked).toBe(true);
  });

  it('keeps Curator waiting', async () => {
    const { ensemble, one, two, first } = await startTwo('--zookeeper_path_map', 'a=/a:mutex');
    const curator = await startForeignClient('curator', ensemble.address);
    const { key } = await first.lock({ name: 'a' });
    one.server.signal('SIGKILL');
    await sleep(SESSION_OVER_MS);
    expect(await curator.acquire('mutex', '/a', { timeoutMs: 200 })).toMatchObject({ acquired: false });
    expect((await connect(two.address).unlock('a', key)).unlocked).toBe(true);
    expect(await curator.acquire('mutex', '/a', { timeoutMs: 5_000 })).toMatchObject({ acquired: true });
  });
});
