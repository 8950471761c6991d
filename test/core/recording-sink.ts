import type { Refusal } from '../../src/contract/refusal.ts';
import type { LockKey } from '../../src/core/lock-key.ts';
import type { Origin } from '../../src/core/origin.ts';
import type { CallEnd, CoreSink, FencingToken } from '../../src/core/sink.ts';

/** What became of one call. */
export type Outcome = { readonly session: number; readonly call: number } & (
  | { readonly kind: 'granted'; readonly name: string; readonly key: LockKey; readonly token: bigint }
  | { readonly kind: 'notLocked'; readonly name: string; readonly refusal: Refusal | null }
  | { readonly kind: 'ended'; readonly end: CallEnd }
);

/** Keeps copies of all outcomes, in order. */
export class RecordingSink implements CoreSink {
  readonly outcomes: Outcome[] = [];

  granted(origin: Origin, name: string, key: LockKey, token: FencingToken): void {
    const { session, call } = origin;
    const wholeToken = (BigInt(token.high) << 32n) | BigInt(token.low);
    this.outcomes.push({ session, call, kind: 'granted', name, key: { ...key }, token: wholeToken });
  }

  notLocked(origin: Origin, name: string, refusal: Refusal | null): void {
    this.outcomes.push({ session: origin.session, call: origin.call, kind: 'notLocked', name, refusal });
  }

  ended(origin: Origin, end: CallEnd): void {
    this.outcomes.push({ session: origin.session, call: origin.call, kind: 'ended', end });
  }

  /** The outcomes since the last time. */
  take(): Outcome[] {
    return this.outcomes.splice(0);
  }
}
