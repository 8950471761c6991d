import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import type { LockClient } from '../clients/lock-client.ts';
import { LockCommand, runLockCommand } from '../clients/lock-command.ts';
import { writeScratchFile } from '../config/scratch-file.ts';
import { makeScratchFolder } from '../filelock/scratch-folder.ts';
import { afterwards, connect, runServer } from '../server/running-server.ts';

const pem = (name: string) => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;

/** A server with a socket, a client, and the command, which is told where the socket is. */
async function serve(options = {}) {
  const socket = `${makeScratchFolder()}/a.sock`;
  const server = await runServer({ ipcSocketFile: socket, ...options });
  return {
    server,
    socket,
    client: connect(server.address),
    lock: (...args: string[]) => runLockCommand(['--socket', socket, ...args]),
  };
}

describe('ldlm-lock list', () => {
  it("prints LDLM's lines, and nothing raw", async () => {
    const { client, lock } = await serve();
    expect(await lock('list')).toEqual({ exitCode: 0, stdout: 'No locks found\n', stderr: '' });
    const one = await client.lock({ name: 'one', size: 2 });
    const two = await client.lock({ name: '\x1b[2Jtwo' });
    const { exitCode, stdout } = await lock('list');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').sort()).toEqual([
      '',
      `{Name: \\x1b[2Jtwo, Key: ${two.key}, Size: 1}`,
      `{Name: one, Key: ${one.key}, Size: 2}`,
    ]);
    expect((await lock('list', 'on')).stdout).toBe(`{Name: one, Key: ${one.key}, Size: 2}\n`);
    const json = JSON.parse((await lock('list', 'on', '--json', '--waiters')).stdout);
    expect(json).toMatchObject({ name: 'one', holders: [{ key: one.key, remaining_ms: null }], waiters: [] });
  });

  it('finds the socket in the environment, and the flag goes before that', async () => {
    const { socket } = await serve();
    const env = (path: string) => ({ LDLM_IPC_SOCKET_FILE: path });
    expect((await runLockCommand(['list'], env(socket))).exitCode).toBe(0);
    expect((await runLockCommand(['list', '-s', socket], env('/no/such.sock'))).exitCode).toBe(0);
    expect(await runLockCommand(['list'], env('/no/such.sock'))).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'IPC error: dial unix /no/such.sock: connect: no such file or directory. Is the ldlm server running? ' +
        'Do you need to specify the socket file path? See help\n',
    });
  });

  it('ends quietly when nobody reads on', async () => {
    const { client, socket } = await serve();
    await Promise.all(Array.from({ length: 3_000 }, (_, i) => client.lock({ name: `lock ${i}` })));
    const command = new LockCommand(['list', '--json', '-s', socket]);
    command.child.stdout!.once('data', () => command.child.stdout!.destroy());
    expect(await command.end).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('ldlm-lock unlock', () => {
  it('releases the only holder, or the one of a key or of its beginning', async () => {
    const { client, lock } = await serve();
    const unlocked = { exitCode: 0, stdout: 'Unlocked: true\n', stderr: '' };
    await client.lock({ name: 'a' });
    const waits = client.lock({ name: 'a' });
    expect(await lock('unlock', 'a')).toEqual(unlocked);
    const { key } = await waits;
    expect(await lock('unlock', 'a', key)).toEqual(unlocked);
    const third = await client.lock({ name: 'a' });
    expect(await lock('unlock', 'a', third.key.slice(0, 8))).toEqual(unlocked);
    expect(await client.tryLock({ name: 'a' })).toMatchObject({ locked: true });
  });

  it("fails with LDLM's texts", async () => {
    const { client, lock } = await serve();
    await client.lock({ name: 'a' });
    const unknown = { exitCode: 1, stdout: '', stderr: 'a lock by that name does not exist\n' };
    expect(await lock('unlock', 'b')).toEqual(unknown);
    expect(await lock('unlock', '')).toEqual(unknown);
    expect(await lock('unlock', 'a', 'wrong-key')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'failed to unlock lock: invalid lock key\n',
    });
    expect(await client.tryLock({ name: 'a' })).toMatchObject({ locked: false });
  });

  it('does not choose between several holders', async () => {
    const { client, lock } = await serve();
    const one = await client.lock({ name: 'pool', size: 3, holder: 'one' });
    const two = await client.lock({ name: 'pool', size: 3, holder: 'two' });
    const { exitCode, stdout, stderr } = await lock('unlock', 'pool');
    expect([exitCode, stdout]).toEqual([1, '']);
    for (const text of [one.key, two.key, 'one', 'two', 'ldlm-lock unlock pool --all']) {
      expect(stderr).toContain(text);
    }
    expect(await lock('unlock', 'pool', '--all')).toMatchObject({ exitCode: 0, stdout: 'Unlocked: true\n' });
    expect((await lock('list')).stdout).toBe('No locks found\n');
  });
});

/** Pairs of Lock and Unlock in so many milliseconds, 16 at a time. */
async function pairsIn(client: LockClient, ms: number): Promise<number> {
  let pairs = 0;
  const endMs = performance.now() + ms;
  const work = async (name: string): Promise<void> => {
    while (performance.now() < endMs) {
      await client.unlock(name, (await client.lock({ name })).key);
      pairs++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, i) => work(`busy ${i}`)));
  return pairs;
}

