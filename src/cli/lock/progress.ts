import type { OutputStream } from './lock-output.ts';

const FIRST_MS = 500;
const PERIOD_MS = 200;

/** A line at a terminal that counts while something takes long. */
export class Progress {
  readonly #stream: OutputStream;
  readonly #describe: () => string;
  #timer: NodeJS.Timeout | null = null;
  #shown = false;

  constructor(stream: OutputStream, describe: () => string) {
    this.#stream = stream;
    this.#describe = describe;
    if (stream.isTTY === true) this.#timer = setTimeout(() => this.#show(), FIRST_MS);
  }

  /** Takes the line away, before something else is printed there. */
  clear(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.clear();
  }

  #show(): void {
    this.#stream.write(`\r\x1b[K${this.#describe()}`);
    this.#shown = true;
    this.#timer = setTimeout(() => this.#show(), PERIOD_MS);
  }
}
