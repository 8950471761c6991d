import type { ClaimTimings } from './claim-timings.ts';

export interface CoreOptions {
  /** Keep the locks of an ended session until their own timeout (no_clear_on_disconnect). */
  readonly keepOnSessionEnd: boolean;
  /** The same for sessions that end after `stop`, so that a restart finds their locks held. Default false. */
  readonly keepOnStop?: boolean;
  /** How often idle locks are looked for, in milliseconds. */
  readonly gcIntervalMs: number;
  /** A lock that has been idle for longer than this, strictly, is collected. */
  readonly gcMinIdleMs: number;
  /** The high word of the first fencing tokens: seconds since 2020-01-01 at boot. */
  readonly tokenSeed: number;
  /** The low word of the same: the part of the second, so that two boots within one never give equal tokens. Default 0. */
  readonly tokenSeedLow?: number;
  /** The time at creation. */
  readonly startMs: number;
  /** How many locks, how many holders and waiters, and how many bytes of text to keep. Default: `Limits`. */
  readonly locksMax?: number;
  readonly claimsMax?: number;
  readonly textBytesMax?: number;
  /** Claims or locks per slice of long work. Default: `Limits.sliceCount`. */
  readonly sliceCount?: number;
  /** Tell of a grant that is held for so long, in milliseconds; 0 for never, which is the default. See `HoldObserver`. */
  readonly heldLongMs?: number;
  /** A random number that clients cannot know, so that they cannot choose names that collide. Default: 0. */
  readonly hashSeed?: number;
  /** Where it is counted how long claims wait and hold. Default: nowhere that anybody looks. */
  readonly timings?: ClaimTimings;
}
