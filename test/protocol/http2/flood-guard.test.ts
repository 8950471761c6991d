import { expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { FloodGuard } from '../../../src/protocol/http2/flood-guard.ts';

/** How many frames of cost 1 pass before the guard objects. */
function framesPassed(guard: FloodGuard, framesMax: number): number {
  for (let frames = 0; frames < framesMax; frames++) if (!guard.spend(1)) return frames;
  return framesMax;
}

it('lets a client cancel all of its streams at once', () => {
  expect(framesPassed(new FloodGuard(0), Limits.streamsMax)).toBe(Limits.streamsMax);
});

it('stops a flood at its first frame beyond the limit', () => {
  expect(framesPassed(new FloodGuard(0), 100_000)).toBe(Limits.floodTokensMax);
});

it('forgets with time, up to what it began with', () => {
  const guard = new FloodGuard(0);
  const atOnce = framesPassed(guard, 100_000);
  guard.advance(5_000);
  const inFiveSeconds = framesPassed(guard, 100_000);
  expect(inFiveSeconds).toBeGreaterThan(3_000);
  expect(inFiveSeconds).toBeLessThan(6_000);
  guard.advance(1e9);
  expect(framesPassed(guard, 100_000)).toBe(atOnce);
});

it('never objects to a client whose control frames come with replies', () => {
  const guard = new FloodGuard(0);
  let passed = 0;
  for (let reply = 0; reply < 100_000; reply++) {
    passed += framesPassed(guard, 4);
    guard.earn();
  }
  expect(passed).toBe(400_000);
});

it('is strained from half of its tokens on, until time has brought them back', () => {
  const guard = new FloodGuard(0);
  expect(guard.isStrained()).toBe(false);
  let spent = 0;
  while (!guard.isStrained()) {
    guard.spend(1);
    spent++;
  }
  expect(framesPassed(guard, 100_000)).toBeGreaterThan(spent - 10);
  guard.advance(1_000_000);
  expect(guard.isStrained()).toBe(false);
});
