import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { type LockReply, statusOf } from '../../clients/lock-client.ts';
import { afterwards, connect } from '../server-process.ts';
import { launchOver } from './cluster-server.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 20_000 };
const SESSION = ['--zookeeper_session_timeout', '3s'];

async function startTwo(...flags: readonly string[]) {
  const ensemble = await startZooKeeper();
  const [one, two] = await Promise.all([launchOver(ensemble, ...flags), launchOver(ensemble, ...flags)]);
  return { ensemble, one, two, first: connect(one.address), second: connect(two.address) };
}

async function startBehindProxy() {
  const ensemble = await startZooKeeper();
  const proxy = await TcpProxy.open(ensemble.address);
  afterwards(() => proxy.close());
  const one = await launchOver({ connectString: proxy.address }, ...SESSION);
  const two = await launchOver(ensemble, ...SESSION);
  return { ensemble, proxy, one, two, first: connect(one.address), second: connect(two.address) };
}

function expectGrowing(replies: readonly LockReply[]): void {
  const tokens = replies.map((reply) => BigInt(reply.fencing_token));
  expect(tokens).toEqual([...tokens].sort((a, b) => (a < b ? -1 : 1)));
  expect(new Set(tokens).size).toBe(tokens.length);
}

describe('two servers', () => {
  it('have one queue, and grant in its order with growing tokens', async () => {
    const { first, second } = await startTwo();
    const replies = [await first.lock({ name: 'a' })];
    const order: number[] = [];
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      const client = i % 2 === 0 ? second : first;
      waiting.push(
        client.lock({ name: 'a' }).then(async (reply) => {
          order.push(i);
          replies.push(reply);
          await client.unlock('a', reply.key);
        }),
      );
      await sleep(100);
    }
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    await first.unlock('a', replies[0]!.key);
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expectGrowing(replies);
  });

  it('share readers, sizes and the mismatch of sizes', async () => {
    const { first, second } = await startTwo();
    expect((await first.lock({ name: 'shared', mode: 'SHARED' })).locked).toBe(true);
    expect((await second.lock({ name: 'shared', mode: 'SHARED' })).locked).toBe(true);
    expect((await second.tryLock({ name: 'shared' })).locked).toBe(false);
    expect((await first.tryLock({ name: 'sized', size: 2 })).locked).toBe(true);
    expect((await second.tryLock({ name: 'sized', size: 2 })).locked).toBe(true);
    expect((await first.tryLock({ name: 'sized', size: 2 })).locked).toBe(false);
    expect((await second.lock({ name: 'sized' })).error).toMatchObject({ code: 6 });
    expect((await first.lock({ name: 'shared', size: 3 })).error).toMatchObject({ code: 6 });
  });

  it('unlock and renew by key what the other one has granted', async () => {
    const { first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 1 });
    expect(await second.call('Renew', { name: 'a', key, lock_timeout_seconds: 4 })).toMatchObject({
      locked: true,
      key,
    });
    await sleep(1_800);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    expect((await second.unlock('a', key)).unlocked).toBe(true);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(true);
    await expect.poll(async () => (await first.unlock('a', key)).error?.code, WAIT).toBe(2);
    const renewal = await first.call('Renew', { name: 'a', key, lock_timeout_seconds: 4 });
    expect(renewal).toMatchObject({ locked: false, error: { code: 5 } });
  });

  it('do not promise for one that is gone', async () => {
    const { one, first, second } = await startTwo('--zookeeper_session_timeout', '10s');
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 30 });
    one.server.signal('SIGSTOP');
    afterwards(() => one.server.signal('SIGCONT'));
    expect(await statusOf(second.call('Renew', { name: 'a', key, lock_timeout_seconds: 30 }))).toEqual({
      code: status.UNAVAILABLE,
      details: 'the server that granted the lock does not answer',
    });
    one.server.signal('SIGCONT');
    const renewed = async () =>
      (await second.call('Renew', { name: 'a', key, lock_timeout_seconds: 30 }).catch(() => null))?.locked;
    await expect.poll(renewed, WAIT).toBe(true);
  });

  it('do not take the key of a waiter, nor one of another name', async () => {
    const { ensemble, first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a' });
    const waiting = first.lock({ name: 'a' });
    const node = await connectNode(ensemble);
    const contenders = async () => {
      const [bucket] = (await node.getChildren('/locks')).children;
      return (await node.getChildren(`/locks/${bucket}/a`)).children.map((name) => name.slice(3, 39));
    };
    await expect.poll(contenders, WAIT).toHaveLength(2);
    const waiter = (await contenders()).find((one) => one !== key)!;
    expect((await second.unlock('a', waiter)).error).toMatchObject({ code: 2 });
    const renewal = await second.call('Renew', { name: 'a', key: waiter, lock_timeout_seconds: 5 });
    expect(renewal.error).toMatchObject({ code: 5 });
    expect((await second.unlock('b', key)).error).toMatchObject({ code: 1 });
    expect((await second.unlock('a', '00000000-0000-4000-8000-000000000000')).error).toMatchObject({
      code: 2,
    });
    expect((await second.unlock('a', key)).unlocked).toBe(true);
    expect(await waiting).toMatchObject({ locked: true, key: waiter });
  });

  it('grant a request once that its caller repeats at the other one', async () => {
    const { one, first, second } = await startTwo();
    const request = { name: 'a', request_id: Buffer.from('a request of mine') };
    const caller = connect(one.address);
    const granted = await caller.lock(request);
    expect(granted.locked).toBe(true);
    expect(await statusOf(second.lock(request))).toEqual({
      code: status.UNAVAILABLE,
      details: 'another server has this request, until its client there or that server is gone',
    });
    caller.close();
    const repeat = async () => (await second.lock(request).catch(() => null))?.locked ?? false;
    await expect.poll(repeat, WAIT).toBe(true);
    expect((await first.unlock('a', granted.key)).unlocked).toBe(true);
  });

  it('take a request out of the queue by its id, which stays out', async () => {
    const { first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a' });
    const request = { name: 'a', request_id: Buffer.from('a request of mine') };
    const waiting = statusOf(first.lock(request));
    const unlocked = async () => (await second.call('Unlock', request)).unlocked;
    await expect.poll(unlocked, WAIT).toBe(true);
    await first.unlock('a', key);
    // It is told when its turn would have come.
    expect((await waiting).code).toBe(status.ABORTED);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(true);
  });

  it('do not renew what the other one has just released', async () => {
    const { first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 60 });
    expect((await second.unlock('a', key)).unlocked).toBe(true);
    const renewal = await first.call('Renew', { name: 'a', key, lock_timeout_seconds: 60 });
    expect(renewal).toMatchObject({ locked: false, error: { code: 5 } });
  });

  it('leave no nodes of requests that were given up before they stood in a queue', async () => {
    const { ensemble, first } = await startTwo();
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    const early = { deadline: Date.now() + 1 };
    await Promise.all(names.map((name) => first.lock({ name, size: 2 }, early).catch(() => {})));
    const replies = await Promise.all(names.map((name) => first.lock({ name, wait_timeout_ms: 5_000 })));
    const errors = replies.filter(({ locked }) => !locked);
    expect(errors).toEqual([]);
    expect((await ensemble.counters()).ephemerals).toBe(20);
  });

  it('release by the id of a request that the other one has', async () => {
    const { first, second } = await startTwo();
    const request = { name: 'a', request_id: Buffer.from('a request of mine') };
    await first.lock(request);
    const waiting = first.lock({ name: 'a' });
    expect((await second.call('Unlock', request)).unlocked).toBe(true);
    expect((await waiting).locked).toBe(true);
  });
});

