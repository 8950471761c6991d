import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { registerRow, type Sample } from '../../../src/server/metrics/pulled-metric.ts';
import { parseScrape, sumIn } from './prometheus-text.ts';

function openRegistry(type: 'counter' | 'gauge' | 'histogram', read: () => readonly Sample[]): Registry {
  const registry = new Registry();
  const name = type === 'counter' ? 'things_total' : 'things';
  registerRow(registry, { name, type, help: 'Things.', read });
  return registry;
}

describe('a pulled metric', () => {
  it('is read at each scrape', async () => {
    let value = 1;
    const registry = openRegistry('counter', () => [{ value }]);
    expect(sumIn(parseScrape(await registry.metrics()), 'things_total')).toBe(1);
    value = 2;
    expect(await registry.metrics()).toBe(
      '# HELP things_total Things.\n# TYPE things_total counter\nthings_total 2\n',
    );
  });

  it('has labels, whatever is in them', async () => {
    const registry = openRegistry('gauge', () => [
      { value: 1, labels: { who: 'a"b\\c\nd' } },
      { value: 2, labels: { who: 'e' } },
    ]);
    const families = parseScrape(await registry.metrics());
    expect(sumIn(families, 'things', { who: 'e' })).toBe(2);
    expect(sumIn(families, 'things', { who: 'a\\"b\\\\c\\nd' })).toBe(1);
  });

  it('may be a histogram', async () => {
    const registry = openRegistry('histogram', () => [
      { suffix: '_bucket', labels: { le: '1' }, value: 2 },
      { suffix: '_bucket', labels: { le: '+Inf' }, value: 3 },
      { suffix: '_sum', value: 7.5 },
      { suffix: '_count', value: 3 },
    ]);
    const families = parseScrape(await registry.metrics());
    expect(families.get('things')!.type).toBe('histogram');
    expect(sumIn(families, 'things_bucket', { le: '1' })).toBe(2);
    expect(sumIn(families, 'things_sum')).toBe(7.5);
  });

  it('has a name that no other one has, in no registry but its own', () => {
    const registry = openRegistry('gauge', () => []);
    expect(() =>
      registerRow(registry, { name: 'things', type: 'gauge', help: 'x', read: () => [] }),
    ).toThrow();
    expect(() => openRegistry('gauge', () => [])).not.toThrow();
  });
});
