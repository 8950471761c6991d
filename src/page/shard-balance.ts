/** How much busier the busiest shard is than all are in the mean: 1 when all do the same. Null when none does anything. */
export function busiestShare(rates: readonly number[]): number | null {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  return sum === 0 ? null : (Math.max(...rates) * rates.length) / sum;
}
