const REMEMBERED = 64;

/** How a stream came to its end, as far as later frames on it are judged by that. */
export const ClosedBy = { Unknown: 0, End: 1, PeerReset: 2, OurReset: 3 } as const;

export type ClosedBy = (typeof ClosedBy)[keyof typeof ClosedBy];

/**
 * The last streams that were closed. RFC 9113 section 5.1 asks that frames on a stream which we have reset be
 * ignored, because the peer may not know yet, and that frames on one which has ended be an error. Only a few are
 * remembered; of an older one it can no longer be told, and its frames are answered as an error of that stream.
 */
export class ClosedStreams {
  #ids: Int32Array | null = null;
  #how: Uint8Array | null = null;
  #next = 0;

  remember(id: number, how: ClosedBy): void {
    this.#ids ??= new Int32Array(REMEMBERED);
    this.#how ??= new Uint8Array(REMEMBERED);
    this.#ids[this.#next] = id;
    this.#how[this.#next] = how;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  find(id: number): ClosedBy {
    const index = this.#ids === null ? -1 : this.#ids.lastIndexOf(id);
    return index < 0 ? ClosedBy.Unknown : (this.#how![index] as ClosedBy);
  }
}
