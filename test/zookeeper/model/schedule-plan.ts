import { seededIntegers } from '../../core/random.ts';
import type { LockLayout, LockMode, LocksUnderTest } from './lock-under-test.ts';

/** One time that somebody wants the lock. All times count from the step before. */
export interface Round {
  readonly gapMs: number;
  readonly mode: LockMode;
  readonly timeoutMs: number | null;
  /** Null: never. */
  readonly abortMs: number | null;
  readonly holdMs: number;
  /** Takes the lock again, or the read lock beside the write lock, and releases the first one before that. */
  readonly takesTwice: boolean;
}

export type FaultKind = 'cut' | 'replies' | 'everything' | 'stall' | 'crash' | 'close';

export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** How long no server can be reached, or nothing runs. */
  readonly durationMs: number;
}

export interface ClientPlan {
  readonly tasks: readonly (readonly Round[])[];
  readonly faults: readonly Fault[];
}

/** What breaks by itself, whoever suffers it. */
export interface FaultPlan {
  readonly sessionTimeoutMs: number;
  /** One write in so many cuts its connection; 0: none. */
  readonly writesPerCut: number;
  readonly faultsEndMs: number;
  /** When all servers go down; null: never. */
  readonly outageAtMs: number | null;
  readonly outageMs: number;
  /** When one of the followers is cut off from the leader, and for how long. */
  readonly followerCuts: readonly { readonly atMs: number; readonly durationMs: number }[];
}

export interface SchedulePlan extends FaultPlan {
  readonly layout: LockLayout;
  readonly path: string;
  readonly replicas: number;
  readonly requestTimeoutMs: number;
  readonly clients: readonly ClientPlan[];
  /** Children of the lock's node that are none of its locks; when there are any, that node is kept. */
  readonly junk: readonly string[];
  readonly isCalm: boolean;
}

const FAULTS_END_MS = 2_500;
const KINDS: readonly FaultKind[] = [
  ...Array<'cut'>(6).fill('cut'),
  ...Array<'stall'>(5).fill('stall'),
  ...Array<'replies'>(2).fill('replies'),
  ...Array<'everything'>(2).fill('everything'),
  'crash',
  'close',
];

/** What clients do and suffer, by the seed alone. */
export function planSchedule(seed: number, locks: LocksUnderTest): SchedulePlan {
  const draw = seededIntegers(seed);
  const pick = <T>(...from: readonly T[]): T => from[draw(from.length)]!;
  const layout: LockLayout =
    locks.readWrite !== null && draw(5) < 2
      ? { kind: 'readWrite' }
      : { kind: 'mutex', size: pick(1, 1, 1, 2, 3) };
  // One schedule in four is calm, so that what is wrong even then is not blamed on a fault.
  const isCalm = draw(4) === 0;
  const sessionTimeoutMs = pick(600, 1000);
  const replicas = pick(1, 3);
  const drawRound = (): Round => ({
    gapMs: pick(0, draw(20), draw(500)),
    mode: layout.kind === 'mutex' ? 'one' : pick('read', 'read', 'write', 'write'),
    timeoutMs: pick(null, null, null, 0, 20 + draw(60), draw(400), 1000),
    abortMs: draw(6) === 0 ? draw(60) : null,
    holdMs: pick(0, draw(20), draw(100), draw(100), draw(1000)),
    takesTwice: draw(3) === 0,
  });
  const drawFault = (atMs: number): Fault => ({
    atMs,
    kind: pick(...KINDS),
    durationMs: pick(0, draw(50), draw(sessionTimeoutMs), draw(2 * sessionTimeoutMs)),
  });
  const drawClient = (): ClientPlan => {
    const rounds = () => Array.from({ length: 1 + draw(4) }, drawRound);
    const faults: Fault[] = [];
    for (let atMs = draw(1000); !isCalm && atMs < FAULTS_END_MS; atMs += 50 + draw(1500))
      faults.push(drawFault(atMs));
    return { tasks: Array.from({ length: pick(1, 1, 2) }, rounds), faults };
  };
  return {
    layout,
    path: pick('/lock', '/locks/of/some', '/locks/one'),
    replicas,
    sessionTimeoutMs,
    requestTimeoutMs: pick(Number.POSITIVE_INFINITY, 300),
    clients: Array.from({ length: 2 + draw(4) }, drawClient),
    writesPerCut: isCalm ? 0 : pick(0, 8, 30),
    faultsEndMs: FAULTS_END_MS,
    outageAtMs: !isCalm && draw(6) === 0 ? draw(FAULTS_END_MS) : null,
    outageMs: draw(2 * sessionTimeoutMs),
    followerCuts:
      isCalm || replicas === 1
        ? []
        : Array.from({ length: pick(0, 0, 1, 2) }, () => ({
            atMs: draw(FAULTS_END_MS),
            durationMs: draw(2 * sessionTimeoutMs),
          })),
    junk: draw(8) === 0 ? ['!junk', '_c_junk-lock-', 'junk0000000000', 'zjunk'] : [],
    isCalm,
  };
}
