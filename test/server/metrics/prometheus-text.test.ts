import { describe, expect, it } from 'vitest';
import { parseScrape, sumIn } from './prometheus-text.ts';

const histogram = (lines: string): string => `# HELP h_seconds h\n# TYPE h_seconds histogram\n${lines}`;

describe('the reader of scrapes', () => {
  it('reads metrics with their labels', () => {
    const families = parseScrape(
      '# HELP a_total A.\n# TYPE a_total counter\na_total{x="1",y="a\\"b,c"} 5\na_total{x="2",y=""} 7\n\n' +
        '# HELP b B.\n# TYPE b gauge\nb 1e-3\n',
    );
    expect(sumIn(families, 'a_total')).toBe(12);
    expect(sumIn(families, 'a_total', { x: '2' })).toBe(7);
    expect(sumIn(families, 'b')).toBe(0.001);
    expect(sumIn(families, 'c')).toBeNaN();
  });

  it.each([
    ['no TYPE', 'a 1\n'],
    ['TYPE without HELP', '# TYPE a gauge\na 1\n'],
    ['no end of line', '# HELP a A\n# TYPE a gauge\na 1'],
    ['a metric twice', '# HELP a A\n# TYPE a gauge\na 1\n# HELP a A\n# TYPE a gauge\na 1\n'],
    ['a series twice', '# HELP a A\n# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n'],
    ['a label twice', '# HELP a A\n# TYPE a gauge\na{x="1",x="2"} 1\n'],
    ['a stray line', '# HELP a A\n# TYPE a gauge\nb 1\n'],
    ['a counter without _total', '# HELP a A\n# TYPE a counter\na 1\n'],
    ['a gauge with _total', '# HELP a_total A\n# TYPE a_total gauge\na_total 1\n'],
    ['a counter below 0', '# HELP a_total A\n# TYPE a_total counter\na_total -1\n'],
    ['a gauge with quantiles', '# HELP a A\n# TYPE a gauge\na{quantile="1"} 1\n'],
    ['no number', '# HELP a A\n# TYPE a gauge\na x\n'],
    ['milliseconds', '# HELP a_ms A\n# TYPE a_ms gauge\na_ms 1\n'],
    [
      'bounds that fall',
      histogram(
        'h_seconds_bucket{le="2"} 1\nh_seconds_bucket{le="1"} 1\nh_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 1\n',
      ),
    ],
    [
      'counts that fall',
      histogram(
        'h_seconds_bucket{le="1"} 2\nh_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 1\n',
      ),
    ],
    ['no last bucket', histogram('h_seconds_bucket{le="1"} 2\nh_seconds_sum 1\nh_seconds_count 2\n')],
    ['another count', histogram('h_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 2\n')],
    ['no sum', histogram('h_seconds_bucket{le="+Inf"} 1\nh_seconds_count 1\n')],
  ])('refuses %s', (_what, text) => {
    expect(() => parseScrape(text)).toThrow();
  });
});
