import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How a bystander fared: Lock and Unlock pairs, the 99th percentile of their time, and the first error or null. */
export interface Fared {
  readonly pairs: number;
  readonly p99Ms: number;
  readonly error: string | null;
}

const program = fileURLToPath(new URL('bystander.mjs', import.meta.url));

/** A process with one connection and one call at a time. */
export class Bystander {
  readonly #child: ChildProcess;

  constructor(address: string) {
    this.#child = fork(program, [address], { execArgv: [] });
  }

  /** Works for this long. */
  async work(forMs: number): Promise<Fared> {
    this.#child.send({ forMs });
    const [fared] = (await once(this.#child, 'message')) as [Fared];
    return fared;
  }

  stop(): void {
    this.#child.disconnect();
  }
}
