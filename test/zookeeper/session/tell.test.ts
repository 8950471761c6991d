import { afterEach, expect, it, vi } from 'vitest';
import { tell } from '../../../src/zookeeper/session/tell.ts';
import { WatchRegistry } from '../../../src/zookeeper/session/watch-registry.ts';

afterEach(() => void vi.restoreAllMocks());

/** What would come out of the program by itself, as an uncaught exception. */
function uncaught(): (() => void)[] {
  const calls: (() => void)[] = [];
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((call) => void calls.push(call));
  return calls;
}

it('what a listener throws comes out by itself, and not to whoever tells', () => {
  const calls = uncaught();
  const told: string[] = [];
  tell((what) => void told.push(what), 'one');
  tell(() => {
    throw new RangeError('mine');
  }, 'two');
  expect([told, calls.length]).toEqual([['one'], 1]);
  expect(calls[0]).toThrow(new RangeError('mine'));
});

it('a watcher that throws keeps nothing from those behind it', () => {
  uncaught();
  const registry = new WatchRegistry();
  const told: string[] = [];
  for (const path of ['/a', '/b'])
    registry.add('data', path, () => {
      throw new RangeError('mine');
    });
  for (const path of ['/a', '/b']) registry.add('data', path, ({ type }) => void told.push(type));
  registry.fire('/a', { type: 'deleted', path: '/a' });
  registry.loseAll((path) => path);
  expect(told).toEqual(['deleted', 'lost']);
});
