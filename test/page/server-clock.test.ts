import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../src/page/server-clock.ts';

describe('the clock of the server', () => {
  it('is the page’s own until the server has said anything', () => {
    expect(new ServerClock().nowMs(5, 1_000)).toBe(1_000);
  });

  it('goes by the message that was least late', () => {
    const clock = new ServerClock();
    clock.told(10_000, 130);
    clock.told(11_000, 1_020);
    clock.told(12_000, 2_400);
    expect(clock.nowMs(3_020, 0)).toBe(13_000);
    clock.restart();
    clock.told(500, 4_000);
    expect(clock.nowMs(4_001, 0)).toBe(501);
  });
});
