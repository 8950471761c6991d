import { describe, expect, it } from 'vitest';
import {
  createRingMemory,
  RING_DATA_OFFSET,
  RingSizeError,
  RingWord,
  recordBytes,
  ringFillBytes,
} from '../../src/ring/ring-layout.ts';

describe('createRingMemory', () => {
  it('makes zeroed memory for the words and the records', () => {
    const memory = createRingMemory(1024);
    expect(memory.byteLength).toBe(RING_DATA_OFFSET + 1024);
    expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
  });

  it.each([0, 512, 1000, 1025, 2 ** 31, 2048.5, Number.NaN])('refuses a size of %s', (bytes) => {
    expect(() => createRingMemory(bytes)).toThrow(RingSizeError);
  });
});

describe('the layout', () => {
  it('keeps words that both threads write on lines of their own, and records off those lines', () => {
    const offsets = [...Object.values(RingWord).map((word) => word * 4), RING_DATA_OFFSET];
    for (let i = 1; i < offsets.length; i++)
      expect(offsets[i]! - offsets[i - 1]!).toBeGreaterThanOrEqual(128);
  });

  it.each([
    [0, 8],
    [1, 16],
    [8, 16],
    [9, 24],
  ])('pads a record with %s bytes of payload to %s', (payload, whole) => {
    expect(recordBytes(payload)).toBe(whole);
  });

  it('tells how many bytes wait, also when the counters have passed 2^32', () => {
    const words = new Int32Array(createRingMemory(1024));
    expect(ringFillBytes(words)).toBe(0);
    words[RingWord.Tail] = 24;
    words[RingWord.Head] = -1000;
    expect(ringFillBytes(words)).toBe(1024);
  });
});
