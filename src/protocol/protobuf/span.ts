/** A stretch of a buffer that somebody else names: from `start` up to, but without, `end`. Reused, never kept. */
export class Span {
  start = 0;
  end = 0;
}
