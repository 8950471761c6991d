import { FencingToken } from './sink.ts';

/** Counts fencing tokens up by one, from just above the one that it starts at. */
export class TokenCounter {
  /** The latest token, reused for the next one. */
  readonly last = new FencingToken();

  constructor(high: number, low = 0) {
    this.last.high = high;
    this.last.low = low;
  }

  /** Goes on above this token, if it is not there yet. */
  raise(high: number, low: number): void {
    const { last } = this;
    if (high < last.high || (high === last.high && low <= last.low)) return;
    last.high = high;
    last.low = low;
  }

  next(): FencingToken {
    const token = this.last;
    token.low = (token.low + 1) >>> 0;
    if (token.low === 0) token.high++;
    return token;
  }
}
