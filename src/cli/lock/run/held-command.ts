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
  readonly #child: ChildProcess;

  constructor(
    [program, ...args]: readonly [string, ...string[]],
    { env, atTerminal, diesWithParent }: Launch,
  ) {
    this.hasGroup = !atTerminal;
    const words = [program, ...args];
    if (diesWithParent) words.unshift('setpriv', '--pdeathsig', 'KILL', '--');
    this.#child = spawn(words[0]!, words.slice(1), { stdio: 'inherit', env, detached: this.hasGroup });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        process.stderr.write(`ldlm-lock: ${program}: ${error.message}\n`);
        resolve(error.code === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
      });
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? EXIT_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }

  /** Signals the whole group; at a terminal the command alone. */
  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return;
    // Without a group, the number may be another process's by now.
    if (!this.hasGroup && (exitCode !== null || signalCode !== null)) return;
    send(this.hasGroup ? -pid : pid, signal);
  }

  /** Waits until nobody of the group is left, and kills who is at `untilMs` of `performance.now()`. */
  async groupEnded(untilMs: number): Promise<void> {
    const { pid } = this.#child;
    if (!this.hasGroup || pid === undefined) return;
    while (send(-pid, 0)) {
      if (performance.now() >= untilMs) return void send(-pid, 'SIGKILL');
      await sleep(GROUP_POLL_MS);
    }
  }
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
