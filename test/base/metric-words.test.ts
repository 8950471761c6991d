import { describe, expect, it } from 'vitest';
import {
  createMetricMemory,
  MetricBlock,
  MetricWord,
  metricBlockOf,
  metricWordsOf,
} from '../../src/base/metric-words.ts';

describe('metric words', () => {
  it('have a place each, and blocks overlap nothing', () => {
    const words = metricWordsOf(createMetricMemory(1), 0);
    const owners = new Map<number, string>();
    const claim = (index: number, owner: string): void => {
      expect(index).toBeLessThan(words.length);
      expect(owners.get(index), `${owner} at ${index}`).toBeUndefined();
      owners.set(index, owner);
    };
    for (const [name, index] of Object.entries(MetricWord)) claim(index, name);
    for (const [name, { start, length }] of Object.entries(MetricBlock)) {
      for (let index = start; index < start + length; index++) claim(index, name);
    }
  });

  it('of two shards share no pair of cache lines', () => {
    const memory = createMetricMemory(3);
    const shards = [0, 1, 2].map((shard) => metricWordsOf(memory, shard));
    for (const words of shards) {
      expect(words.byteOffset % 128).toBe(0);
      expect(words.byteLength % 128).toBe(0);
    }
    shards[1]!.fill(1);
    expect([shards[0]!, shards[2]!].every((words) => words.every((word) => word === 0))).toBe(true);
  });

  it('of a block are those of the shard', () => {
    const words = metricWordsOf(createMetricMemory(2), 1);
    for (const block of Object.values(MetricBlock)) {
      const part = metricBlockOf(words, block);
      expect(part.length).toBe(block.length);
      part[part.length - 1] = 5;
      expect(words[block.start + block.length - 1]).toBe(5);
    }
  });
});
