import type { LockKey } from '../../../../src/core/lock-key.ts';
import type { KeySource } from '../../../../src/shard/key-source.ts';

/** The same keys for the same seed, as random as any. */
export class SeededKeys implements KeySource {
  readonly #random: (end: number) => number;

  constructor(random: (end: number) => number) {
    this.#random = random;
  }

  next(key: LockKey): void {
    for (const word of ['a', 'b', 'c', 'd'] as const) key[word] = this.#random(2 ** 32) | 0;
  }
}
