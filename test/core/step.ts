/**
 * One step of a generated run, in plain data that means the same when steps before it are left out: which session,
 * key or waiting call is meant is given by position, and looked up when the step is taken.
 */
export type Step = { readonly elapsedMs: number } & (
  | ({ readonly kind: 'lock' } & LockStep)
  | {
      readonly kind: 'unlock';
      readonly grant: number;
      readonly name: string | null;
      readonly keyValid: boolean;
      readonly requestId: RequestChoice;
    }
  | {
      readonly kind: 'renew';
      readonly grant: number;
      readonly name: string | null;
      readonly lockTimeoutMs: number;
    }
  | { readonly kind: 'cancel'; readonly claim: number; readonly granted: boolean; readonly known: boolean }
  | { readonly kind: 'endSession'; readonly session: number }
  /** Undoes a grant, if it still is one. */
  | { readonly kind: 'revoke'; readonly grant: number }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'advance' }
  | { readonly kind: 'stop' }
);

/** No request id, one that was not used before, one too short, or that of an earlier Lock, counted back. */
export type RequestChoice = 'none' | 'new' | 'short' | number;

export interface LockStep {
  readonly tryOnly: boolean;
  readonly session: number;
  /** Act for the session that had this place before it ended: a command that comes too late. */
  readonly late: boolean;
  readonly name: string;
  readonly size: number;
  readonly permits: number;
  readonly mode: number;
  readonly lockTimeoutMs: number;
  readonly waitTimeoutMs: number;
  /** The caller's deadline counted from now. */
  readonly callerMs: number;
  /** A repeat has the name, size, permits and mode of the earlier Lock, but for what the flaw changes. */
  readonly requestId: RequestChoice;
  readonly holder: string;
  readonly flaw: Partial<Omit<LockStep, 'flaw'>>;
}

/** No step takes more choices than these. */
export const CHOICES_PER_STEP = 15;

/** Choices are integers from 0 below this. */
export const CHOICE_END = 1024;

const KINDS = [
  ...Array<'lock'>(44).fill('lock'),
  ...Array<'unlock'>(34).fill('unlock'),
  ...Array<'renew'>(8).fill('renew'),
  ...Array<'cancel'>(6).fill('cancel'),
  ...Array<'endSession'>(3).fill('endSession'),
  ...Array<'advance'>(5).fill('advance'),
  'revoke',
  'suspend',
  ...Array<'resume'>(8).fill('resume'),
] as const;

const NAMES = ['a', 'b', 'c', 'd'] as const;
/** Each name has its usual size, so that sizes match more often than not. */
const USUAL_SIZES = { a: 1, b: 1, c: 3, d: 12 } as const;
const REQUESTS = ['none', 'none', 'none', 'none', 'new', 'new', 0, 1, 2, 3] as const;
const NEVER = Number.POSITIVE_INFINITY;

/** Most steps last a fraction of a millisecond, some as long as most timeouts, and few as long as all of them. */
const STEPS_PER_MS = [
  ...Array<number>(20).fill(1024),
  ...Array<number>(20).fill(64),
  64 / 5,
  1 / 30,
] as const;

/** What is wrong with a Lock: nothing, for most. */
const FLAWS: readonly LockStep['flaw'][] = [
  ...Array<LockStep['flaw']>(40).fill({}),
  { size: 1 },
  { size: 2 },
  { size: 3 },
  { size: 0 },
  { size: -1 },
  { permits: 2 },
  { permits: 13 },
  { mode: 1 },
  { mode: 2 },
  { name: '' },
  { lockTimeoutMs: -1 },
  { waitTimeoutMs: -1 },
  { callerMs: 0 },
  { requestId: 'short' },
  { holder: 'h'.repeat(257) },
  { late: true },
];

/**
 * Makes a step of choices. The first of every list is the plainest, so that a run that fails shrinks towards plain
 * steps.
 */
export function drawStep(choices: readonly number[], sessions: number): Step {
  let taken = 0;
  const choose = (end: number): number => choices[taken++]! % end;
  const pick = <T>(from: readonly T[]): T => from[choose(from.length)]!;
  const kind = pick(KINDS);
  const elapsedMs = (1 + choices[taken++]!) / pick(STEPS_PER_MS);
  switch (kind) {
    case 'lock':
      return { kind, elapsedMs, ...drawLock(choose, pick, sessions) };
    case 'unlock':
      return {
        kind,
        elapsedMs,
        grant: choose(16),
        name: pick([null, null, null, null, null, null, null, ...NAMES]),
        keyValid: pick([true, true, true, true, true, true, false]),
        requestId: pick([...REQUESTS, ...REQUESTS, 'short']),
      };
    case 'renew':
      return {
        kind,
        elapsedMs,
        grant: choose(8),
        name: pick([null, null, null, null, null, null, null, ...NAMES]),
        lockTimeoutMs: pick([100, 30, 1000, 5, 0, -1]),
      };
    case 'cancel':
      return {
        kind,
        elapsedMs,
        claim: choose(16),
        granted: pick([false, false, true]),
        known: pick([true, true, true, true, false]),
      };
    case 'revoke':
      return { kind, elapsedMs, grant: choose(4) };
    case 'endSession':
      return { kind, elapsedMs, session: choose(sessions) };
    default:
      return { kind, elapsedMs };
  }
}

function drawLock(
  choose: (end: number) => number,
  pick: <T>(from: readonly T[]) => T,
  sessions: number,
): LockStep {
  const name = pick(NAMES);
  const size = USUAL_SIZES[name];
  return {
    name,
    size,
    tryOnly: pick([false, false, true]),
    session: choose(sessions),
    late: false,
    permits: size === 1 ? pick([0, 1]) : pick([0, 1, 1, 1, 1, 2, 3, size]),
    mode: size === 1 ? pick([0, 0, 0, 1]) : 0,
    lockTimeoutMs: pick([0, 0, 30, 100, 100, 1000, 70_000, 5]),
    waitTimeoutMs: pick([0, 0, 0, 10, 40, 200, 70_000]),
    callerMs: pick([NEVER, NEVER, NEVER, NEVER, 20, 100]),
    requestId: pick(REQUESTS),
    holder: pick(['', '', '', '', 'someone']),
    flaw: pick(FLAWS),
  };
}