describe('ldlm-lock watch', () => {
  function watch(socket: string, ...args: string[]) {
    const command = new LockCommand(['watch', ...args, '-s', socket]);
    afterwards(() => command.child.kill('SIGKILL'));
    const lines = () => command.stdout.split('\n').slice(0, -1);
    return {
      command,
      lines,
      has: (text: string) => vi.waitUntil(() => command.stdout.includes(text), 10_000),
    };
  }

  it('prints what happens, in order, until it is interrupted', async () => {
    const { client, socket } = await serve();
    const { key } = await client.lock({ name: 'seen', holder: 'one' });
    await client.lock({ name: 'unseen' });
    const { command, lines, has } = watch(socket, 'seen');
    await has('held');
    const second = client.lock({
      name: 'seen',
      holder: 'two',
      lock_timeout_ms: 100,
      wait_timeout_seconds: 9,
    });
    await has('waiting');
    await client.lock({ name: 'unseen too' });
    await client.unlock('seen', key);
    await second;
    await has('expired');
    const told = lines().map((line) => /^\S+ (\w+) +name="seen" .*holder="(one|two)"/.exec(line)?.slice(1));
    expect(told).toEqual([
      ['held', 'one'],
      ['waiting', 'two'],
      ['released', 'one'],
      ['granted', 'two'],
      ['expired', 'two'],
    ]);
    // It gives way to the server beside it.
    expect(getPriority(command.child.pid!)).toBe(10);
    command.child.kill('SIGINT');
    expect(await command.end).toMatchObject({ exitCode: 130, stderr: '' });
  });

  it('fails when the server stops', async () => {
    const { server, client, socket } = await serve();
    await client.lock({ name: 'a' });
    const { command, has } = watch(socket, '--json');
    await has('snapshot_end');
    await server.close();
    expect(await command.end).toMatchObject({ exitCode: 1, stderr: 'the server is shutting down\n' });
  });

  it('costs those who lock little while it is stopped', { timeout: 60_000 }, async () => {
    const watched = await serve();
    const bare = await serve();
    const { command, has } = watch(watched.socket);
    await watched.client.lock({ name: 'first' });
    await has('first');
    command.child.kill('SIGSTOP');
    // What a client may leave unread is there, and from now on it is paused.
    await pairsIn(watched.client, 1_000);
    const ratios: number[] = [];
    for (let round = 0; round < 3; round++) {
      ratios.push((await pairsIn(watched.client, 500)) / (await pairsIn(bare.client, 500)));
    }
    // A watch that is not paused costs several times more. The exact figure is taken where nothing else runs.
    expect(Math.max(...ratios)).toBeGreaterThan(0.5);
    command.child.kill('SIGCONT');
    await has(' missed ');
  });
});

