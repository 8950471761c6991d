const RESETS_REMEMBERED = 256;
const ENDS_REMEMBERED = 32;

/** How a stream came to its end, as far as later frames on it are judged by that. */
export const ClosedBy = { Unknown: 0, End: 1, OurReset: 2, PeerReset: 3 } as const;

export type ClosedBy = (typeof ClosedBy)[keyof typeof ClosedBy];

/**
 * The last streams that were closed. RFC 9113 section 5.1 asks that frames on a stream which we have reset be
 * ignored, because the peer may not know yet, and that frames on one which it has ended or reset itself be an error.
 * Only so many are remembered; of an older one it can no longer be told. Our resets have a memory of their own, so
 * that a busy connection does not forget them for the many streams that end as they should.
 */
export class ClosedStreams {
  #resets: Recent | null = null;
  #ends: Recent | null = null;

  remember(id: number, how: ClosedBy): void {
    if (how === ClosedBy.OurReset) {
      this.#resets ??= new Recent(RESETS_REMEMBERED);
      this.#resets.add(id, how);
    } else {
      this.#ends ??= new Recent(ENDS_REMEMBERED);
      this.#ends.add(id, how);
    }
  }

  find(id: number): ClosedBy {
    if (this.#resets?.has(id, ClosedBy.OurReset) === true) return ClosedBy.OurReset;
    if (this.#ends === null) return ClosedBy.Unknown;
    if (this.#ends.has(id, ClosedBy.End)) return ClosedBy.End;
    return this.#ends.has(id, ClosedBy.PeerReset) ? ClosedBy.PeerReset : ClosedBy.Unknown;
  }
}

/** The streams that were added last. A plain array: most connections close few streams in all their life. */
class Recent {
  readonly #count: number;
  readonly #entries: number[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  add(id: number, how: ClosedBy): void {
    this.#entries[this.#next] = entryOf(id, how);
    this.#next = this.#next + 1 === this.#count ? 0 : this.#next + 1;
  }

  has(id: number, how: ClosedBy): boolean {
    return this.#entries.includes(entryOf(id, how));
  }
}

/** Clients' streams are odd, so 30 bits tell one from the others, and two are left for how it ended. */
function entryOf(id: number, how: ClosedBy): number {
  return ((id >>> 1) << 2) | how;
}
