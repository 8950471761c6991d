import type { Logger } from './logger.ts';

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Lines of one kind within one window, and how long that is. */
const LINES_PER_WINDOW = 5;
const WINDOW_MS = 1_000;

/**
 * Log lines of one kind that a peer can cause as often as it likes: five are written within a second, the others are
 * counted, and one more line tells how many they were. So a flood leaves six lines a second behind it, however it is made.
 */
export class LimitedLines {
  readonly #logger: Logger;
  readonly #level: 'info' | 'warn';
  readonly #message: string;
  /** Runs while a window is open. */
  #timer: NodeJS.Timeout | null = null;
  #lines = 0;

  constructor(logger: Logger, level: 'info' | 'warn', message: string) {
    this.#logger = logger;
    this.#level = level;
    this.#message = message;
  }

  write(attributes: Attributes): void {
    if (!this.#logger.isLevelEnabled(this.#level)) return;
    if (this.#timer === null) {
      this.#timer = setTimeout(() => this.close(), WINDOW_MS);
      this.#timer.unref();
    }
    if (++this.#lines <= LINES_PER_WINDOW) this.#logger[this.#level](attributes, this.#message);
  }

  /** Ends the window, and tells of what was only counted. The next line opens another one. */
  close(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const count = this.#lines - LINES_PER_WINDOW;
    this.#lines = 0;
    if (count > 0) this.#logger[this.#level]({ count }, `${this.#message}: more than are told of one by one`);
  }
}
