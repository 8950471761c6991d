/** 2020-01-01T00:00:00Z, from which fencing tokens count. */
const EPOCH_MS = Date.UTC(2020, 0, 1);
/** The low word is divided among the milliseconds of a second: four million tokens for each. */
const TOKENS_PER_MS = 2 ** 22;

/**
 * Where the fencing tokens of a boot begin: the seconds since 2020 in the high word, the part of the second in the
 * low one. A shard that gives fewer than four million tokens a millisecond never catches up with the clock, so a
 * later boot begins above all that an earlier one gave, also within the same second, unless the clock was set back.
 */
export function tokenSeedAt(wallMs: number): { tokenSeed: number; tokenSeedLow: number } {
  const ms = Math.max(0, Math.floor(wallMs - EPOCH_MS));
  return { tokenSeed: Math.floor(ms / 1000), tokenSeedLow: (ms % 1000) * TOKENS_PER_MS };
}
