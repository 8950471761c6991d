import type { Environment } from '../../config/read-env.ts';

/** The part of a stream that the program writes to. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

/** Whoever read the output is gone, as `head` is once it has enough. */
export class ReaderGone extends Error {}

/** Where a command prints to. It waits for a reader that is slow, so what waits does not grow. */
export class LockOutput {
  readonly isTerminal: boolean;
  /** NO_COLOR is what people set who want none, see no-color.org. */
  readonly isColoured: boolean;
  /** The width of the terminal. */
  readonly columns: number;
  readonly #stream: OutputStream;

  constructor(stream: OutputStream, env: Environment) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    this.isColoured = this.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    this.columns = stream.columns || 80;
  }

  /** Resolves once it can take more. @throws ReaderGone */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (error) reject(new ReaderGone(error.message));
        else resolve();
      });
    });
  }
}
