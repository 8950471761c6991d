import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_SIGNAL, type SignalTarget } from './passed-signals.ts';

/** As shells have it. */
const EXIT_NOT_FOUND = 127;
const EXIT_NOT_EXECUTABLE = 126;
const GROUP_POLL_MS = 20;

/** How a command is started. */
export interface Launch {
  readonly env: NodeJS.ProcessEnv;
  /** It stays in the foreground group of the terminal, so that keys and job control work. Otherwise it gets its own group. */
  readonly atTerminal: boolean;
  /** See {@link canDieWithParent}. */
  readonly diesWithParent: boolean;
}

/** The command that runs while the lock is held, with the streams of this process. */
export class HeldCommand implements SignalTarget {
  readonly hasGroup: boolean;
  /** Resolves with the exit code by which shells tell of the end. */
  readonly ended: Promise<number>;
  /** Null: it could not be started. */
  readonly #child: ChildProcess | null;

  constructor(
    [program, ...args]: readonly [string, ...string[]],
    { env, atTerminal, diesWithParent }: Launch,
  ) {
    this.hasGroup = !atTerminal;
    const words = [program, ...args];
    if (diesWithParent) words.unshift('setpriv', '--pdeathsig', 'KILL', '--');
    const child = start(words, env, this.hasGroup);
    this.#child = child instanceof Error ? null : child;
    this.ended = child instanceof Error ? Promise.resolve(explain(program, child)) : endOf(program, child);
  }

  /** Signals the whole group; at a terminal the command alone. */
  kill(signal: NodeJS.Signals): void {
    if (this.#child?.pid === undefined) return;
    const { pid, exitCode, signalCode } = this.#child;
    // Without a group, the number may be another process's by now.
    if (!this.hasGroup && (exitCode !== null || signalCode !== null)) return;
    send(this.hasGroup ? -pid : pid, signal);
  }

  /** Waits until nobody of the group is left, and kills who is at `untilMs` of `performance.now()`. */
  async groupEnded(untilMs: number): Promise<void> {
    const pid = this.#child?.pid;
    if (!this.hasGroup || pid === undefined) return;
    while (send(-pid, 0)) {
      if (performance.now() >= untilMs) return void send(-pid, 'SIGKILL');
      await sleep(GROUP_POLL_MS);
    }
  }
}

/** Some failures are told by the child, and some are thrown: more words than the system takes is one. */
function start(words: readonly string[], env: NodeJS.ProcessEnv, hasGroup: boolean): ChildProcess | Error {
  try {
    return spawn(words[0]!, words.slice(1), { stdio: 'inherit', env, detached: hasGroup });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function endOf(program: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(explain(program, error)));
    child.once('exit', (code, signal) => {
      resolve(code ?? EXIT_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Says why the command does not run, and returns the exit code by which shells do. */
function explain(program: string, error: NodeJS.ErrnoException): number {
  process.stderr.write(`ldlm-lock: ${program}: ${error.message}\n`);
  return error.code === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/** Whether a child can be made to die with this process: by util-linux's setpriv, on Linux. */
export function canDieWithParent(): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0;
}

/** False when nobody is there. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
