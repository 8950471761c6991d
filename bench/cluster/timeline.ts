/** Something that was killed, and what is known of its way back. Times in milliseconds since the load began. */
export interface Fault {
  readonly name: string;
  /** `leader` or `follower` of a node of ZooKeeper, when it was killed; empty for a server. */
  readonly role: string;
  readonly kind: 'zookeeper' | 'server';
  readonly killedMs: number;
  /** The locks that its clients held or waited for then; all of them for a node of ZooKeeper, which every lock needs. */
  readonly touched: readonly string[];
  startedMs: number;
  /** When it served again; infinite until then. */
  servesMs: number;
  /** When its consequences are not counted any more. */
  endMs: number;
}

export interface TimelineEvent {
  readonly atMs: number;
  readonly text: string;
}

interface GrantRecord {
  readonly atMs: number;
  readonly name: string;
  readonly server: number;
}

/** What has happened, in order. */
export class Timeline {
  readonly grants: GrantRecord[] = [];
  readonly events: TimelineEvent[] = [];
  readonly faults: Fault[] = [];
  /** Locks whose holders were told that they had lost them, by the signal or by the answer to their Unlock. */
  lostTold = 0;
  /** Locks that could not be given back because nobody answered. */
  lostInDoubt = 0;
  /** Calls that ended because a server did not answer, or could not reach ZooKeeper. */
  unavailable = 0;
  /** Answers that nobody could expect, each once. */
  readonly surprises = new Set<string>();
  readonly #nowMs: () => number;

  /** @param nowMs the time since the load began */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  granted(name: string, server: number): void {
    this.grants.push({ atMs: this.nowMs, name, server });
  }

  event(text: string): void {
    this.events.push({ atMs: this.nowMs, text });
  }

  lost(how: 'told' | 'in doubt'): void {
    if (how === 'told') this.lostTold++;
    else this.lostInDoubt++;
  }

  surprise(error: unknown): void {
    this.surprises.add(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }

  /** How many were granted in each of the intervals from 0 on that are over. */
  counts(intervalMs: number, untilMs: number): number[] {
    const counts = new Array<number>(Math.max(0, Math.floor(untilMs / intervalMs))).fill(0);
    for (const { atMs } of this.grants) {
      const index = Math.floor(atMs / intervalMs);
      if (index < counts.length) counts[index]!++;
    }
    return counts;
  }
}

/** A pause that began so shortly before the next fault is that one's. */
const NEXT_FAULT_MS = 500;

/**
 * The longest time without a grant that began in an interval, or was under way when that began: then it counts from there.
 * It ends with the next grant, also behind the interval.
 *
 * @param timesMs when grants were made, in order
 * @param toMs the end of the interval, with which the next fault begins
 * @param untilMs the end of the record
 */
export function longestPauseMs(
  timesMs: readonly number[],
  fromMs: number,
  toMs: number,
  untilMs: number,
): number {
  let longestMs = 0;
  let sinceMs = fromMs;
  for (const atMs of [...timesMs, untilMs]) {
    if (atMs <= fromMs) continue;
    const isNext = atMs > toMs && toMs < untilMs && toMs - sinceMs < NEXT_FAULT_MS;
    longestMs = Math.max(longestMs, (isNext ? toMs : atMs) - sinceMs);
    sinceMs = atMs;
    if (atMs >= toMs) break;
  }
  return longestMs;
}

/** When each of the locks was granted, in order. */
export function timesByName(
  grants: readonly GrantRecord[],
  names: readonly string[],
): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const { name, atMs } of grants) times.get(name)?.push(atMs);
  return times;
}
