import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';

/** Signals that are passed on. Those of a terminal's keys reach its whole foreground group anyway. */
const PASSED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
const FROM_KEYS: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** As shells have it. */
const EXIT_NOT_FOUND = 127;
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_SIGNAL = 128;

/**
 * The command that runs while the lock is held, with the streams of this process. At a terminal it stays in the foreground
 * group, so that keys and job control work; otherwise it gets a group of its own, which is signalled as a whole.
 */
export class HeldCommand {
  /** Resolves with the exit code by which shells tell of the end. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #hasGroup: boolean;
  readonly #pass: (signal: NodeJS.Signals) => void;

  constructor(
    [program, ...args]: readonly [string, ...string[]],
    env: NodeJS.ProcessEnv,
    atTerminal: boolean,
  ) {
    this.#hasGroup = !atTerminal;
    const words = diesWithParent()
      ? ['setpriv', '--pdeathsig', 'KILL', '--', program, ...args]
      : [program, ...args];
    this.#child = spawn(words[0]!, words.slice(1), { stdio: 'inherit', env, detached: this.#hasGroup });
    this.#pass = (signal) => {
      if (this.#hasGroup || !FROM_KEYS.includes(signal)) this.kill(signal);
    };
    for (const signal of PASSED) process.on(signal, this.#pass);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        process.stderr.write(`ldlm-lock: ${program}: ${error.message}\n`);
        resolve(error.code === 'ENOENT' ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
      });
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? EXIT_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
      });
    });
    void this.ended.then(() => {
      for (const signal of PASSED) process.off(signal, this.#pass);
    });
  }

  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(this.#hasGroup ? -pid : pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Whether a child can be made to die with this process: by util-linux's setpriv, on Linux. */
function diesWithParent(): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0;
}
