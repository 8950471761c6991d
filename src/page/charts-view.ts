import { linearScale, logScale, type ValueScale } from './chart-geometry.ts';
import { type ChartSeries, LineChart } from './line-chart.ts';
import type { Moment, SampleHistory } from './sample-history.ts';
import { ShardChart } from './shard-chart.ts';
import { formatCount, formatDuration } from './text-format.ts';

/** Two minutes of seconds: long enough to see a change, short enough to see it move. */
export const CHART_SLOTS = 120;

/** The row of charts. */
export class ChartsView {
  readonly #charts: readonly LineChart[];
  readonly #shards = new ShardChart();

  constructor(root: HTMLElement) {
    this.#charts = [
      new LineChart({
        title: 'Traffic per second',
        unit: 'in numbers of each second',
        slots: CHART_SLOTS,
        scale: countScale,
        format: formatCount,
        series: [
          { label: 'requests', value: ({ requests }) => requests },
          { label: 'grants', value: ({ grants }) => grants },
          { label: 'releases', value: ({ releases }) => releases },
          { label: 'expiries', value: ({ expiries }) => expiries },
        ],
      }),
      new LineChart({
        title: 'Held and waiting',
        unit: 'at a time',
        slots: CHART_SLOTS,
        scale: countScale,
        format: formatCount,
        series: [
          { label: 'holders', value: ({ holders }) => holders },
          { label: 'waiting', value: ({ waiters }) => waiters },
        ],
      }),
      latencyChart('Time to get a lock', ({ waited }) => waited),
      latencyChart('Time locks were held', ({ held }) => held),
    ];
    root.append(...this.#charts.map((chart) => chart.root), this.#shards.root);
    // On a phone they are a strip, which those without a finger scroll by keys.
    const phone = matchMedia('(max-width: 760px)');
    const update = (): void => {
      if (phone.matches) root.tabIndex = 0;
      else root.removeAttribute('tabindex');
    };
    phone.addEventListener('change', update);
    update();
  }

  draw(history: SampleHistory): void {
    for (const chart of this.#charts) chart.draw(history.moments);
    if (history.latest !== undefined) this.#shards.draw(history.latest, history.moments.at(-1));
  }
}

function latencyChart(title: string, percentiles: (moment: Moment) => readonly number[]): LineChart {
  const series = ['half of all within', '90 % within', '99 % within'].map(
    (label, rank): ChartSeries => ({ label, value: (moment) => percentiles(moment)[rank] ?? Number.NaN }),
  );
  const unit = 'percentiles of ten seconds each';
  return new LineChart({
    title,
    unit,
    slots: CHART_SLOTS,
    scale: durationScale,
    format: formatDuration,
    series,
  });
}

function countScale(values: readonly number[]): ValueScale {
  return linearScale(Math.max(0, ...values));
}

function durationScale(values: readonly number[]): ValueScale {
  return logScale(Math.min(1, ...values), Math.max(10, ...values));
}
