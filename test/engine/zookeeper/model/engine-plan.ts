import { seededIntegers } from '../../../core/random.ts';
import type { Fault, FaultKind, FaultPlan } from '../../../zookeeper/model/schedule-plan.ts';

/** What becomes of a request that is not answered yet. */
type Meanwhile =
  | 'nothing'
  | 'cancel'
  /** Is given up, and asked again by the same id. */
  | 'cancelAndRepeat'
  /** Is repeated by a second call, without a word to the first. */
  | 'repeat'
  /** Its caller loses the connection, and repeats the request at another server. */
  | 'move'
  /** Somebody releases it by its id. */
  | 'unlockById';

type HoldEnd =
  | 'unlock'
  | 'unlockElsewhere'
  | 'unlockById'
  | 'unlockByIdElsewhere'
  | 'endSession'
  | 'cancel'
  | 'undelivered'
  | 'expire';

/** One time that a client wants a lock. All times count from the step before. */
export interface Round {
  readonly gapMs: number;
  readonly lock: number;
  readonly tries: boolean;
  readonly isShared: boolean;
  readonly size: number;
  /** 0: none. */
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly deadlineMs: number;
  readonly hasId: boolean;
  readonly meanwhile: Meanwhile;
  readonly afterMs: number;
  readonly holdMs: number;
  readonly renews: 'no' | 'here' | 'elsewhere';
  readonly renewedMs: number;
  readonly repeatsHeld: boolean;
  readonly end: HoldEnd;
}

export interface EngineClientPlan {
  /** Its server, as long as that is there. */
  readonly server: number;
  readonly rounds: readonly Round[];
}

interface EngineServerPlan {
  readonly faults: readonly Fault[];
  /** When it is told to stop; null: never. */
  readonly stopsAtMs: number | null;
}

export interface EnginePlan extends FaultPlan {
  readonly locks: readonly string[];
  readonly replicas: number;
  readonly requestTimeoutMs: number;
  readonly servers: readonly EngineServerPlan[];
  readonly clients: readonly EngineClientPlan[];
  /** Whether some ask for a lock of another size than others do. */
  readonly hasOddSizes: boolean;
  readonly isCalm: boolean;
  /** Whether locks outlive the sessions of their clients, and their servers. Then each has a lease, and not a long one. */
  readonly isDurable: boolean;
}

/** Before that, all servers connect. */
export const BEGIN_MS = 50;
const FAULTS_END_MS = 2_500;
const KINDS: readonly FaultKind[] = [
  ...Array<'cut'>(6).fill('cut'),
  ...Array<'stall'>(4).fill('stall'),
  ...Array<'replies'>(2).fill('replies'),
  ...Array<'everything'>(2).fill('everything'),
  'crash',
];

/** What clients, servers and the network do, by the seed alone. */
export function planEngines(seed: number): EnginePlan {
  const draw = seededIntegers(seed);
  const pick = <T>(...from: readonly T[]): T => from[draw(from.length)]!;
  // One schedule in three is calm, so that what is wrong even then is not blamed on a fault.
  const isCalm = draw(3) === 0;
  const sessionTimeoutMs = pick(600, 1_000);
  const isDurable = draw(4) === 0;
  const locks = pick(['a'], ['a'], ['a', 'b/ü']);
  const sizes = locks.map(() => pick(1, 1, 1, 2, 3));
  const hasOddSizes = draw(5) === 0;

  const drawRound = (): Round => {
    const lock = draw(locks.length);
    const size = hasOddSizes && draw(4) === 0 ? 4 - sizes[lock]! : sizes[lock]!;
    const hasId = draw(2) === 0;
    const leaseMs = isDurable ? 200 + draw(1_500) : pick(0, 0, 100 + draw(300), 60_000);
    return {
      ...{ lock, size, hasId, leaseMs },
      gapMs: pick(0, draw(20), draw(20), draw(400)),
      tries: draw(4) === 0,
      isShared: size === 1 && draw(3) === 0,
      waitMs: pick(0, 0, 0, 1 + draw(60), draw(400) + 1),
      deadlineMs: pick(0, 0, 0, 1 + draw(60), draw(400) + 1),
      meanwhile: hasId
        ? pick('nothing', 'cancel', 'cancelAndRepeat', 'cancelAndRepeat', 'repeat', 'move', 'unlockById')
        : pick('nothing', 'nothing', 'nothing', 'cancel'),
      afterMs: pick(0, draw(10), draw(30), draw(200)),
      holdMs: pick(0, draw(20), draw(100), draw(100), draw(600)),
      renews: leaseMs > 0 ? pick('no', 'here', 'elsewhere') : 'no',
      renewedMs: pick(50 + draw(100), 300 + draw(300), isDurable ? 2_000 : 60_000),
      repeatsHeld: hasId && draw(3) === 0,
      end: pick<HoldEnd>(
        ...(['unlock', 'unlock', 'unlockElsewhere', 'endSession', 'cancel', 'undelivered'] as const),
        ...(hasId ? (['unlockById', 'unlockByIdElsewhere'] as const) : []),
        ...(leaseMs > 0 && leaseMs < 1_000 ? (['expire'] as const) : []),
      ),
    };
  };
  const drawServer = (): EngineServerPlan => {
    const faults: Fault[] = [];
    for (let atMs = BEGIN_MS + draw(1_000); !isCalm && atMs < FAULTS_END_MS; atMs += 50 + draw(1_500)) {
      const durationMs = pick(0, draw(50), draw(sessionTimeoutMs), draw(2 * sessionTimeoutMs));
      faults.push({ atMs, kind: pick(...KINDS), durationMs });
    }
    return { faults, stopsAtMs: !isCalm && draw(8) === 0 ? BEGIN_MS + draw(FAULTS_END_MS) : null };
  };
  const servers = Array.from({ length: pick(2, 2, 3) }, drawServer);
  const drawClient = (): EngineClientPlan => ({
    server: draw(servers.length),
    rounds: Array.from({ length: 1 + draw(5) }, drawRound),
  });
  return {
    ...{ isCalm, isDurable, sessionTimeoutMs, locks, hasOddSizes, servers },
    replicas: pick(1, 3),
    requestTimeoutMs: pick(sessionTimeoutMs, 300),
    clients: Array.from({ length: 2 + draw(5) }, drawClient),
    writesPerCut: isCalm ? 0 : pick(0, 8, 30),
    faultsEndMs: FAULTS_END_MS,
    outageAtMs: !isCalm && draw(8) === 0 ? draw(FAULTS_END_MS) : null,
    outageMs: draw(2 * sessionTimeoutMs),
  };
}
