import { constants } from 'node:os';

/** Those of a terminal's keys reach its whole foreground group anyway. */
const FROM_KEYS: readonly string[] = ['SIGINT', 'SIGQUIT'];
const PASSED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', ...FROM_KEYS] as readonly NodeJS.Signals[];
/** What ends the wait for the lock. */
const STOPPING: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
/** Shells tell of a signal by this and its number. */
export const EXIT_SIGNAL = 128;

/** What signals are passed on to. */
export interface SignalTarget {
  readonly hasGroup: boolean;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Takes the signals of this process from its beginning to its end, so that none is lost between two who listen, and none
 * ends it while it holds a lock: before there is a command they ask it to stop, then they are passed on.
 */
export class PassedSignals {
  /** The exit code that tells of the signal which asked to stop before there was a command; 0 when none did. */
  stopped = 0;
  readonly #stop = new AbortController();
  #target: SignalTarget | null = null;

  constructor() {
    for (const signal of PASSED) process.on(signal, this.#take);
  }

  /** Aborts when a signal asks to stop before there is a command. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** From now on they are passed on. */
  passTo(target: SignalTarget): void {
    this.#target = target;
  }

  close(): void {
    for (const signal of PASSED) process.off(signal, this.#take);
  }

  #take = (signal: NodeJS.Signals): void => {
    const target = this.#target;
    if (target !== null) {
      if (target.hasGroup || !FROM_KEYS.includes(signal)) target.kill(signal);
    } else if (STOPPING.includes(signal) && this.stopped === 0) {
      this.stopped = EXIT_SIGNAL + constants.signals[signal];
      this.#stop.abort();
    }
  };
}
