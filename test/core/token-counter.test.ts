import { describe, expect, it } from 'vitest';
import { TokenCounter } from '../../src/core/token-counter.ts';

describe('TokenCounter', () => {
  it('counts up by one', () => {
    const counter = new TokenCounter(7);
    expect({ ...counter.next() }).toEqual({ high: 7, low: 1 });
    expect({ ...counter.next() }).toEqual({ high: 7, low: 2 });
  });

  it('goes on above a token that it is raised to, and never falls', () => {
    const counter = new TokenCounter(7, 5);
    for (const [high, low] of [
      [6, 9],
      [7, 4],
      [7, 5],
    ] as const)
      counter.raise(high, low);
    expect({ ...counter.last }).toEqual({ high: 7, low: 5 });
    counter.raise(7, 0xffff_ffff);
    expect({ ...counter.next() }).toEqual({ high: 8, low: 0 });
    counter.raise(0x8000_0000, 1);
    expect({ ...counter.next() }).toEqual({ high: 0x8000_0000, low: 2 });
  });

  it('stays unsigned and carries into the high word', () => {
    const counter = new TokenCounter(7, 0x7fff_ffff);
    expect({ ...counter.next() }).toEqual({ high: 7, low: 0x8000_0000 });
    const full = new TokenCounter(7, 0xffff_fffe);
    expect({ ...full.next() }).toEqual({ high: 7, low: 0xffff_ffff });
    expect({ ...full.next() }).toEqual({ high: 8, low: 0 });
    expect({ ...full.next() }).toEqual({ high: 8, low: 1 });
  });
});