describe('what a server asks of ZooKeeper', () => {
  it('is three requests for a lock and its release, and as many for each of 200 that wait', async () => {
    const { ensemble, first, second } = await startTwo();
    const requests = async () => (await ensemble.counters()).packetsReceived;
    const cycle = async () => {
      const { key } = await first.lock({ name: 'a' });
      await first.unlock('a', key);
    };
    await cycle();
    const before = await requests();
    for (let i = 0; i < 300; i++) await cycle();
    // Now and then the leader is asked whether the session lives.
    expect((await requests()) - before).toBeLessThan(300 * 3 + 60);
    const held = await second.lock({ name: 'a' });
    const waiting = Array.from({ length: 200 }, async () => {
      const { key } = await first.lock({ name: 'a' });
      await first.unlock('a', key);
    });
    await expect.poll(async () => (await ensemble.counters()).watches, WAIT).toBeGreaterThanOrEqual(200);
    const behind = await requests();
    await second.unlock('a', held.key);
    await Promise.all(waiting);
    // The next one lists the queue; the one before is deleted.
    expect((await requests()) - behind).toBeLessThan(200 * 2 + 100);
  });

  it('is a constant number of requests for 500 readers that a writer’s end lets in', async () => {
    const { ensemble, first, second } = await startTwo();
    const writer = await second.lock({ name: 'a' });
    const waiting = Promise.all(Array.from({ length: 500 }, () => first.lock({ name: 'a', mode: 'SHARED' })));
    const counters = () => ensemble.counters();
    await expect.poll(async () => (await counters()).ephemerals, WAIT).toBeGreaterThan(500);
    // Until the last of them watches the writer, too.
    await sleep(500);
    const before = (await counters()).packetsReceived;
    await second.unlock('a', writer.key);
    expect((await waiting).every(({ locked }) => locked)).toBe(true);
    expect((await counters()).packetsReceived - before).toBeLessThan(30);
  });

  it('is said of a lock that is held for long', async () => {
    const ensemble = await startZooKeeper();
    const { server, address } = await launchOver(ensemble, '--warn_held_longer_than', '500ms');
    const { key } = await connect(address).lock({ name: 'slow', holder: 'somebody' });
    await expect.poll(() => server.stderr, WAIT).toContain('Lock is held for long');
    expect(server.stderr).toContain(`"lock":"slow","key":"${key.slice(0, 8)}","holder":"somebody"`);
  });
});

