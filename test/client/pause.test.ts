import { spawnSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jitter, pause } from '../../src/client/pause.ts';

const LONG_MS = 100_000;

describe('a pause', () => {
  it('lasts as long as it was told', async () => {
    const began = performance.now();
    await pause(50);
    expect(performance.now() - began).toBeGreaterThan(45);
  });

  it.each([0, 1])('ends when signal %i aborts, and leaves no listener behind', async (which) => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signals = [first.signal, second.signal];
    const ended = pause(LONG_MS, signals);
    const listeners = () => signals.map((signal) => getEventListeners(signal, 'abort').length);
    expect(listeners()).toEqual([1, 1]);
    [first, second][which]!.abort();
    await ended;
    expect(listeners()).toEqual([0, 0]);
  });

  it('does not begin when a signal has aborted, and does without one', async () => {
    await pause(LONG_MS, [undefined, AbortSignal.abort()]);
    await pause(1, [undefined]);
  });

  it('does not end at once when it is longer than a timer can be', async () => {
    const controller = new AbortController();
    const ended = pause(2 ** 33, [controller.signal]).then(() => 'ended');
    expect(await Promise.race([ended, pause(50)])).toBeUndefined();
    controller.abort();
    expect(await ended).toBe('ended');
  });

  it.each([
    [true, 0],
    [false, 7],
  ])('keeps its process running unless it is in the background: %s', (background, code) => {
    const built = fileURLToPath(new URL('../../dist/src/client/pause.js', import.meta.url));
    const script = `
      import { pause } from ${JSON.stringify(built)};
      pause(300, [], ${background}).then(() => process.exit(7));`;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(status).toBe(code);
  });
});

describe('jitter', () => {
  it('is half to one and a half times as long', () => {
    const all = Array.from({ length: 1_000 }, () => jitter(100));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...all)).toBeLessThan(150);
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(80);
  });
});
