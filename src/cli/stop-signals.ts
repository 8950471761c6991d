import { constants } from 'node:os';
import type { Logger } from '../server/logger.ts';

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;

/** The part of `process` that delivers signals. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * Turns signals into one request to stop in order and one to stop at once. SIGHUP, which a closing terminal sends,
 * changes nothing: there is nothing to read anew.
 */
export class StopSignals {
  /** Resolves at the first signal that asks for a stop. */
  readonly requested: Promise<void>;
  /** Resolves at the second one, with the exit code by which shells name that signal. */
  readonly forced: Promise<number>;
  readonly #source: SignalSource;
  readonly #logger: Logger;
  #request: () => void = () => {};
  #force: (exitCode: number) => void = () => {};
  #count = 0;

  constructor(source: SignalSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
    this.requested = new Promise((resolve) => {
      this.#request = resolve;
    });
    this.forced = new Promise((resolve) => {
      this.#force = resolve;
    });
    for (const signal of stopSignals) source.on(signal, this.#onStop);
    source.on('SIGHUP', this.#onHangup);
  }

  /** Hands the signals back to the operating system's defaults. */
  close(): void {
    for (const signal of stopSignals) this.#source.off(signal, this.#onStop);
    this.#source.off('SIGHUP', this.#onHangup);
  }

  #onStop = (signal: NodeJS.Signals): void => {
    this.#count++;
    if (this.#count === 1) {
      this.#logger.info({ signal }, 'Stop requested');
      this.#request();
    } else {
      this.#logger.warn({ signal }, 'Exiting at once');
      this.#force(128 + constants.signals[signal]);
    }
  };

  #onHangup = (): void => {
    this.#logger.info({ signal: 'SIGHUP' }, 'Signal ignored');
  };
}
