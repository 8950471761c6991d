import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ElapsedClock } from '../../src/client/elapsed-clock.ts';

it('a client’s clock counts the time of this machine from nothing', async () => {
  const clock = new ElapsedClock();
  const first = clock.nowMs();
  await sleep(50);
  const second = clock.nowMs();
  expect([first >= 0, first < 1_000, second - first >= 48]).toEqual([true, true, true]);
});
