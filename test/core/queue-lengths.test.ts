import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueLengths } from '../../src/core/queue-lengths.ts';

describe('QueueLengths', () => {
  it('knows the longest queue at each moment', () => {
    const change = fc.record({ lock: fc.nat({ max: 4 }), grows: fc.boolean(), times: fc.nat({ max: 100 }) });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const lengths = new QueueLengths();
        const queues = [0, 0, 0, 0, 0];
        for (const { lock, grows, times } of changes) {
          for (let i = 0; i < times && (grows || queues[lock]! > 0); i++) {
            if (grows) lengths.grown(++queues[lock]!);
            else lengths.shrunk(--queues[lock]!);
            expect(lengths.longest).toBe(Math.max(...queues));
          }
        }
      }),
    );
  });

  it('goes back to nothing from a very long queue', () => {
    const lengths = new QueueLengths();
    for (let length = 1; length <= 100_000; length++) lengths.grown(length);
    expect(lengths.longest).toBe(100_000);
    for (let length = 99_999; length >= 0; length--) lengths.shrunk(length);
    expect(lengths.longest).toBe(0);
    lengths.grown(1);
    expect(lengths.longest).toBe(1);
  });
});
