import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** The compiled program, as `npm test` builds it. */
const entry = new URL('../../dist/src/cli/ldlm-server.js', import.meta.url).pathname;
const fixture = (name: string) => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const env = { LDLM_SHARDS: '1' };
const flags = ['--ipc_socket_file', ''];

function runToEnd(argv: readonly string[], variables: Record<string, string> = {}) {
  const options = { env: { ...env, ...variables }, encoding: 'utf8', timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...flags, ...argv], options);
  return { status, stdout, stderr };
}

/** Collects what a process writes to stderr. */
function collectStderr(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += String(chunk);
  });
  return () => text;
}

/** Starts the program on a free port and waits for the line that says so. */
async function start(argv: readonly string[] = []) {
  const child = spawn(process.execPath, [entry, ...flags, '-l', '127.0.0.1:0', ...argv], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  const log = collectStderr(child);
  const port = await vi.waitUntil(
    () => /gRPC server started\. Listening on 127\.0\.0\.1:(\d+)/.exec(log())?.[1],
    { timeout: 20_000 },
  );
  return { child, port: Number(port), log };
}

describe('ldlm-server', () => {
  it('prints what it is asked for', () => {
    const version = runToEnd(['--version']);
    expect(version.stdout).toMatch(/^Version: \S+\nCommit: \S+\nBuilt: \S+\n$/);
    expect(version).toMatchObject({ status: 0, stderr: '' });
    expect(runToEnd(['--help'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('does not mind a reader that has gone', async () => {
    const child = spawn(process.execPath, [entry, '--help'], { env });
    const stderr = collectStderr(child);
    child.stdout.destroy();
    expect(await once(child, 'close')).toStrictEqual([0, null]);
    expect(stderr()).toBe('');
  });

  it('exits 2 at options that cannot be used, with a line on stderr', () => {
    expect(runToEnd(['--nope'])).toStrictEqual({
      status: 2,
      stdout: '',
      stderr: "unknown flag: --nope\nRun 'ldlm-server --help' for usage.\n",
    });
    expect(runToEnd([], { LDLM_LOG_LEVEL: 'INFO' })).toStrictEqual({
      status: 2,
      stdout: '',
      stderr: 'error parsing configuration: log_level must be one of debug, info, warn, error\n',
    });
    expect(runToEnd(['-l', '127.0.0.1:0', '--client_ca', fixture('ca')])).toStrictEqual({
      status: 2,
      stdout: '',
      stderr:
        'net.Run() error starting server: ' +
        'client TLS certificate verification requires server TLS to be configured\n',
    });
  });

  it('exits 1 when its port is taken', async () => {
    const { port } = await start();
    expect(runToEnd(['-l', `127.0.0.1:${port}`])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(
          `^net.Run\\(\\) error starting server: listen tcp 127.0.0.1:${port}: bind: address already in use$`,
          'm',
        ),
      ),
    });
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGQUIT'])('exits 0 after %s', async (signal) => {
    const { child, log } = await start();
    child.kill('SIGHUP');
    await vi.waitUntil(() => log().includes('Signal ignored'));
    child.kill(signal);
    expect(await once(child, 'close')).toStrictEqual([0, null]);
    expect(log()).toContain(`"signal":"${signal}","msg":"Stop requested"`);
  });

  it('exits 0 after a signal while it looks for its ensemble', async () => {
    const argv = ['-l', '127.0.0.1:0', '--engine', 'zookeeper', '--zookeeper_connect', '127.0.0.1:1'];
    const child = spawn(process.execPath, [entry, ...flags, ...argv], { env: {} });
    onTestFinished(() => void child.kill('SIGKILL'));
    const log = collectStderr(child);
    await vi.waitUntil(() => log().includes('Connecting to ZooKeeper'), { timeout: 10_000 });
    const beganMs = performance.now();
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toStrictEqual([0, null]);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(log()).not.toContain('error');
  });

  it('exits at once at a second signal', async () => {
    const { child, port } = await start(['--shutdown_grace', '1m']);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    const [exitCode] = await once(child, 'exit');
    expect([130, 143]).toContain(exitCode);
    socket.destroy();
  });
});