describe('a server that is killed', () => {
  it('frees its locks after its session, for waiters elsewhere', async () => {
    const { one, first, second } = await startTwo(...SESSION);
    const held = await first.lock({ name: 'a' });
    const waiting = second.lock({ name: 'a' });
    await sleep(300);
    const killedMs = performance.now();
    one.server.signal('SIGKILL');
    const next = await waiting;
    expect(next.locked).toBe(true);
    // The session counts from the last that was heard of it.
    expect(performance.now() - killedMs).toBeGreaterThan(1_000);
    expect(performance.now() - killedMs).toBeLessThan(8_000);
    expectGrowing([held, next]);
  });

  it('leaves no waiter in the queue', async () => {
    const { one, first, second } = await startTwo(...SESSION);
    const { key } = await second.lock({ name: 'a' });
    first.lock({ name: 'a' }).catch(() => {});
    await sleep(300);
    one.server.signal('SIGKILL');
    const last = second.lock({ name: 'a' });
    await sleep(100);
    await second.unlock('a', key);
    expect((await last).locked).toBe(true);
  });
});

describe('a server that is stopped', () => {
  it('frees its locks at once', async () => {
    const { one, first, second } = await startTwo();
    await first.lock({ name: 'a' });
    const waiting = second.lock({ name: 'a' });
    await sleep(200);
    const stoppedMs = performance.now();
    await one.server.stop();
    expect((await waiting).locked).toBe(true);
    expect(performance.now() - stoppedMs).toBeLessThan(9_000);
  });
});

describe('a server that is cut off from the ensemble', () => {
  it('grants nothing, drops who has lost a lock before others get it, and serves again', async () => {
    const { proxy, one, first, second } = await startBehindProxy();
    const held = await first.lock({ name: 'a' });
    const idle = connect(one.address);
    await idle.tryLock({ name: 'idle' }).then(({ key }) => idle.unlock('idle', key));
    let lostMs = 0;
    // A call that stays open for as long as the connection does: it waits for what its own session holds.
    const open = statusOf(first.lock({ name: 'a' })).then((end) => {
      lostMs = performance.now();
      return end;
    });
    await sleep(200);
    proxy.cut(true);
    const waiting = second.lock({ name: 'a' });
    await expect
      .poll(() => statusOf(idle.lock({ name: 'b' })), WAIT)
      .toEqual({
        code: status.UNAVAILABLE,
        details: 'ZooKeeper cannot be reached',
      });
    const next = await waiting;
    const grantedMs = performance.now();
    expect((await open).code).toBe(status.UNAVAILABLE);
    expect(lostMs).toBeLessThan(grantedMs);
    expectGrowing([held, next]);
    expect(one.server.stderr).toContain('ZooKeeper cannot be reached');
    expect(one.server.stderr).toContain('the session with ZooKeeper is over, and its locks are lost');
    proxy.isDown = false;
    const again = async () => (await idle.tryLock({ name: 'b' }).catch(() => null))?.locked ?? false;
    await expect.poll(again, WAIT).toBe(true);
    // The key of a lock that was lost is nobody's.
    expect((await idle.unlock('a', held.key)).error).toMatchObject({ code: 2 });
  });

  it('keeps its locks when the ensemble comes back in time', async () => {
    const { proxy, first, second } = await startBehindProxy();
    const { key } = await first.lock({ name: 'a' });
    const waiting = first.lock({ name: 'a' });
    await sleep(200);
    proxy.cut(true);
    await sleep(700);
    proxy.isDown = false;
    const unlocked = async () => (await first.unlock('a', key).catch(() => null))?.unlocked ?? false;
    await expect.poll(unlocked, WAIT).toBe(true);
    expect((await waiting).locked).toBe(true);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
  });
});
