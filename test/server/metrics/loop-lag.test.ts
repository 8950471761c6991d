import { describe, expect, it } from 'vitest';
import { LoopLag } from '../../../src/server/metrics/loop-lag.ts';
import { afterwards } from '../running-server.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe('LoopLag', () => {
  it('sees a turn of the loop that was long, and only for a while', async () => {
    const time = { nowMs: 0 };
    const lag = new LoopLag(() => time.nowMs);
    afterwards(() => lag.close());
    expect(lag.seconds(1)).toBe(0);
    await sleep(150);
    block(300);
    await sleep(150);
    // Reading does not spoil it for the next reader, and for the first window both histograms have it.
    for (let i = 0; i < 3; i++) {
      expect(lag.seconds(1)).toBeGreaterThan(0.2);
      expect(lag.seconds(1)).toBeLessThan(3);
      expect(lag.seconds(0.5)).toBeLessThan(lag.seconds(1));
    }
    time.nowMs = 30_000;
    expect(lag.seconds(1)).toBeGreaterThan(0.2);
    await sleep(150);
    time.nowMs = 60_000;
    expect(lag.seconds(1)).toBeLessThan(0.2);
  });
});
