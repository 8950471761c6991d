import { randomFillSync } from 'node:crypto';
import type { LockKey } from '../core/lock-key.ts';

/** Where fresh keys come from: random in the server, a seeded sequence in a simulation. */
export interface KeySource {
  /** Fills in a key that was never given before. */
  next(key: LockKey): void;
}

const WORDS = 4096;

/** Random keys in the form of UUID version 4 (RFC 9562 section 5.4), drawn from the system a thousand at a time. */
export class RandomKeySource implements KeySource {
  readonly #words = new Int32Array(WORDS);
  #position = WORDS;

  next(key: LockKey): void {
    if (this.#position === WORDS) {
      randomFillSync(this.#words);
      this.#position = 0;
    }
    const p = this.#position;
    key.a = this.#words[p]!;
    key.b = (this.#words[p + 1]! & ~0xf000) | 0x4000;
    key.c = (this.#words[p + 2]! & 0x3fff_ffff) | 0x8000_0000;
    key.d = this.#words[p + 3]!;
    this.#position = p + 4;
  }
}
