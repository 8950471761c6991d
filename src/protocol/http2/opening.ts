import { CLIENT_PREFACE } from './frame.ts';

const HTTP1_METHODS: readonly Buffer[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'].map(
  (method) => Buffer.from(`${method} `, 'latin1'),
);

/** What the first bytes of a connection are. `Unclear`: more of them will tell. */
export const OpeningKind = { Unclear: 0, Http2: 1, Http1: 2, Garbage: 3 } as const;

export type OpeningKind = (typeof OpeningKind)[keyof typeof OpeningKind];

/** Recognises what a client begins with, in however many pieces it comes: the client preface of RFC 9113 section 3.4 or not. */
export class Opening {
  readonly #bytes = Buffer.alloc(CLIENT_PREFACE.length);
  #length = 0;

  /** Takes bytes from the start of `chunk`, no more than a preface has in all, and returns how many. */
  take(chunk: Buffer): number {
    const count = chunk.copy(this.#bytes, this.#length, 0);
    this.#length += count;
    return count;
  }

  kind(): OpeningKind {
    if (this.#startsLike(CLIENT_PREFACE))
      return this.#length === CLIENT_PREFACE.length ? OpeningKind.Http2 : OpeningKind.Unclear;
    for (const method of HTTP1_METHODS) {
      if (this.#startsLike(method))
        return this.#length >= method.length ? OpeningKind.Http1 : OpeningKind.Unclear;
    }
    return OpeningKind.Garbage;
  }

  #startsLike(expected: Buffer): boolean {
    const count = Math.min(this.#length, expected.length);
    return this.#bytes.compare(expected, 0, count, 0, count) === 0;
  }
}
