import { describe, expect, it } from 'vitest';
import { TextBudget } from '../../src/core/text-budget.ts';

describe('TextBudget', () => {
  it('has room up to its bound, and again for what is released', () => {
    const texts = new TextBudget(10);
    texts.reserve(7);
    expect([texts.hasRoom(3), texts.hasRoom(4), texts.bytes]).toEqual([true, false, 7]);
    texts.release(5);
    expect([texts.hasRoom(8), texts.hasRoom(9), texts.bytes]).toEqual([true, false, 2]);
  });
});
