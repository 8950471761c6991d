import { expect, it } from 'vitest';
import { formatAge } from '../../../src/cli/lock/age.ts';

it.each([
  [0, '0.0s'],
  [49, '0.0s'],
  [1_250, '1.2s'],
  [9_999, '9.9s'],
  [10_000, '10s'],
  [59_999, '59s'],
  [60_000, '1m00s'],
  [125_900, '2m05s'],
  [3_600_000, '1h00m'],
  [86_399_999, '23h59m'],
  [86_400_000, '1d00h'],
  [3 * 86_400_000 + 4 * 3_600_000, '3d04h'],
  [1_000 * 86_400_000, '1000d00h'],
])('shows %d ms as %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
