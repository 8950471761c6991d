const RESETS_REMEMBERED = 256;
const ENDS_REMEMBERED = 64;

/** How a stream came to its end, as far as later frames on it are judged by that. */
export const ClosedBy = { Unknown: 0, End: 1, OurReset: 2 } as const;

export type ClosedBy = (typeof ClosedBy)[keyof typeof ClosedBy];

/**
 * The last streams that were closed. RFC 9113 section 5.1 asks that frames on a stream which we have reset be
 * ignored, because the peer may not know yet, and that frames on one which it has ended or reset itself be an error.
 * Only so many are remembered; of an older one it can no longer be told. Resets have a memory of their own, so that
 * a busy connection does not forget them for the many streams that end as they should.
 */
export class ClosedStreams {
  #resets: Recent | null = null;
  #ends: Recent | null = null;

  remember(id: number, how: ClosedBy): void {
    if (how === ClosedBy.OurReset) {
      this.#resets ??= new Recent(RESETS_REMEMBERED);
      this.#resets.add(id);
    } else {
      this.#ends ??= new Recent(ENDS_REMEMBERED);
      this.#ends.add(id);
    }
  }

  find(id: number): ClosedBy {
    if (this.#resets?.has(id) === true) return ClosedBy.OurReset;
    return this.#ends?.has(id) === true ? ClosedBy.End : ClosedBy.Unknown;
  }
}

/** The stream numbers that were added last. */
class Recent {
  readonly #ids: Int32Array;
  #next = 0;

  constructor(count: number) {
    this.#ids = new Int32Array(count);
  }

  add(id: number): void {
    this.#ids[this.#next] = id;
    this.#next = this.#next + 1 === this.#ids.length ? 0 : this.#next + 1;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }
}
