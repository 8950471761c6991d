import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterwards } from '../../../server/running-server.ts';

const programOf = (name: string): string =>
  fileURLToPath(new URL(`../../../../dist/src/cli/${name}.js`, import.meta.url));

/** The server as a process of its own, which can be stopped and frozen. */
export async function spawnServer(...flags: string[]): Promise<{ child: ChildProcess; address: string }> {
  const fixed = ['--ipc_socket_file', '', '--shards', '1', '--log_format', 'json'];
  const argv = [programOf('ldlm-server'), '-l', '127.0.0.1:0', ...fixed, ...flags];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  afterwards(() => child.kill('SIGKILL'));
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server ended')));
    createInterface(child.stderr!).on('line', (line) => {
      const listening = /Listening on ([\d.:]+)/.exec(line);
      if (listening !== null) resolve(listening[1]!);
    });
  });
  return { child, address };
}

export interface LockRun {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
  /** Resolves when stdout has this text. */
  printed(text: string): Promise<void>;
}

/** Starts `ldlm-lock run` without a terminal. */
export function startRun(words: readonly string[], env: Readonly<Record<string, string>> = {}): LockRun {
  const child = spawn(process.execPath, [programOf('ldlm-lock'), 'run', ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  afterwards(() => child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Awaited<LockRun['ended']>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (texts.stdout.includes(text)) resolve();
      };
      listeners.add(look);
      child.once('close', () => reject(new Error(`it ended without ${text}: ${JSON.stringify(texts)}`)));
      look();
    });
  return { child, ended, printed };
}
