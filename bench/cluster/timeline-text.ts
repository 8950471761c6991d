import { markdownTable } from '../markdown-table.ts';
import { median } from '../median.ts';
import { labelOf } from './fault-plan.ts';
import type { LockChecker } from './lock-checker.ts';
import { type Fault, longestPauseMs, type Timeline, timesByName } from './timeline.ts';

const BAR_WIDTH = 32;
const SECOND_MS = 1_000;

/** A line for each second, as soon as it is over. */
export class TimelineLines {
  readonly #timeline: Timeline;
  #grantsSeen = 0;
  #eventsSeen = 0;
  #fullRate = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** The line of the second that ends now. */
  next(second: number): string {
    const { grants, events } = this.#timeline;
    const rate = grants.length - this.#grantsSeen;
    this.#grantsSeen = grants.length;
    // The first second has little to show; from then on the scale should stay.
    if (rate > this.#fullRate) this.#fullRate = roundUp(this.#fullRate === 0 ? 3 * rate : rate);
    const told = events.slice(this.#eventsSeen).map(({ text }) => text);
    this.#eventsSeen = events.length;
    const bar = barOf(rate, this.#fullRate);
    return `${String(second).padStart(4)} s ${String(rate).padStart(6)}  ${bar.padEnd(BAR_WIDTH)}  ${told.join('; ')}`.trimEnd();
  }
}

/** What somebody is to know after the run. */
export function summarize(
  timeline: Timeline,
  checker: LockChecker,
  lockNames: readonly string[],
  untilMs: number,
  sessionTimeoutMs: number,
): string {
  const rates = timeline.counts(SECOND_MS, untilMs);
  const heads = ['killed', 's to start', 's without a grant', 'locks touched', 's without one of them'];
  const rows = timeline.faults.map((fault) => faultRow(timeline, fault, lockNames, untilMs));
  return [
    `${timeline.grants.length} grants in ${seconds(untilMs)} s, ${median(rates)} a second in the median`,
    markdownTable(heads, rows).trimEnd(),
    `The longest times without a grant: of any lock, and of one that was touched. A server that is killed touches the locks that
its clients hold or wait for. They go on when its session has timed out, ${seconds(sessionTimeoutMs)} s after ZooKeeper heard of it last.`,
    `Locks lost, as their holders were told: ${timeline.lostTold}; not given back because nobody answered: ${timeline.lostInDoubt}
Grants beside a former holder that knew of its loss: ${checker.entriesBesideLosers}; writes of such that fencing refused: ${checker.refusedByFencing}
Calls that ended because a server or ZooKeeper was away: ${timeline.unavailable}`,
    `Violations: ${checker.violations.length}`,
  ].join('\n\n');
}

function faultRow(
  timeline: Timeline,
  fault: Fault,
  lockNames: readonly string[],
  untilMs: number,
): readonly string[] {
  const toMs = Math.min(fault.endMs, untilMs);
  const pauseOf = (timesMs: readonly number[]): number =>
    longestPauseMs(timesMs, fault.killedMs, toMs, untilMs);
  const all = timeline.grants.map(({ atMs }) => atMs);
  const byName = timesByName(timeline.grants, lockNames);
  const pauses = fault.touched.map((name) => pauseOf(byName.get(name) ?? []));
  return [
    labelOf(fault),
    seconds(fault.servesMs - fault.startedMs),
    seconds(pauseOf(all)),
    fault.kind === 'zookeeper' ? 'all' : String(fault.touched.length),
    seconds(Math.max(0, ...pauses)),
  ];
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? (ms / SECOND_MS).toFixed(1) : 'never';
}

function barOf(rate: number, fullRate: number): string {
  return fullRate === 0 ? '' : '█'.repeat(Math.round((rate / fullRate) * BAR_WIDTH));
}

/** To one digit and zeros, of which half is a short number, too. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 2, 3, 4, 5, 6, 8]) if (factor * power >= value) return factor * power;
  return 10 * power;
}
