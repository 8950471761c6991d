import { ViolationError } from './holders-checker.ts';
import type { LocksUnderTest } from './lock-under-test.ts';
import { Scenario } from './scenario.ts';

/** One run of a schedule. */
export interface Run {
  /** What happened, if it was asked for. */
  readonly trace: readonly string[];
  /** How often happened what schedules are made for. */
  readonly counts: Readonly<Record<string, number>>;
  /** @throws ViolationError */
  run(): Promise<void>;
}

/** The schedule of a seed, as it is run. */
export type OpenRun = (seed: number, isTraced?: boolean) => Run;

const givenSeed = process.env['SEED'];

/** Whether `SEED` asks for one schedule alone. */
export const isReplay = givenSeed !== undefined;
const firstSeed = isReplay ? Number(givenSeed) : Date.now() % 1_000_000_000;

/** How many schedules run before the event loop sees to the rest of the process. */
const SCHEDULES_PER_TURN = 50;

/** Runs schedules of locks, see {@link simulateRuns}. */
export function simulate(
  locks: LocksUnderTest,
  schedules: number,
): Promise<Readonly<Record<string, number>>> {
  return simulateRuns(runsOf(locks), schedules);
}

/**
 * Runs schedules with seeds from the first on, or the one that `SEED` names.
 *
 * @returns how often what happened in all of them
 * @throws ViolationError that names the seed, and tells what happened
 */
export async function simulateRuns(
  open: OpenRun,
  schedules: number,
): Promise<Readonly<Record<string, number>>> {
  const totals: Record<string, number> = {};
  const found = await search(open, isReplay ? 1 : schedules, (counts) => {
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
  });
  if (found !== null) throw new ViolationError(await describeFailure(found.seed, open));
  return totals;
}

/** How many schedules it takes until one is against the rules, and which rule; null: more than these. */
export async function findViolation(
  locks: LocksUnderTest,
  schedulesMax: number,
): Promise<{ readonly schedules: number; readonly violation: string } | null> {
  const found = await search(runsOf(locks), schedulesMax, () => {});
  return found && { schedules: found.seed - firstSeed + 1, violation: found.violation };
}

function runsOf(locks: LocksUnderTest): OpenRun {
  return (seed, isTraced) => new Scenario(seed, locks, isTraced);
}

async function search(
  open: OpenRun,
  schedules: number,
  ran: (counts: Readonly<Record<string, number>>) => void,
): Promise<{ readonly seed: number; readonly violation: string } | null> {
  const { stackTraceLimit } = Error;
  // Refusals and lost connections are ordinary here, and most of what they cost is the stack.
  Error.stackTraceLimit = 0;
  try {
    for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
      const scenario = open(seed);
      try {
        await scenario.run();
      } catch (error) {
        return { seed, violation: String(error) };
      }
      ran(scenario.counts);
      if (seed % SCHEDULES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return null;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Runs the schedule once more, to tell what happens in it. */
async function describeFailure(seed: number, open: OpenRun): Promise<string> {
  const scenario = open(seed, true);
  const failure = await scenario.run().then(
    () => 'did not fail when it ran again: something other than the seed decides',
    (error: unknown) => `failed: ${error instanceof ViolationError ? String(error) : (error as Error).stack}`,
  );
  return `SEED=${seed} ${failure}\n${scenario.trace.join('\n')}`;
}
