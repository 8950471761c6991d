const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** A time for people: its two largest units, `3d04h`, `2m05s`; seconds with a tenth below ten of them. */
export function formatAge(ms: number): string {
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1_000);
  const at = UNITS.findIndex(([, unitSeconds]) => seconds >= unitSeconds);
  const [unit, unitSeconds] = UNITS[at]!;
  const next = UNITS[at + 1];
  const whole = `${Math.floor(seconds / unitSeconds)}${unit}`;
  if (next === undefined) return whole;
  return `${whole}${String(Math.floor((seconds % unitSeconds) / next[1])).padStart(2, '0')}${next[0]}`;
}
