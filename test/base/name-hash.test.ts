import { describe, expect, it } from 'vitest';
import { hashName, shardOf } from '../../src/base/name-hash.ts';

function hashOf(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return hashName(bytes, 0, bytes.length);
}

describe('hashName', () => {
  it.each([
    // From the test suite of FNV's authors.
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['foobar', 0xbf9cf968],
    ['chongo was here!\n', 0xd49930d5],
  ])('of %j is the known one', (text, hash) => {
    expect(hashOf(text)).toBe(hash);
  });

  it('looks at the span only', () => {
    expect(hashName(Buffer.from('xxfoobaryy'), 2, 8)).toBe(hashOf('foobar'));
  });
});

describe('shardOf', () => {
  const count = 20_000;
  const namings: Record<string, (i: number) => string> = {
    'counting up': (i) => `orders/${i}`,
    'of fixed width': (i) => `job-${String(i).padStart(8, '0')}`,
    'of doubled digits': (i) => `job-${String(i).replaceAll(/./g, '$&$&')}`,
    'of even numbers': (i) => `user:${i * 2}`,
    'that differ at the front': (i) => `${i}:a-rather-long-tail-that-all-of-the-names-share`,
    'of four raw bytes': (i) => String.fromCharCode(i & 127, (i >> 7) & 127, 0, 0),
  };

  it.each(Object.keys(namings))('spreads names %s evenly over 1 to 16 shards', (naming) => {
    for (let shards = 1; shards <= 16; shards++) {
      const counts = new Array<number>(shards).fill(0);
      for (let i = 0; i < count; i++) counts[shardOf(hashOf(namings[naming]!(i)), shards)]!++;
      // Six standard deviations of a fair draw.
      const mean = count / shards;
      const tolerance = 6 * Math.sqrt(mean * (1 - 1 / shards));
      for (const each of counts) expect(Math.abs(each - mean)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('never changes: a lock stays with the journal of its shard', () => {
    const shards = ['', 'a', 'orders/1', 'orders/2', 'näme'].map((text) => shardOf(hashOf(text), 16));
    expect(shards).toEqual([11, 3, 9, 10, 8]);
  });
});
