import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { StallWatch } from '../../../src/server/rest/stall-watch.ts';

const MAX = Limits.restStalledMsMax;

describe('whether a client has stalled', () => {
  it('is so when nothing is read of what waits for it for too long', () => {
    const watch = new StallWatch();
    expect(watch.hasStalled(100, 500, 1_000)).toBe(false);
    expect(watch.hasStalled(100, 500, 1_000 + MAX)).toBe(false);
    expect(watch.hasStalled(100, 500, 1_001 + MAX)).toBe(true);
  });

  it('is not so while it reads, however little', () => {
    const watch = new StallWatch();
    for (let i = 0; i < 10; i++) expect(watch.hasStalled(100 - i, 500, 1_000 + i * MAX)).toBe(false);
  });

  it('is not so when nothing waits for it', () => {
    const watch = new StallWatch();
    for (let i = 0; i < 10; i++) expect(watch.hasStalled(0, 500, 1_000 + i * MAX)).toBe(false);
    // What waits from now on has its time from now on.
    expect(watch.hasStalled(100, 600, 1_000 + 20 * MAX)).toBe(false);
    expect(watch.hasStalled(100, 600, 1_000 + 21 * MAX)).toBe(false);
    expect(watch.hasStalled(100, 600, 1_001 + 21 * MAX)).toBe(true);
  });

  it('is not so when as much waits as before, but it is something else', () => {
    const watch = new StallWatch();
    for (let i = 0; i < 10; i++) expect(watch.hasStalled(100, 500 + i, 1_000 + i * MAX)).toBe(false);
  });
});
