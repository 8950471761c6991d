import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { enqueue, pause, taken } from '../conformance/replies.ts';
import { connect } from '../server-process.ts';
import { launchAdministered, lockProgram, runLock } from './lock-command.ts';

const unlocked = { exitCode: 0, stdout: 'Unlocked: true\n', stderr: '' };
const none = { exitCode: 0, stdout: 'No locks found\n', stderr: '' };

describe('30: a lock that another session unlocked', () => {
  it('is not listed', async () => {
    const { address, lock } = await launchAdministered();
    const { key } = await connect(address).lock({ name: 'c30' });
    expect(await connect(address).unlock('c30', key)).toMatchObject({ unlocked: true });
    expect(await lock('list')).toEqual(none);
  });
});

describe('57: a lock that outlives its session', () => {
  it('is listed, and can be released', async () => {
    const { address, lock } = await launchAdministered('--no_clear_on_disconnect');
    const holder = connect(address);
    const { key } = await holder.lock({ name: 'c57' });
    holder.close();
    await pause(300);
    expect((await lock('list')).stdout).toBe(`{Name: c57, Key: ${key}, Size: 1}\n`);
    expect(await lock('unlock', 'c57')).toEqual(unlocked);
    expect(await connect(address).tryLock({ name: 'c57' })).toMatchObject({ locked: true });
  });
});

describe('104: list', () => {
  it('says that there are no locks, or prints one line for each holder', async () => {
    const { address, lock } = await launchAdministered();
    expect(await lock('list')).toEqual(none);
    const client = connect(address);
    const a = await client.lock({ name: 'c104 a' });
    const b = await client.lock({ name: 'c104 b', size: 2 });
    const c = await client.lock({ name: 'c104 b', size: 2 });
    const { exitCode, stdout, stderr } = await lock('list');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n').sort()).toEqual(
      [
        `{Name: c104 a, Key: ${a.key}, Size: 1}`,
        `{Name: c104 b, Key: ${b.key}, Size: 2}`,
        `{Name: c104 b, Key: ${c.key}, Size: 2}`,
      ].sort(),
    );
  });
});

describe('105: unlock of a held lock', () => {
  it('releases it, and the next one has it', async () => {
    const { address, lock } = await launchAdministered();
    const holder = connect(address);
    const { key } = await holder.lock({ name: 'c105' });
    const { reply } = await enqueue(connect(address), { name: 'c105' });
    expect(await lock('unlock', 'c105')).toEqual(unlocked);
    const next = await reply;
    expect(next).toMatchObject({ locked: true });
    // The one who held it is not told, and its key is of no use any more.
    expect(await holder.unlock('c105', key)).toMatchObject({ unlocked: false });
    expect(await lock('unlock', 'c105', next.key)).toEqual(unlocked);
  });

  it('with a key that does not hold it releases nothing', async () => {
    const { address, lock } = await launchAdministered();
    const holder = connect(address);
    await holder.lock({ name: 'c105' });
    expect(await lock('unlock', 'c105', 'no-such-key')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'failed to unlock lock: invalid lock key\n',
    });
    expect(await connect(address).tryLock({ name: 'c105' })).toStrictEqual(taken('c105'));
  });
});

describe('106: unlock of an unknown lock', () => {
  it('fails', async () => {
    const { lock } = await launchAdministered();
    const unknown = { exitCode: 1, stdout: '', stderr: 'a lock by that name does not exist\n' };
    expect(await lock('unlock', 'c106')).toEqual(unknown);
    expect(await lock('unlock', '')).toEqual(unknown);
  });
});

describe('107: a command line that cannot be used', () => {
  it.each([
    [[], 'expected one of "unlock", "list", "watch", "info", "run"'],
    [['foo'], 'unexpected argument foo'],
    [['list', 'c107', 'foo'], 'unexpected argument foo'],
    [['unlock'], 'expected "<lock-name>"'],
    [['list', '--zz'], 'unknown flag --zz'],
    [['list', '-s', '/no/such.sock'], '--socket: stat /no/such.sock: no such file or directory'],
  ])('exits with 80 at %j', async (args, message) => {
    expect(await runLock(args)).toEqual({
      exitCode: 80,
      stdout: '',
      stderr: `ldlm-lock: error: ${message}\n`,
    });
  });

  it('is another thing than a server that is not there', async () => {
    expect(await runLock(['list'], { LDLM_IPC_SOCKET_FILE: '/no/such.sock' })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'IPC error: dial unix /no/such.sock: connect: no such file or directory. Is the ldlm server running? ' +
        'Do you need to specify the socket file path? See help\n',
    });
  });
});

describe('at a terminal', () => {
  /** What a person sees of the command on so many columns. */
  function atTerminal(socket: string, columns: number, ...args: readonly string[]): string {
    const line = [process.execPath, lockProgram, '-s', socket, ...args].map((word) => `'${word}'`).join(' ');
    const script = `stty cols ${columns}; ${line}`;
    const env = { ...process.env, NO_COLOR: '1' };
    const output = execFileSync('script', ['-qec', script, '/dev/null'], { encoding: 'utf8', env });
    return output.replaceAll('\r\n', '\n');
  }

  it('a listing is a table that fits, in which nothing is raw', async () => {
    const { address, socket } = await launchAdministered();
    const client = connect(address);
    const { key } = await client.lock({ name: 'c104', holder: 'a worker', lock_timeout_seconds: 600 });
    await client.lock({ name: `\x1b]0;title\x07${'long '.repeat(40)}` });
    const { reply } = await enqueue(connect(address), { name: 'c104', holder: 'the next' });
    const lines = atTerminal(socket, 100, 'list', '--waiters').trimEnd().split('\n');
    expect(lines[0]).toMatch(/^LOCK +STATE +HOLDER +CLIENT +KEY +AGE +LEFT$/);
    const shown = lines.find((line) => line.startsWith('c104 '))!;
    expect(shown).toMatch(
      new RegExp(`^c104 +held +a worker +127\\.0\\.0\\.1:\\d+ +${key.slice(0, 8)} +\\S+s +9m5\\ds$`),
    );
    expect(lines.some((line) => /^c104 +waits 1 +the next/.test(line))).toBe(true);
    for (const line of lines) expect(line).toMatch(/^[^\p{Cc}]{0,100}$/u);
    expect(atTerminal(socket, 100, 'unlock', 'c104')).toMatch(
      /^Unlocked: true\nIt was held for \S+ by a worker, 127\.0\.0\.1:\d+\.\n$/,
    );
    expect(await reply).toMatchObject({ locked: true });
  });

  it('a listing that goes to a file counts as it goes', { timeout: 120_000 }, async () => {
    const { address, socket } = await launchAdministered();
    const clients = Array.from({ length: 4 }, () => connect(address));
    const names = Array.from({ length: 40_000 }, (_, i) => `c104 ${i}`);
    for (let at = 0; at < names.length; at += 2_000) {
      const some = names.slice(at, at + 2_000);
      await Promise.all(some.map((name, i) => clients[i % 4]!.lock({ name })));
    }
    const line = `'${process.execPath}' '${lockProgram}' -s '${socket}' list > /dev/null`;
    const seen = execFileSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
    expect(seen).toMatch(/[\d,]+ locks listed \.\.\./);
    expect(seen.endsWith('\r\x1b[K')).toBe(true);
  });
});
