import { describe, expect, it } from 'vitest';
import { LockChecker } from '../../../bench/cluster/lock-checker.ts';
import { drawTimeline, runsOf } from '../../../bench/cluster/timeline-svg.ts';
import { faultOf, TestTime } from './test-time.ts';

function sampleTime(): TestTime {
  const time = new TestTime();
  for (let atMs = 0; atMs < 20_000; atMs += 50)
    if (atMs < 4_000 || atMs > 8_000) time.grant(atMs, 'lock <1>');
  time.timeline.faults.push(faultOf('ZooKeeper 2', 'leader', 4_000, []), {
    ...faultOf('server 3', '', 12_000, []),
    servesMs: Number.POSITIVE_INFINITY,
  });
  return time;
}

const draw = (time: TestTime, checker = new LockChecker()): string =>
  drawTimeline(time.timeline, checker, ['lock <1>'], 20_000);

/** The names of elements that are open at the end, or are closed out of order. */
function unbalanced(svg: string): readonly string[] {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (close === '' && self === '') open.push(name!);
    else if (close !== '' && open.pop() !== name) return [name!];
  }
  return open;
}

describe('the picture', () => {
  it('is one element of XML without numbers that are none', () => {
    const svg = draw(sampleTime());
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain('lock &lt;1>');
  });

  it('is drawn of a run without anything, too', () => {
    const svg = draw(new TestTime());
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has colours for light and dark', () => {
    const svg = draw(sampleTime());
    const colours = (css: string): readonly string[] =>
      [...css.matchAll(/--([a-z]+):#/g)].map(([, name]) => name!);
    const [light, dark] = svg.split('@media(prefers-color-scheme:dark)');
    expect(colours(dark!)).toEqual(colours(light!));
    expect(new Set([...svg.matchAll(/var\(--([a-z]+)\)/g)].map(([, name]) => name!))).toEqual(
      new Set(colours(light!)),
    );
  });

  it('marks what was killed, for as long as it was away', () => {
    const bands = [
      ...draw(sampleTime()).matchAll(/<rect x="([\d.]+)" [^>]*width="([\d.]+)"[^>]*class="band (\w+)"/g),
    ];
    // 880 pixels for 20 s, from 64 on; what does not come back is away to the end.
    expect(bands.map(([, x, width, kind]) => [Number(x), Number(width), kind])).toEqual([
      [240, 154, 'zookeeper'],
      [592, 352, 'server'],
    ]);
    expect(draw(sampleTime())).toContain('leader, 3.5 s away');
    expect(draw(sampleTime())).toContain('not back');
  });

  it('draws the rate up to its highest', () => {
    const path = /class="area" d="([^"]+)"/.exec(draw(sampleTime()))![1]!;
    const heights = [...path.matchAll(/[\d.]+[, ]([\d.]+)/g)].map(([, y]) => Number(y));
    // 20 a second, at the top, and none for 4 s, at the bottom.
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([92, 282]);
    expect(heights.slice(1, -1).filter((y) => y === 282)).toHaveLength(8);
  });

  it('says how many violations there were', () => {
    const checker = new LockChecker();
    checker.violations.push('two at a time', 'and again');
    expect(draw(sampleTime(), checker)).toContain('violations: 2');
  });
});

it('a lock has stopped when nobody was granted it for a second', () => {
  expect(runsOf([100, 900, 1_899, 2_899, 3_000, 4_500, 4_600], 5_000)).toEqual([
    [0, 1_899],
    [2_899, 3_000],
    [4_500, 5_000],
  ]);
  expect(runsOf([], 5_000)).toEqual([]);
});