describe('ldlm-lock info', () => {
  it('prints what the server says of itself', async () => {
    const { server, lock } = await serve();
    const { exitCode, stdout } = await lock('info');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^gRPC: +${server.address}$`, 'm'));
    expect(JSON.parse((await lock('info', '--json')).stdout)).toMatchObject({
      pid: process.pid,
      serving: true,
    });
  });
});

describe('ldlm-lock --address', () => {
  it('asks a server that allows it, with the password', async () => {
    const { server } = await serve({ remoteAdmin: true, password: 'secret' });
    const { key } = await connect(server.address, { password: 'secret' }).lock({ name: 'a' });
    const listed = { exitCode: 0, stdout: `{Name: a, Key: ${key.slice(0, 8)}, Size: 1}\n`, stderr: '' };
    const list = ['list', '--address', server.address];
    const file = writeScratchFile('password', 'secret\n');
    expect(await runLockCommand([...list, '--password_file', file])).toEqual(listed);
    expect(await runLockCommand([...list, '--password', 'secret'])).toEqual(listed);
    expect(await runLockCommand(list, { LDLM_PASSWORD: 'secret' })).toEqual(listed);
    const refused = await runLockCommand(list, { LDLM_PASSWORD: 'wrong' });
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      'the server refuses the password: invalid credentials. See --password_file, or set LDLM_PASSWORD\n',
    ]);
    expect(await runLockCommand(list)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'the server asks for a password: missing credentials. See --password_file, or set LDLM_PASSWORD\n',
    });
    const unlock = ['unlock', 'a', key.slice(0, 8), '--address', server.address, '--password_file', file];
    expect((await runLockCommand(unlock)).stdout).toBe('Unlocked: true\n');
  });

  it('says where administration is, when it is not there', async () => {
    const { server } = await serve();
    const { exitCode, stderr } = await runLockCommand(['list', '--address', server.address]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('ipc_socket_file')]);
  });

  it('says why it cannot connect', async () => {
    const { exitCode, stderr } = await runLockCommand(['list', '--address', '127.0.0.1:1']);
    expect([exitCode, stderr]).toEqual([
      1,
      'cannot connect to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n',
    ]);
  });

  it('says so when one side speaks TLS and the other does not', async () => {
    const plain = await serve();
    const secure = await serve({
      remoteAdmin: true,
      tlsCertFile: pem('server'),
      tlsKeyFile: pem('server-key'),
      clientCaFile: pem('ca'),
    });
    const cannot = (address: string, why: string) => ({
      exitCode: 1,
      stdout: '',
      stderr: `cannot connect to ${address}: ${why}\n`,
    });
    const { address } = plain.server;
    expect(await runLockCommand(['list', '--tls', '--address', address])).toEqual(
      cannot(address, 'the server does not speak TLS'),
    );
    for (const command of ['list', 'watch']) {
      expect(await runLockCommand([command, '--address', secure.server.address])).toEqual(
        cannot(secure.server.address, 'the server speaks TLS: use --tls, and --ca for the file with its CA'),
      );
    }
  });

  it('speaks TLS, shows a certificate, and verifies that of the server', async () => {
    const { server } = await serve({
      remoteAdmin: true,
      tlsCertFile: pem('server'),
      tlsKeyFile: pem('server-key'),
      clientCaFile: pem('ca'),
    });
    const list = ['list', '--address', server.address, '--cert', pem('client'), '--key', pem('client-key')];
    const empty = { exitCode: 0, stdout: 'No locks found\n', stderr: '' };
    expect(await runLockCommand([...list, '--ca', pem('ca')])).toEqual(empty);
    expect(await runLockCommand([...list, '--skip_verify'])).toEqual(empty);
    expect((await runLockCommand([...list, '--ca', pem('foreign-ca')])).exitCode).toBe(1);
    const named = await runLockCommand([...list, '--ca', pem('ca'), '--server_name', 'other.example']);
    expect([named.exitCode, named.stderr]).toEqual([1, expect.stringMatching(/other\.example/)]);
    expect((await runLockCommand(['list', '--address', server.address, '--ca', pem('ca')])).exitCode).toBe(1);
  });
});

describe('ldlm-lock', () => {
  it('exits with 80 at a command line that it cannot use', async () => {
    const usage = (message: string) => ({
      exitCode: 80,
      stdout: '',
      stderr: `ldlm-lock: error: ${message}\n`,
    });
    expect(await runLockCommand([])).toEqual(
      usage('expected one of "unlock", "list", "watch", "info", "run"'),
    );
    expect(await runLockCommand(['foo\x1b'])).toEqual(usage('unexpected argument foo\\x1b'));
    expect(await runLockCommand(['list', '-s', '/no/such.sock'])).toEqual(
      usage('--socket: stat /no/such.sock: no such file or directory'),
    );
  });

  it('prints help, version and a completion script', async () => {
    const help = await runLockCommand(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('ldlm-lock unlock <lock-name> [key]');
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await runLockCommand(['--version'])).stdout).toContain(`Version: ${version}\n`);
    expect((await runLockCommand(['completion'])).stdout).toContain('_ldlm-lock');
    expect((await runLockCommand(['--get-yargs-completions', 'ldlm-lock', 'w'])).stdout).toContain('watch');
  });
});
