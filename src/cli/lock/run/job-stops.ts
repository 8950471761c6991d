import type { SignalTarget } from './passed-signals.ts';

/** At a terminal the command has the key's SIGTSTP as well, and so long to leave the terminal as it found it. */
const OWN_STOP_MS = 100;

export interface JobStopOptions {
  /** Asked for when a signal has come. */
  readonly command: () => SignalTarget;
  /** Called behind a stop before the command goes on: ends it when the lock was lost meanwhile. */
  readonly look: () => void;
  /** Stops this process until SIGCONT. Default: SIGSTOP. */
  readonly stop?: () => void;
}

/**
 * Stops the command with this process, which cannot renew the lock nor end anybody while it is stopped, and lets it go on
 * only when the lock was looked at. SIGSTOP cannot be caught: a command that goes on then does so without a guard.
 *
 * It is made before the command is started: a signal in between would stop this process alone.
 */
export class JobStops {
  readonly #options: JobStopOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: JobStopOptions) {
    this.#options = options;
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#continue);
  }

  close(): void {
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#continue);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #stop = (): void => {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        const { command, stop = stopThis } = this.#options;
        command().kill('SIGSTOP');
        stop();
      },
      this.#options.command().hasGroup ? 0 : OWN_STOP_MS,
    );
  };

  #continue = (): void => {
    this.#options.look();
    this.#options.command().kill('SIGCONT');
  };
}

function stopThis(): void {
  process.kill(process.pid, 'SIGSTOP');
}
