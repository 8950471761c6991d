/**
 * Percentiles of durations that are known by the buckets they fell into, in ms: within its bucket a duration is taken to
 * lie where its rank does. What is longer than all bounds is told as the last bound. NaN when there were none.
 *
 * @param boundsMs the upper ends of the buckets, ascending
 * @param counts durations in each, with one more for those behind all bounds
 * @param ranks from 0 to 1
 */
export function percentiles(
  boundsMs: readonly number[],
  counts: readonly number[],
  ranks: readonly number[],
): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return ranks.map((rank) => (total > 0 ? durationAt(boundsMs, counts, rank * total) : Number.NaN));
}

function durationAt(boundsMs: readonly number[], counts: readonly number[], position: number): number {
  let passed = 0;
  for (const [bucket, boundMs] of boundsMs.entries()) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && passed + count >= position) {
      const lowerMs = bucket === 0 ? 0 : boundsMs[bucket - 1]!;
      return lowerMs + ((boundMs - lowerMs) * (position - passed)) / count;
    }
    passed += count;
  }
  return boundsMs.at(-1) ?? Number.NaN;
}
