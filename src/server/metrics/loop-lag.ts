import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricRow } from './pulled-metric.ts';

/** How often the loop is looked at, in milliseconds. What it is late by beyond that is its lag. Each look wakes an idle server. */
const RESOLUTION_MS = 50;
/** Each look at the lag covers one to two of these. */
const WINDOW_MS = 30_000;
const QUANTILES = [0.5, 0.9, 0.99, 1] as const;

/**
 * By how much the event loop of the main thread is late. Two histograms begin in turn, and the older one is read: so it
 * does not matter who reads how often, as it would if reading began anew.
 */
export class LoopLag {
  #older: IntervalHistogram = begin();
  #newer: IntervalHistogram = begin();
  #newerFromMs: number;
  readonly #nowMs: () => number;

  /** @param nowMs any clock that does not run back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#newerFromMs = nowMs();
  }

  /** The lag that this share of all looks at the loop did not exceed, of late, in seconds. */
  seconds(quantile: number): number {
    this.#turn();
    const { count, max } = this.#older;
    if (Number(count) === 0) return 0;
    const delayNs = quantile === 1 ? max : this.#older.percentile(100 * quantile);
    return Math.max(0, delayNs / 1e9 - RESOLUTION_MS / 1e3);
  }

  close(): void {
    this.#older.disable();
    this.#newer.disable();
  }

  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#newerFromMs + WINDOW_MS) return;
    this.#older.disable();
    this.#older = this.#newer;
    this.#newer = begin();
    this.#newerFromMs = nowMs;
  }
}

function begin(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}

/** The lag of the main thread, as metrics show it. */
export function loopLagMetric(lag: LoopLag): MetricRow {
  return {
    name: 'ldlm_main_loop_lag_seconds',
    type: 'summary',
    help: 'By how much the event loop of the main thread was late in the last 30 to 60 seconds; quantile 1 is the worst.',
    read: () =>
      QUANTILES.map((quantile) => ({ value: lag.seconds(quantile), labels: { quantile: String(quantile) } })),
  };
}
