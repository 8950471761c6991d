import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LdlmClient } from '../../src/client/index.ts';
import { afterwards, runServer } from '../server/running-server.ts';

const program = fileURLToPath(new URL('../../dist/src/cli/ldlm-lock.js', import.meta.url));
const WAIT = { timeout: 15_000 };

/** An interactive shell in a terminal of tmux, with keys and a screen. */
class Terminal {
  readonly #socket = join(mkdtempSync(join(tmpdir(), 'ldlm-tmux-')), 'socket');

  constructor() {
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      '200',
      '-y',
      '50',
      'env PS1=ready: bash --norc -i',
    );
    afterwards(() => {
      this.#tmux('kill-server');
      rmSync(join(this.#socket, '..'), { recursive: true });
    });
  }

  type(line: string): void {
    this.#tmux('send-keys', '-l', line);
    this.press('Enter');
  }

  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-J');
  }

  async shows(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.screen, WAIT).toMatch(text);
  }

  #tmux(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-S', this.#socket, ...words], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tmux ${words[0]}: ${stderr}`);
    return stdout;
  }
}

/** A command that writes all the time, run under a lock in a terminal. */
async function run(timeout: string, before = '', typed: string | null = null) {
  const server = await runServer();
  const client = new LdlmClient({ address: server.address });
  afterwards(() => client.close());
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-run-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'beats');
  const terminal = new Terminal();
  const loop = `${before} while :; do echo beat >> ${file}; sleep 0.02; done`;
  const words = [program, 'run', '--name', 'a', '--address', server.address, '--timeout', timeout];
  terminal.type(`${process.execPath} ${words.join(' ')} -- sh -c '${loop}'; echo "code $?"`);
  const beats = (): number => {
    try {
      return readFileSync(file, 'utf8').length;
    } catch {
      return 0;
    }
  };
  if (typed !== null) {
    await terminal.shows('asks');
    terminal.type(typed);
  }
  await expect.poll(beats, WAIT).toBeGreaterThan(0);
  const isQuiet = async (): Promise<boolean> => {
    const size = beats();
    await sleep(300);
    return beats() === size;
  };
  return { server, client, terminal, beats, isQuiet };
}

describe('ldlm-lock run at a terminal', { timeout: 60_000 }, () => {
  it('is ended by Ctrl-C with its command, which alone is told by the terminal', async () => {
    const { server, terminal } = await run('30s', 'trap "echo interrupted; exit 3" INT;');
    terminal.press('C-c');
    await terminal.shows('code 3');
    expect(terminal.screen.match(/^.*interrupted$/gm)).toHaveLength(1);
    expect(server.stats().holders).toBe(0);
  });

  it('has a command that reads what is typed', async () => {
    const { terminal } = await run('30s', 'echo as""ks; read line; echo "it got $line";', 'hello');
    await terminal.shows('it got hello');
  });

  it('is stopped by Ctrl-Z with its command, and goes on with fg while the lock is held', async () => {
    const { server, terminal, isQuiet, beats } = await run('30s');
    terminal.press('C-z');
    await terminal.shows('Stopped');
    expect(await isQuiet()).toBe(true);
    const before = beats();
    terminal.type('fg');
    await expect.poll(beats, WAIT).toBeGreaterThan(before);
    expect(server.stats().holders).toBe(1);
    terminal.press('C-c');
    terminal.type('echo "then $?"');
    await terminal.shows('then 130');
  });

  it('stops a command that will not be stopped by the key', async () => {
    const { terminal, isQuiet } = await run('30s', 'trap "" TSTP;');
    terminal.press('C-z');
    await terminal.shows('Stopped');
    expect(await isQuiet()).toBe(true);
  });

  it('ends a command that was stopped for longer than the lock lasts', async () => {
    const { client, terminal, isQuiet } = await run('1500ms');
    terminal.press('C-z');
    await terminal.shows('Stopped');
    await client.lock('a', { waitTimeoutMs: 20_000 });
    terminal.type('fg; echo "then $?"');
    await terminal.shows('then 76');
    expect(await isQuiet()).toBe(true);
  });
});
