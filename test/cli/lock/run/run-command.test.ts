import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LdlmClient } from '../../../../src/client/index.ts';
import { afterwards, runServer } from '../../../server/running-server.ts';
import { spawnServer, startRun } from './lock-run.ts';

async function run() {
  const server = await runServer();
  const at = ['--name', 'deploy', '--address', server.address];
  const client = new LdlmClient({ address: server.address });
  afterwards(() => client.close());
  return { server, at, client };
}

/** A shell that writes all the time, and how much it has written. */
function beating() {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-run-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'beats');
  const script = `echo beat > ${file}; echo running; while :; do echo beat >> ${file}; sleep 0.02; done`;
  return { script, beats: () => readFileSync(file, 'utf8').length };
}

/** R, S, T for stopped, ... */
function stateOf(pid: number): string {
  return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]!;
}

/** A shell that says where it is, and ends by itself after ten seconds. */
const waiting = ['--', 'sh', '-c', 'echo running; sleep 10 & wait'];

describe('ldlm-lock run', { timeout: 30_000 }, () => {
  it('runs the command with its streams while it holds the lock, and gives it back', async () => {
    const { server, at } = await run();
    const script =
      'read line; echo "$line $LDLM_LOCK_NAME $LDLM_FENCING_TOKEN $LDLM_LOCK_KEY"; echo bad >&2; exit 7';
    const { child, ended } = startRun([...at, '--', 'sh', '-c', script]);
    child.stdin!.end('hello\n');
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([7, 'bad\n']);
    expect(stdout).toMatch(/^hello deploy [1-9]\d+ [0-9a-f-]{36}\n$/);
    expect(server.stats().holders).toBe(0);
  });

  it('keeps others out, who wait, try, or give up', async () => {
    const { at, client } = await run();
    const first = startRun([...at, ...waiting]);
    await first.printed('running');
    expect(await client.tryLock('deploy')).toBeNull();
    expect((await startRun([...at, '--try', '--', 'true']).ended).code).toBe(75);
    const own = [...at, '--wait', '100ms', '--exit_codes', '11,12,13', '--', 'true'];
    expect(await startRun(own).ended).toMatchObject({
      code: 11,
      stderr: 'ldlm-lock: the lock "deploy" is not free\n',
    });
    const second = startRun([...at, '--wait', '20s', '--', 'echo', 'then']);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(128 + 15);
    expect(await second.ended).toMatchObject({ code: 0, stdout: 'then\n' });
  });

  it('says when the server cannot be reached, and when the command cannot be run', async () => {
    const { at } = await run();
    const nowhere = ['--name', 'a', '--address', '127.0.0.1:1', '--wait', '300ms', '--', 'true'];
    expect((await startRun(nowhere).ended).code).toBe(69);
    const clear = await startRun([...at, '--tls', '--', 'true']).ended;
    expect(clear).toMatchObject({ code: 69, stderr: expect.stringContaining('no TLS with the server') });
    expect((await startRun([...at, '--', '/no/such/program']).ended).code).toBe(127);
    expect((await startRun(['--name', 'a']).ended).code).toBe(80);
  });

  it('passes signals on, and ends as the command does', async () => {
    const { at, server } = await run();
    const script = 'trap "echo got; exit 5" HUP; echo running; sleep 10 & wait';
    const { child, ended, printed } = startRun([...at, '--', 'sh', '-c', script]);
    await printed('running');
    child.kill('SIGHUP');
    expect(await ended).toMatchObject({ code: 5, stdout: 'running\ngot\n' });
    expect(server.stats().holders).toBe(0);
  });

  it('leaves the queue at a signal', async () => {
    const { at, client, server } = await run();
    await client.lock('deploy');
    const { child, ended } = startRun([...at, '--', 'true']);
    await expect.poll(() => server.stats().waiters, { timeout: 10_000 }).toBe(1);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(128 + 15);
    await expect.poll(() => server.stats().waiters).toBe(0);
  });

  it('leaves neither lock nor command behind, whenever a signal comes', { timeout: 60_000 }, async () => {
    const { at, server } = await run();
    const ends = Array.from({ length: 16 }, async (_, i) => {
      const words = [...at, '--size', '16', '--', 'sh', '-c', 'echo running; sleep 30'];
      const { child, ended } = startRun(words);
      await sleep(100 + i * 40);
      child.kill('SIGTERM');
      // Before the program itself has begun, it is Node.js that ends.
      const { code, signal } = await ended;
      return code ?? signal;
    });
    for (const end of await Promise.all(ends)) expect([128 + 15, 'SIGTERM']).toContain(end);
    await expect.poll(() => server.stats(), { timeout: 10_000 }).toMatchObject({ holders: 0, waiters: 0 });
  });

  it('ends the command when the server is killed, before the lock can be somebody else’s', async () => {
    const { child: server, address } = await spawnServer();
    const { ended, printed } = startRun(['--name', 'a', '--address', address, '--timeout', '3s', ...waiting]);
    await printed('running');
    const began = performance.now();
    server.kill('SIGKILL');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([76, expect.stringContaining('the command is ended')]);
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('kills a command that ignores SIGTERM when the server is frozen, within the lease', async () => {
    const { child: server, address } = await spawnServer();
    const script = 'trap "" TERM; echo running; while :; do sleep 0.1; done';
    const words = ['--name', 'a', '--address', address, '--timeout', '3s', '--', 'sh', '-c', script];
    const { ended, printed } = startRun(words);
    await printed('running');
    const began = performance.now();
    server.kill('SIGSTOP');
    const { code } = await ended;
    const tookMs = performance.now() - began;
    server.kill('SIGCONT');
    expect(code).toBe(76);
    // The last renewal was sent at most a third of the timeout before, and SIGKILL comes at 5/6 of it.
    expect(tookMs).toBeGreaterThan(1_200);
    expect(tookMs).toBeLessThan(3_000);
  });

  it('kills what the command has started, too', async () => {
    const { child: server, address } = await spawnServer();
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-run-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const beats = join(folder, 'beats');
    const loop = `(trap "" TERM; while :; do echo beat >> ${beats}; sleep 0.05; done) & echo running; wait`;
    const words = ['--name', 'a', '--address', address, '--timeout', '1500ms', '--', 'sh', '-c', loop];
    const { ended, printed } = startRun(words);
    await printed('running');
    server.kill('SIGKILL');
    expect((await ended).code).toBe(76);
    const before = readFileSync(beats, 'utf8').length;
    await sleep(300);
    expect(readFileSync(beats, 'utf8').length).toBe(before);
  });

  it('only warns where it is told to', async () => {
    const { child: server, address } = await spawnServer();
    const script = 'echo running; sleep 2.5; exit 4';
    const words = ['--name', 'a', '--address', address, '--timeout', '1500ms', '--on_lost', 'warn'];
    const { ended, printed } = startRun([...words, '--', 'sh', '-c', script]);
    await printed('running');
    server.kill('SIGKILL');
    expect(await ended).toMatchObject({ code: 4, stderr: expect.stringContaining('goes on without it') });
  });

  it('takes the command along when it is killed', async () => {
    const { at, server } = await run();
    const { beats, script } = beating();
    const { child, ended, printed } = startRun([...at, '--', 'sh', '-c', script]);
    await printed('running');
    child.kill('SIGKILL');
    await ended;
    await expect.poll(() => server.stats().holders, { timeout: 10_000 }).toBe(0);
    await sleep(100);
    const before = beats();
    await sleep(300);
    expect(beats()).toBe(before);
  });

  it('stops with the command, and lets it go on while the lock is held', async () => {
    const { at, server } = await run();
    const { beats, script } = beating();
    const { child, printed } = startRun([...at, '--', 'sh', '-c', script]);
    await printed('running');
    child.kill('SIGTSTP');
    await expect.poll(() => stateOf(child.pid!), { timeout: 10_000 }).toBe('T');
    const before = beats();
    await sleep(300);
    expect(beats()).toBe(before);
    child.kill('SIGCONT');
    await expect.poll(beats, { timeout: 10_000 }).toBeGreaterThan(before);
    expect(server.stats().holders).toBe(1);
  });

  it('does not let it go on when the lock was lost meanwhile', async () => {
    const { at, client } = await run();
    const { beats, script } = beating();
    const { child, ended, printed } = startRun([...at, '--timeout', '1500ms', '--', 'sh', '-c', script]);
    await printed('running');
    child.kill('SIGTSTP');
    await client.lock('deploy', { waitTimeoutMs: 10_000 });
    const before = beats();
    child.kill('SIGCONT');
    expect((await ended).code).toBe(76);
    expect(beats()).toBe(before);
  });

  it('lets 50 runs count one file, each of them alone', { timeout: 120_000 }, async () => {
    const { at } = await run();
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-run-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const counter = join(folder, 'counter');
    writeFileSync(counter, '0');
    const script = `n=$(cat ${counter}); sleep 0.02; echo $((n + 1)) > ${counter}`;
    const runs = Array.from({ length: 50 }, () => startRun([...at, '--', 'sh', '-c', script]).ended);
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual(Array(50).fill(0));
    expect(readFileSync(counter, 'utf8').trim()).toBe('50');
  });
});
