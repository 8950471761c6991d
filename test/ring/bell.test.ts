import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BellListener, BellRope, createBellMemory } from '../../src/ring/bell.ts';

function openBell() {
  const memory = createBellMemory();
  const rings: string[] = [];
  const rope = (name: string) => new BellRope(memory, () => rings.push(name));
  return { rings, listener: new BellListener(memory), a: rope('a'), b: rope('b') };
}

describe('a bell', () => {
  it('is silent while the main thread is awake', () => {
    const { rings, a } = openBell();
    a.ring();
    expect(rings).toEqual([]);
  });

  it('rings once for all shards when the main thread sleeps', () => {
    const { rings, listener, a, b } = openBell();
    listener.announceSleep();
    a.ring();
    b.ring();
    a.ring();
    expect(rings).toEqual(['a']);
    listener.announceSleep();
    b.ring();
    expect(rings).toEqual(['a', 'b']);
  });

  it('is silent again for one who stays awake', () => {
    const { rings, listener, a } = openBell();
    listener.announceSleep();
    expect(listener.stayAwake()).toBe(true);
    a.ring();
    expect(rings).toEqual([]);
  });

  it('says that a message is on its way to one who finds work at the last look', () => {
    const { rings, listener, a } = openBell();
    listener.announceSleep();
    a.ring();
    expect(listener.stayAwake()).toBe(false);
    expect(rings).toEqual(['a']);
  });

  it('loses no ring of several threads', { timeout: 60_000 }, async () => {
    const counts = 20_000;
    const memory = createBellMemory();
    const counters = new Int32Array(new SharedArrayBuffer(256));
    const listener = new BellListener(memory);
    const data = (word: number) => ({ workerData: { memory, counters, word, counts } });
    const ringers = [0, 32].map(
      (word) => new Worker(new URL('bell-ringer.mjs', import.meta.url), data(word)),
    );
    const exits = ringers.map((ringer) => once(ringer, 'exit'));
    const seen = [0, 0];
    const isDone = () => seen.every((count) => count === counts);
    /** Answers what is counted, so that each thread goes on to its next count: a ring that is lost ends all of it. */
    const look = (): boolean => {
      let news = false;
      for (const [i, word] of [0, 32].entries()) {
        const count = Atomics.load(counters, word);
        if (count === seen[i]) continue;
        seen[i] = count;
        news = true;
        Atomics.store(counters, word + 1, count);
        Atomics.notify(counters, word + 1);
      }
      return news;
    };
    await new Promise<void>((resolve) => {
      const poll = (): void => {
        look();
        if (isDone()) return resolve();
        listener.announceSleep();
        const quiet = [0, 32].every((word, i) => Atomics.load(counters, word) === seen[i]);
        if (!quiet && listener.stayAwake()) setImmediate(poll);
      };
      for (const ringer of ringers) ringer.on('message', poll);
      poll();
    });
    expect(seen).toEqual([counts, counts]);
    await Promise.all(exits);
  });
});
