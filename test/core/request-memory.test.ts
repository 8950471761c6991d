import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { requestIdIn } from '../../src/core/request-key.ts';
import { RequestMemory } from '../../src/core/request-memory.ts';
import { TextBudget } from '../../src/core/text-budget.ts';

describe('RequestMemory', () => {
  it('finds a bound id by its own name and id only', () => {
    const memory = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    memory.bind('name', 'request-1', 7);
    const entry = memory.find('name', 'request-1', 0);
    expect(memory.claim(entry)).toBe(7);
    expect(memory.find('1name', 'request-', 0)).toBe(0);
    expect(memory.find('nam', 'request-1e', 0)).toBe(0);
    memory.unbind(7);
    expect(memory.find('name', 'request-1', 0)).toBe(0);
    expect(memory.count).toBe(0);
  });

  it('remembers a released id for its time, counted from the latest release or refusal', () => {
    const memory = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    memory.bind('a', 'request-1', 7);
    memory.release(7, 1000);
    memory.refuse('a', 'request-1', 2000);
    const entry = memory.find('a', 'request-1', 1999 + Limits.requestMemoryMs);
    expect(entry).not.toBe(0);
    expect(memory.claim(entry)).toBe(0);
    expect(memory.find('a', 'request-1', 2000 + Limits.requestMemoryMs)).toBe(0);
    expect(memory.released).toBe(0);
  });

  it('forgets the oldest beyond the most that it may remember', () => {
    const memory = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    const most = Limits.requestMemoryCountMax;
    for (let i = 0; i < most; i++) memory.refuse('a', `request-${i}`, 0);
    // The first one is refused again, which makes it the newest.
    memory.refuse('a', 'request-0', 1);
    memory.refuse('a', 'one more', 1);
    expect(memory.released).toBe(most);
    expect(memory.find('a', 'request-0', 1)).not.toBe(0);
    expect(memory.find('a', 'request-1', 1)).toBe(0);
    expect(memory.find('a', 'request-2', 1)).not.toBe(0);
  });

  it('tells the released requests oldest first, with what brings them back into another memory', () => {
    const memory = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    memory.bind('a', 'request-1', 7);
    memory.bind('a', 'request-2', 8);
    for (const [claim, atMs] of [
      [8, 20],
      [7, 10],
    ] as const)
      memory.release(claim, atMs);
    memory.refuse('b', 'request-3', 30);
    const other = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    const told: string[] = [];
    for (let entry = memory.firstReleased(); entry !== 0; entry = memory.nextReleased(entry)) {
      told.push(requestIdIn(memory.keyOf(entry)));
      other.remember(memory.keyOf(entry), memory.forgetAtMs(entry));
    }
    expect(told).toEqual(['request-2', 'request-1', 'request-3']);
    expect([other.released, other.countTextBytes()]).toEqual([3, memory.countTextBytes()]);
    expect(other.find('a', 'request-1', 9 + Limits.requestMemoryMs)).not.toBe(0);
    expect(other.find('a', 'request-1', 10 + Limits.requestMemoryMs)).toBe(0);
    expect(other.find('b', 'request-3', 29 + Limits.requestMemoryMs)).not.toBe(0);
  });

  it('remembers what is brought back until the time that was told last, unless a claim has it', () => {
    const texts = new TextBudget(Number.MAX_SAFE_INTEGER);
    const memory = new RequestMemory(texts, 1);
    const key = memory.keyFor('a', 'request-1');
    memory.remember(key, 10);
    memory.remember(key, 20);
    expect([memory.released, texts.bytes]).toEqual([1, key.length]);
    expect(memory.find('a', 'request-1', 19)).not.toBe(0);
    expect(memory.free(key)).toBe(true);
    expect([memory.count, texts.bytes]).toEqual([0, 0]);
    expect(memory.free(key)).toBe(true);
    memory.bindKey(key, 7);
    memory.remember(key, 30);
    expect(memory.free(key)).toBe(false);
    expect([memory.isBound(7), memory.released, memory.requestIdOf(7)]).toEqual([true, 0, 'request-1']);
    expect(memory.requestIdOf(8)).toBe('');
  });

  it('forgets what is over, a bounded number at a time, and nothing that is bound', () => {
    const memory = new RequestMemory(new TextBudget(Number.MAX_SAFE_INTEGER), 1);
    memory.bind('a', 'request-x', 7);
    for (let i = 0; i < 10; i++) memory.refuse('a', `request-${i}`, i);
    memory.forgetOld(Limits.requestMemoryMs + 4, 3);
    expect(memory.released).toBe(7);
    memory.forgetOld(Limits.requestMemoryMs + 4, 100);
    expect(memory.released).toBe(5);
    memory.forgetOld(Number.MAX_SAFE_INTEGER, 100);
    expect(memory.count).toBe(1);
    expect(memory.isBound(7)).toBe(true);
  });

  it('keeps no more text than the budget has: the oldest released go first, bound ones never', () => {
    const texts = new TextBudget(2 * (1 + 9 + 1));
    const memory = new RequestMemory(texts, 1);
    memory.refuse('a', 'request-1', 0);
    memory.refuse('a', 'request-2', 0);
    expect([memory.released, texts.bytes]).toEqual([2, 22]);
    memory.refuse('a', 'request-3', 0);
    expect(memory.find('a', 'request-1', 0)).toBe(0);
    expect([memory.released, texts.bytes]).toEqual([2, 22]);
    expect(memory.forgetOldest()).toBe(true);
    memory.bind('a', 'request-4', 7);
    expect(memory.forgetOldest()).toBe(true);
    expect(memory.forgetOldest()).toBe(false);
    texts.reserve(11);
    memory.refuse('a', 'request-5', 0);
    expect([memory.count, memory.released, texts.bytes]).toEqual([1, 0, 22]);
    expect(memory.isBound(7)).toBe(true);
    memory.unbind(7);
    expect(texts.bytes).toBe(11);
  });
});
