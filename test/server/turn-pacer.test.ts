import { expect, it } from 'vitest';
import { TurnPacer } from '../../src/server/turn-pacer.ts';

/** How long so many pieces take when each finds this many requests more. */
async function paceMs(pieces: number, requestsEach: number): Promise<number> {
  let requests = 5;
  const pacer = new TurnPacer(() => requests);
  await pacer.next();
  const fromMs = performance.now();
  for (let i = 0; i < pieces; i++) {
    requests += requestsEach;
    await pacer.next();
  }
  return performance.now() - fromMs;
}

it('rests after each piece while there are requests', async () => {
  expect(await paceMs(20, 1)).toBeGreaterThan(30);
});

it('goes on at once when there are none', async () => {
  expect(await paceMs(500, 0)).toBeLessThan(500);
});
