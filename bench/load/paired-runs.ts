import { median, spread } from '../median.ts';
import { type Depth, type LoadResult, type RunOptions, runLoad } from './load-run.ts';
import type { ServerProcess } from './server-process.ts';

/** Two servers measured one right after the other, so that what else the machine does meets both alike. */
export interface Pair {
  readonly own: LoadResult;
  readonly other: LoadResult;
}

export interface PairPlan extends RunOptions {
  readonly pairs: number;
}

/** When the middle half of the ratios is spread over more than this share of their median, as many pairs again are run. */
const SPREAD_MAX = 0.3;

/**
 * Measures pairs, the one and the other first in turn. No pair is ever thrown away: when they disagree too much, as
 * many again are added, once, and the median is taken over all.
 */
export async function runPairs(own: ServerProcess, other: ServerProcess, plan: PairPlan): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < plan.pairs; i++) pairs.push(await runPair(own, other, plan, i % 2 === 0));
    if (spread(pairs.map(rateRatio)) <= SPREAD_MAX) break;
  }
  return pairs;
}

async function runPair(
  own: ServerProcess,
  other: ServerProcess,
  plan: PairPlan,
  ownFirst: boolean,
): Promise<Pair> {
  if (ownFirst) return { own: await runLoad(own, plan), other: await runLoad(other, plan) };
  const result = await runLoad(other, plan);
  return { own: await runLoad(own, plan), other: result };
}

function rateRatio(pair: Pair): number {
  return pair.own.rate / pair.other.rate;
}

/** The medians over pairs, ratios taken pair by pair. */
export interface PairSummary {
  readonly pairs: number;
  /** Our rate over the other's. */
  readonly rateRatio: number;
  readonly rateRatioSpread: number;
  /** Our server's processor time for a call over the other's. */
  readonly cpuRatio: number;
  readonly ownRate: number;
  readonly otherRate: number;
  readonly ownCpuMicros: number;
  readonly otherCpuMicros: number;
  readonly ownP99Ms: number;
  readonly otherP99Ms: number;
}

export function summarise(pairs: readonly Pair[]): PairSummary {
  const over = (read: (pair: Pair) => number): number => median(pairs.map(read));
  return {
    pairs: pairs.length,
    rateRatio: over(rateRatio),
    rateRatioSpread: spread(pairs.map(rateRatio)),
    cpuRatio: over((pair) => pair.own.serverCpuMicros / pair.other.serverCpuMicros),
    ownRate: over((pair) => pair.own.rate),
    otherRate: over((pair) => pair.other.rate),
    ownCpuMicros: over((pair) => pair.own.serverCpuMicros),
    otherCpuMicros: over((pair) => pair.other.serverCpuMicros),
    ownP99Ms: over((pair) => pair.own.p99Ms),
    otherP99Ms: over((pair) => pair.other.p99Ms),
  };
}

export function depthText(depth: Depth): string {
  return `${depth.connections} x ${depth.inFlight}`;
}
