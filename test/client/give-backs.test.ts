import { describe, expect, it } from 'vitest';
import { GiveBacks } from '../../src/client/give-backs.ts';
import {
  type FailureKind,
  type Transport,
  TransportError,
  type UnlockCall,
} from '../../src/client/transport.ts';
import { afterwards } from '../server/running-server.ts';

/** Fails as long as it is told to. */
function run(kind: FailureKind | null) {
  const state = { kind, asked: [] as string[], underWay: 0, most: 0 };
  const unlock = async ({ name }: UnlockCall) => {
    state.asked.push(name);
    state.most = Math.max(state.most, ++state.underWay);
    await new Promise((resolve) => setImmediate(resolve));
    state.underWay--;
    if (state.kind !== null) throw new TransportError(state.kind, 'no');
    return { unlocked: false, error: { code: 1, message: 'not there' } };
  };
  const closed = new AbortController();
  afterwards(() => closed.abort());
  const giveBacks = new GiveBacks({ unlock } as Partial<Transport> as Transport, closed.signal, 5);
  const add = (...names: string[]): void => {
    for (const name of names) giveBacks.add({ name, key: '', requestId: new Uint8Array(16) });
  };
  return { state, closed, add };
}

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('what is to be given back', () => {
  it('is asked for once when that is answered, whatever the answer', async () => {
    const { state, add } = run(null);
    add('a', 'b');
    await settle(50);
    expect([state.asked, state.most]).toEqual([['a', 'b'], 2]);
  });

  it.each(['unavailable', 'unanswered', 'refused', 'unauthenticated'] as const)(
    'is asked for again for as long as it takes when the call is %s',
    async (kind) => {
      const { state, add } = run(kind);
      add('a');
      await expect.poll(() => state.asked.length).toBeGreaterThan(4);
      state.kind = null;
      // One that is under way is answered already.
      const last = state.asked.length + (state.underWay > 0 ? 0 : 1);
      await expect.poll(() => state.asked.length).toBe(last);
      await settle(100);
      expect(state.asked.length).toBe(last);
      add('b');
      await expect.poll(() => state.asked.at(-1)).toBe('b');
    },
  );

  it('is asked for one after another once that has failed, so that nothing stands in the way of the rest', async () => {
    const { state, add } = run('unavailable');
    add('a', 'b', 'c');
    expect(state.asked).toEqual(['a', 'b', 'c']);
    while (state.underWay > 0) await new Promise((resolve) => setImmediate(resolve));
    state.most = 0;
    // It goes on while this looks, so there may be more by then.
    await expect.poll(() => state.asked.length).toBeGreaterThanOrEqual(6);
    expect([state.asked.slice(3, 6), state.most]).toEqual([['a', 'b', 'c'], 1]);
  });

  it('is bounded: the oldest is forgotten', async () => {
    const { state, add } = run('unavailable');
    add(...Array.from({ length: 1_001 }, (_, i) => String(i)));
    await expect.poll(() => state.asked.length).toBeGreaterThan(1_001);
    state.kind = null;
    const retried = () => new Set(state.asked.slice(1_001));
    await expect.poll(() => retried().size, { timeout: 10_000 }).toBe(1_000);
    await settle(50);
    expect([retried().size, retried().has('0')]).toEqual([1_000, false]);
  });

  it('is nothing any more once the client is closed', async () => {
    const { state, closed, add } = run('unavailable');
    add('a');
    await expect.poll(() => state.asked.length).toBeGreaterThan(2);
    closed.abort();
    await settle(50);
    const before = state.asked.length;
    await settle(100);
    expect(state.asked.length).toBe(before);
  });
});
