/** Records of pseudo-random lengths and contents that the other side can make again, without sharing anything. */
export class RecordPattern {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  /** The next record's payload length: mostly short, now and then long. */
  nextLength() {
    const word = this.#next();
    return (word & 0x3ff) === 0 ? (word >>> 10) & 0x3ff : (word >>> 10) & 0x3f;
  }

  /** The 32-bit word that the next record's bytes are made from. */
  nextSeed() {
    return this.#next();
  }

  /** xorshift32. */
  #next() {
    let word = this.#state;
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    this.#state = word;
    return word;
  }
}

export function writePattern(bytes, start, length, seed) {
  for (let i = 0; i < length; i++) bytes[start + i] = (seed >>> (i & 15)) + i;
}

export function hasPattern(bytes, start, length, seed) {
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= bytes[start + i] ^ (((seed >>> (i & 15)) + i) & 0xff);
  return difference === 0;
}
