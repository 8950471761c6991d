/** The middle value, or the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * An interval that holds the true median of what the values are a sample of, in at least 95 of 100 such samples: the
 * values whose ranks a coin that is tossed once for each would rarely leave. NaN for fewer than six values.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  // The chance that no more than `rank` of all tosses show heads.
  let chance = 0.5 ** count;
  let tosses = chance;
  let rank = -1;
  while (chance <= 0.025) {
    rank++;
    tosses *= (count - rank) / (rank + 1);
    chance += tosses;
  }
  return rank < 0 ? [Number.NaN, Number.NaN] : [sorted[rank]!, sorted[count - 1 - rank]!];
}

/** How far the values lie apart: the middle half of them, as a share of the median. */
export function spread(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const quarter = (sorted.length - 1) / 4;
  return (sorted[Math.ceil(quarter * 3)]! - sorted[Math.floor(quarter)]!) / median(values);
}
