import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterwards, connect, runToEnd } from '../server-process.ts';
import { engineFlags, launchOver } from './cluster-server.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 20_000 };

function sessionFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-session-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return join(folder, 'session');
}

async function start(sessionTimeout = '10s') {
  const ensemble = await startZooKeeper();
  const file = sessionFile();
  const flags = ['--zookeeper_session_file', file, '--zookeeper_session_timeout', sessionTimeout];
  const begin = (...more: readonly string[]) => launchOver(ensemble, ...flags, ...more);
  const [one, other] = [await begin(), await launchOver(ensemble)];
  return { ensemble, file, flags, begin, one, first: connect(one.address), second: connect(other.address) };
}

describe('a server that is restarted with --zookeeper_session_file', () => {
  it('goes on with its locks, which nobody else has meanwhile', async () => {
    const { file, begin, one, first, second } = await start();
    const request = { name: 'asked', request_id: Buffer.from('a request of mine'), lock_timeout_seconds: 60 };
    const asked = await first.lock(request);
    const held = await first.lock({ name: 'a', holder: 'the one' });
    const reader = await first.lock({ name: 'shared', mode: 'SHARED' });
    const sized = await first.lock({ name: 'sized', size: 2 });
    first.lock({ name: 'a' }).catch(() => {});
    let isGranted = false;
    const waiting = second.lock({ name: 'a' }).then((reply) => {
      isGranted = true;
      return reply;
    });
    await sleep(300);
    expect((await one.server.stop()).exitCode).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const next = connect((await begin()).address);
    expect(isGranted).toBe(false);
    expect((await second.tryLock({ name: 'shared' })).locked).toBe(false);
    expect((await second.tryLock({ name: 'shared', mode: 'SHARED' })).locked).toBe(true);
    expect(await next.lock(request)).toMatchObject({ key: asked.key, fencing_token: asked.fencing_token });
    expect(
      (await next.call('Renew', { name: 'asked', key: asked.key, lock_timeout_seconds: 9 })).locked,
    ).toBe(true);
    expect((await next.unlock('a', held.key)).unlocked).toBe(true);
    // Who waited at the server before is gone from the queue.
    expect(BigInt((await waiting).fencing_token)).toBeGreaterThan(BigInt(held.fencing_token));
    for (const [name, { key }] of Object.entries({ shared: reader, sized }))
      expect((await next.unlock(name, key)).unlocked).toBe(true);
  });

  it('goes on with them also behind a start that failed, and with what was renewed meanwhile', async () => {
    const { ensemble, flags, begin, one, first, second } = await start();
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 3 });
    await one.server.stop();
    const failed = await runToEnd([
      ...['--listen_address', '127.0.0.1:0', '--admin_listen_address', ensemble.address],
      ...engineFlags(ensemble, ...flags),
    ]);
    expect(failed.exitCode, failed.stderr).toBe(1);
    // Nobody confirms it, but it is written.
    const renewal = { name: 'a', key, lock_timeout_seconds: 600 };
    await expect(second.call('Renew', renewal)).rejects.toMatchObject({ code: 14 });
    const next = connect((await begin()).address);
    await sleep(3_500);
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    expect((await next.unlock('a', key)).unlocked).toBe(true);
  });

  it('ends locks that outlive their server by their timeout, when it was killed', async () => {
    const { ensemble, file } = await start('20s');
    const durable = ['--no_clear_on_disconnect', '--zookeeper_session_file', `${file}-2`];
    const killed = await launchOver(ensemble, ...durable, '--zookeeper_session_timeout', '20s');
    // It sees to what others leave behind once that one is gone, and has to be told of it: no session ends.
    await launchOver(ensemble, '--no_clear_on_disconnect');
    const client = connect(killed.address);
    const timed = await client.lock({ name: 'timed', lock_timeout_seconds: 2 });
    const { key } = await client.lock({ name: 'a' });
    client.lock({ name: 'a' }).catch(() => {});
    await sleep(300);
    killed.server.signal('SIGKILL');
    await killed.server.end;
    const next = connect((await launchOver(ensemble, ...durable)).address);
    const beganMs = performance.now();
    expect((await next.lock({ name: 'timed' })).fencing_token).not.toBe(timed.fencing_token);
    expect(performance.now() - beganMs).toBeLessThan(15_000);
    expect((await next.tryLock({ name: 'a' })).locked).toBe(false);
    expect((await next.unlock('a', key)).unlocked).toBe(true);
    // Who waited at the server that was killed is in nobody's way.
    const free = async () => (await next.tryLock({ name: 'a' })).locked;
    await expect.poll(free, WAIT).toBe(true);
  });

  it('gives those without a timeout one, for nobody may be left to unlock them', async () => {
    const { begin, one, first, second } = await start();
    await first.lock({ name: 'a' });
    await one.server.stop();
    await begin('--default_lock_timeout', '1s');
    const beganMs = performance.now();
    expect((await second.tryLock({ name: 'a' })).locked).toBe(false);
    expect((await second.lock({ name: 'a' })).locked).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });

  it('ends them at once if it was killed, and does not wait for the end of its session', async () => {
    const { begin, one, first, second } = await start('20s');
    const { key } = await first.lock({ name: 'a' });
    const waiting = second.lock({ name: 'a' });
    await sleep(200);
    one.server.signal('SIGKILL');
    await one.server.end;
    const next = connect((await begin()).address);
    const beganMs = performance.now();
    expect((await waiting).locked).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect((await next.unlock('a', key)).error).toMatchObject({ code: 2 });
  });

  it('begins anew when its session is over', async () => {
    const { begin, one, first, second } = await start('2s');
    await first.lock({ name: 'a' });
    await one.server.stop();
    expect((await second.lock({ name: 'a' })).locked).toBe(true);
    const { server, address } = await begin();
    expect(server.stderr).toContain('the session of the server before is over, and its locks are gone');
    expect((await connect(address).tryLock({ name: 'b' })).locked).toBe(true);
  });

  it('refuses a file whose locks are below another chroot, and does not keep them alive', async () => {
    const ensemble = await startZooKeeper();
    const below = (chroot: string) => ({ connectString: ensemble.connectString + chroot });
    const flags = ['--zookeeper_session_file', sessionFile(), '--zookeeper_session_timeout', '2s'];
    const one = await launchOver(below('/one'), ...flags);
    const other = connect((await launchOver(below('/one'))).address);
    await connect(one.address).lock({ name: 'a', lock_timeout_seconds: 600 });
    await one.server.stop();
    const words = ['--listen_address', '127.0.0.1:0', ...engineFlags(below('/two'), ...flags)];
    const refused = await runToEnd(words);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain(
      'has locks of the chroot /one, and zookeeper_connect has the chroot /two',
    );
    expect((await other.lock({ name: 'a' })).locked).toBe(true);
    // Another name for the same ensemble is none for another chroot.
    const renamed = ensemble.connectString.replace('127.0.0.1', 'localhost');
    await launchOver({ connectString: `${renamed}/one/` }, ...flags);
  });

  it('has the file alone, and refuses one that is none', async () => {
    const { ensemble, file, flags } = await start();
    const words = ['--listen_address', '127.0.0.1:0', ...engineFlags(ensemble), ...flags];
    const second = await runToEnd(words);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/cannot lock .*session\.lock: process \d+ has it locked/);
    const foreign = sessionFile();
    writeFileSync(foreign, 'something');
    const refused = await runToEnd(words.map((word) => (word === file ? foreign : word)));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(
      `${foreign} is no session file of this server: give another path with --zookeeper_session_file, or remove it`,
    );
  });
});

describe('a server whose ensemble cannot be reached', () => {
  it('does not start, and says so', async () => {
    const nobody = { connectString: '127.0.0.1:1' };
    const { exitCode, stderr } = await runToEnd(['--listen_address', '127.0.0.1:0', ...engineFlags(nobody)]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('127.0.0.1:1');
  });

  it('makes the chroot that it is told of', async () => {
    const ensemble = await startZooKeeper();
    const { address } = await launchOver({ connectString: `${ensemble.connectString}/some/where` });
    const client = connect(address);
    const { key } = await client.lock({ name: 'a/b c%' });
    await expect.poll(async () => (await client.unlock('a/b c%', key)).unlocked, WAIT).toBe(true);
  });
});
