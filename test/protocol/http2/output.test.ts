import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkPool, copyBytes, Output, type OutputChunk } from '../../../src/protocol/http2/output.ts';

function takeAll(output: Output): OutputChunk[] {
  const chunks: OutputChunk[] = [];
  for (let chunk = output.takeChunk(); chunk !== null; chunk = output.takeChunk()) chunks.push(chunk);
  return chunks;
}

describe('Output', () => {
  it('gives out what was put in, in order', () => {
    const pool = new ChunkPool();
    const pieces = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 20_000 })), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (sizes) => {
        const output = new Output(pool);
        const expected: Buffer[] = [];
        sizes.forEach((size, i) => {
          const piece = Buffer.alloc(size, i + 1);
          if (i % 2 === 0) {
            output.append(Buffer.concat([Buffer.of(0), piece, Buffer.of(0)]), 1, 1 + size);
          } else {
            const position = output.reserve(size);
            piece.copy(output.bytes, position);
          }
          expected.push(piece);
        });
        const whole = Buffer.concat(expected);
        expect(output.totalBytes).toBe(whole.length);
        const chunks = takeAll(output);
        const given = Buffer.concat(chunks.map(({ bytes, length }) => bytes.subarray(0, length)));
        expect(given.equals(whole)).toBe(true);
        expect(output.totalBytes).toBe(0);
        for (const chunk of chunks) pool.giveBack(chunk);
      }),
      { numRuns: 50 },
    );
  });

  it('begins a chunk of its own after one was taken', () => {
    const output = new Output(new ChunkPool());
    output.append(Buffer.from('one'), 0, 3);
    const taken = output.takeChunk()!;
    output.append(Buffer.from('two'), 0, 3);
    expect(taken.bytes.toString('latin1', 0, taken.length)).toBe('one');
    expect(output.takeChunk()!.bytes.toString('latin1', 0, 3)).toBe('two');
    expect(output.takeChunk()).toBeNull();
  });

  it('takes a small chunk for a little, and one large one for more, also when that comes bit by bit', () => {
    const output = new Output(new ChunkPool());
    const say = (bytes: number, times: number): OutputChunk[] => {
      for (let i = 0; i < times; i++) output.append(Buffer.alloc(bytes, i), 0, bytes);
      return takeAll(output);
    };
    const sizes = (chunks: readonly OutputChunk[]) =>
      chunks.map(({ bytes, length }) => [bytes.length, length]);
    expect(sizes(say(100, 1))).toEqual([[1024, 100]]);
    expect(sizes(say(128, 8))).toEqual([[1024, 1024]]);
    const [grown] = say(100, 11);
    expect(sizes([grown!])).toEqual([[16_384, 1100]]);
    for (let i = 0; i < 11; i++)
      expect(grown!.bytes.subarray(i * 100, i * 100 + 100)).toEqual(Buffer.alloc(100, i));
    // The next time it begins with a large one, and then with a small one again.
    expect(sizes(say(100, 1))).toEqual([[16_384, 100]]);
    expect(sizes(say(100, 1))).toEqual([[1024, 100]]);
    expect(sizes(say(1000, 17))).toEqual([
      [16_384, 16_000],
      [16_384, 1000],
    ]);
  });

  it('gives the small chunk back that it grew out of', () => {
    const pool = new ChunkPool();
    const output = new Output(pool);
    output.reserve(10);
    const small = output.bytes;
    output.reserve(2000);
    expect(pool.take(10).bytes).toBe(small);
  });
});

describe('ChunkPool', () => {
  it('uses chunks again, emptied, and keeps a bounded number of ordinary size', () => {
    const pool = new ChunkPool(1);
    const [first, second] = [pool.take(10), pool.take(10)];
    first!.length = 5;
    pool.giveBack(first!);
    pool.giveBack(second!);
    expect(pool.take(10)).toBe(first);
    expect(first!.length).toBe(0);
    expect(pool.take(10)).not.toBe(second);
    const ordinary = pool.take(1025);
    expect(ordinary.bytes.length).toBe(16_384);
    pool.giveBack(ordinary);
    expect(pool.take(10)).not.toBe(ordinary);
    expect(pool.take(16_384)).toBe(ordinary);
    const large = pool.take(100_000);
    expect(large.bytes.length).toBe(100_000);
    pool.giveBack(large);
    expect(pool.take(100_000)).not.toBe(large);
  });
});

it('copies ranges of any length', () => {
  const source = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  for (const count of [0, 1, 31, 32, 33, 900]) {
    const target = new Uint8Array(1002);
    copyBytes(source, 7, 7 + count, target, 2);
    expect(target.subarray(2, 2 + count)).toEqual(source.subarray(7, 7 + count));
    expect(target[2 + count]).toBe(0);
  }
});
