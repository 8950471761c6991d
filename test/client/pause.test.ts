import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jitter, pause, TIMER_MS_MAX } from '../../src/client/pause.ts';

/** Waits for so long that only an abort can be why a test goes on. */
const LONG_MS = 600_000;

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

describe('a pause', () => {
  it('is as long as it is asked to be', async () => {
    const began = performance.now();
    await pause(60);
    // A timer counts whole milliseconds, and may seem early by one.
    expect(performance.now() - began).toBeGreaterThan(55);
  });

  it('of nothing ends', async () => {
    await expect(pause(0)).resolves.toBeUndefined();
  });

  it('ends when its signal aborts, without an error and without its timer', async () => {
    const controller = new AbortController();
    const before = timers();
    const pausing = pause(LONG_MS, controller.signal);
    expect(timers()).toBe(before + 1);
    controller.abort(new Error('enough'));
    expect(timers()).toBe(before);
    await expect(pausing).resolves.toBeUndefined();
  });

  it('does not begin when its signal has aborted', async () => {
    const before = timers();
    const pausing = pause(LONG_MS, AbortSignal.abort());
    expect(timers()).toBe(before);
    await expect(pausing).resolves.toBeUndefined();
  });

  it('leaves no listener at a signal that lives on', async () => {
    const controller = new AbortController();
    const pausing = [pause(5, controller.signal), pause(10, controller.signal)];
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(2);
    await Promise.all(pausing);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('may be as long as a timer of Node.js can wait', async () => {
    const controller = new AbortController();
    let isOver = false;
    const pausing = pause(TIMER_MS_MAX, controller.signal).then(() => {
      isOver = true;
    });
    await pause(50);
    expect(isOver).toBe(false);
    controller.abort();
    await pausing;
  });
});

describe('jitter', () => {
  it('makes a time half to one and a half times as long', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
        const jittered = jitter(ms);
        expect(jittered).toBeGreaterThanOrEqual(ms * 0.5);
        expect(jittered).toBeLessThanOrEqual(ms * 1.5);
      }),
    );
  });

  it('spreads times over all of that', () => {
    const times = Array.from({ length: 1_000 }, () => jitter(100));
    // Each of ten parts is missed by a thousand tries once in 10^45.
    expect(new Set(times.map((ms) => Math.floor((ms - 50) / 10))).size).toBe(10);
  });

  it('leaves nothing as nothing', () => {
    expect(jitter(0)).toBe(0);
  });
});
