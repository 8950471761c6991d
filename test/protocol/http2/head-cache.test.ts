import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from '../../../src/protocol/hpack/hpack-error.ts';
import { HeadCache } from '../../../src/protocol/http2/head-cache.ts';
import { DynamicEncoder, Literal } from '../hpack/dynamic-encoder.ts';
import { type Fields, POST } from './wire-frames.ts';

/** Encodes fields as a client does that puts everything in its table. */
function encode(encoder: DynamicEncoder, fields: Fields, sizeUpdates: number[] = []): Uint8Array {
  const choices = fields.map(([name, value]) => ({
    field: [name, value] as [string, string],
    literal: Literal.Indexed,
    huffman: false,
    useTables: true,
  }));
  return encoder.encode(choices, sizeUpdates);
}

/** With nothing but the path in the dynamic table, so that a shift by one gives an older block another meaning. */
const withPath = (path: string): Fields => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
];

describe('HeadCache', () => {
  it('gives equal blocks one head, once they are stable', () => {
    const cache = new HeadCache<string>();
    const encoder = new DynamicEncoder(4096);
    const [first, second, third] = [POST, POST, POST].map((fields) => {
      const block = encode(encoder, fields);
      return cache.read(block, 0, block.length)!;
    });
    expect(first!.path).toBe('/ldlm.LDLM/Lock');
    expect(second!.path).toBe('/ldlm.LDLM/Lock');
    expect(third).toBe(second);
  });

  it('heeds the range that it is given', () => {
    const cache = new HeadCache<string>();
    const encoder = new DynamicEncoder(4096);
    for (let i = 0; i < 3; i++) {
      const block = encode(encoder, POST);
      const bytes = new Uint8Array([0xff, ...block, 0xff]);
      expect(cache.read(bytes, 1, 1 + block.length)!.method).toBe('POST');
    }
  });

  it('does not take a block for what it meant before the table changed, by a request, trailers or a size update', () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constant('request' as const), value: fc.nat(5) }),
      fc.record({ kind: fc.constant('trailers' as const), value: fc.nat(5) }),
      fc.record({ kind: fc.constant('resize' as const), value: fc.constantFrom(0, 64, 200, 4096) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const cache = new HeadCache<string>();
        const encoder = new DynamicEncoder(4096);
        for (const path of ['/path/0', '/path/1', '/path/2', '/path/0', '/path/1', '/path/2']) {
          const block = encode(encoder, withPath(path));
          cache.read(block, 0, block.length);
        }
        for (const { kind, value } of changes) {
          if (kind === 'trailers') {
            const block = encode(encoder, [[`x-${value}`, 'y']]);
            expect(cache.readTrailers(block, 0, block.length)!.malformed).toBeNull();
            continue;
          }
          const path = `/path/${value}`;
          const block = encode(encoder, withPath(path), kind === 'resize' ? [value] : []);
          const head = cache.read(block, 0, block.length)!;
          expect([head.path, head.malformed]).toEqual([path, null]);
        }
      }),
    );
  });

  it('does not take a shifted index for the one that it knew', () => {
    const cache = new HeadCache<string>();
    const encoder = new DynamicEncoder(4096);
    const read = (path: string) => {
      const block = encode(encoder, withPath(path));
      return cache.read(block, 0, block.length)!.path;
    };
    expect(['/a', '/b', '/a', '/b'].map(read)).toEqual(['/a', '/b', '/a', '/b']);
    // The entries of both paths move by one, so that the block of /b is now what that of /a was.
    const trailers = encode(encoder, [['x', 'y']]);
    cache.readTrailers(trailers, 0, trailers.length);
    expect(['/b', '/a'].map(read)).toEqual(['/b', '/a']);
  });

  it('remembers no more than a few', () => {
    const cache = new HeadCache<string>();
    const encoder = new DynamicEncoder(4096);
    const read = (path: string) => {
      const block = encode(encoder, withPath(path));
      return cache.read(block, 0, block.length)!;
    };
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    for (const path of paths) read(path);
    const heads = paths.map(read);
    for (const [i, path] of paths.entries()) {
      const again = read(path);
      expect(again.path).toBe(path);
      expect(again === heads[i]).toBe(false);
    }
  });

  it('says what is wrong with a block', () => {
    const cache = new HeadCache<string>();
    expect(cache.read(Uint8Array.of(0x80), 0, 1)).toBeNull();
    expect(cache.error).toBe(HpackError.IndexZero);
  });

  it('marks a header list that is longer than announced, and not as malformed', () => {
    const cache = new HeadCache<string>();
    const encoder = new DynamicEncoder(4096);
    const big = 'x'.repeat(3000);
    encode(encoder, [['big', big]]);
    const table = encode(new DynamicEncoder(4096), [['big', big]]);
    cache.readTrailers(table, 0, table.length);
    // 40 bytes that stand for 120,000.
    const block = Buffer.concat([Buffer.alloc(40, 0xbe)]);
    const head = cache.read(block, 0, block.length)!;
    expect(head.tooLarge).toBe(true);
    expect(head.malformed).toBeNull();
  });
});
