import type { MappedPath } from '../../../../src/engine/zookeeper/lock-place.ts';
import { seededIntegers } from '../../../core/random.ts';
import type { Fault, FaultKind, FaultPlan } from '../../../zookeeper/model/schedule-plan.ts';
import { type ForeignPlan, planForeigners } from './foreign-plan.ts';
import { planRound, type Round } from './round-plan.ts';

export interface EngineClientPlan {
  /** Its server, as long as that is there. */
  readonly server: number;
  readonly rounds: readonly Round[];
}

interface EngineServerPlan {
  readonly faults: readonly Fault[];
  /** When it is told to stop; null: never. */
  readonly stopsAtMs: number | null;
  /** How long after the end of the one before the next ones are started, which go on with its session. */
  readonly restartsAfterMs: readonly number[];
}

/** Somebody lists the locks at a server, or a watcher there takes nothing for a while. */
interface Look {
  readonly atMs: number;
  readonly server: number;
  readonly pageSize: number;
  /** 0: it is a listing. */
  readonly pauseMs: number;
}

export interface EnginePlan extends FaultPlan {
  readonly locks: readonly string[];
  /** Of each lock, what most ask for. */
  readonly sizes: readonly number[];
  /** Those of them for which the operator has named a path. */
  readonly mapped: readonly MappedPath[];
  readonly foreigners: readonly ForeignPlan[];
  readonly replicas: number;
  readonly requestTimeoutMs: number;
  readonly servers: readonly EngineServerPlan[];
  readonly clients: readonly EngineClientPlan[];
  /** Whether some ask for a lock of another size than others do. */
  readonly hasOddSizes: boolean;
  readonly isCalm: boolean;
  /** Whether all that happens to servers is that they stop, and that others go on with their sessions. */
  readonly isRolling: boolean;
  /** Whether locks outlive the sessions of their clients, and their servers. Then each has a lease, and not a long one. */
  readonly isDurable: boolean;
  /** Whether servers leave their sessions to those who are started after them. Then no lock has a long lease either. */
  readonly keepsSessions: boolean;
  /** The lease of a lock that had none, when another server goes on with it. */
  readonly defaultLockTimeoutMs: number;
  /** Null: nobody watches the locks. */
  readonly looks: readonly Look[] | null;
}

/** Before that, all servers connect. */
export const BEGIN_MS = 50;
const FAULTS_END_MS = 2_500;
const CROWD_SIZE = 36;
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
  // In some, all that happens is that servers are replaced, and no lock may suffer from that.
  const isRolling = !isCalm && draw(4) === 0;
  const hasFaults = !isCalm && !isRolling;
  const isDurable = draw(4) === 0;
  const keepsSessions = !isCalm && (isRolling || draw(3) === 0);
  const holdsLong = draw(isRolling ? 2 : 4) === 0;
  const hasShortLeases = isDurable || keepsSessions;
  // Of large sizes a waiter watches some only, so there have to be more clients than that.
  const isCrowd = draw(100) === 0;
  const locks = pick(['a'], ['a'], ['a', 'b/ü']);
  const isShared = !isCrowd && draw(3) === 0;
  const layouts = locks.map(() =>
    isShared ? pick<MappedPath['layout'] | null>(null, 'mutex', 'rw', 'semaphore', 'semaphore') : null,
  );
  const sizes = layouts.map((layout) => {
    if (isCrowd) return CROWD_SIZE;
    return layout === null || layout === 'semaphore' ? pick(1, 1, 1, 2, 3) : 1;
  });
  const mapped = layouts.flatMap((layout, lock) =>
    layout === null ? [] : [{ name: locks[lock]!, path: pick('/x', '/teams/x') + lock, layout }],
  );
  const hasOddSizes = !isCrowd && draw(5) === 0;
  const drawFaults = (): Fault[] => {
    const faults: Fault[] = [];
    for (let atMs = BEGIN_MS + draw(1_000); hasFaults && atMs < FAULTS_END_MS; atMs += 50 + draw(1_500)) {
      const durationMs = pick(0, draw(50), draw(sessionTimeoutMs), draw(2 * sessionTimeoutMs));
      faults.push({ atMs, kind: pick(...KINDS), durationMs });
    }
    return faults;
  };
  // Other programs cannot be told what size a lock has, so there are none where some ask for another one.
  const foreigners =
    hasOddSizes && draw(2) === 0 ? [] : planForeigners(layouts, { draw, faults: drawFaults });

  const drawRound = (): Round =>
    planRound({ draw, layouts, sizes, hasOddSizes, isDurable, hasShortLeases, holdsLong, foreigners });
  const drawServer = (): EngineServerPlan => {
    const stops = !isCalm && (keepsSessions || draw(isDurable ? 2 : 8) === 0);
    return {
      faults: drawFaults(),
      stopsAtMs: stops ? BEGIN_MS + draw(FAULTS_END_MS) : null,
      restartsAfterMs: keepsSessions
        ? Array.from({ length: draw(4) }, () => draw(isRolling ? sessionTimeoutMs / 2 : sessionTimeoutMs))
        : [],
    };
  };
  const replicas = pick(1, 3);
  const servers = Array.from({ length: pick(2, 2, 3) }, drawServer).map((server, place) =>
    // While none is there, other programs wait for what has outlived all of them.
    place === 0 && isDurable && foreigners.length > 0 ? stayingOf(server) : server,
  );
  const drawLook = (): Look => ({
    atMs: BEGIN_MS + draw(FAULTS_END_MS),
    server: draw(servers.length),
    pageSize: pick(1, 2, 100),
    pauseMs: pick(0, 0, draw(500)),
  });
  const drawClient = (): EngineClientPlan => ({
    server: draw(servers.length),
    rounds: Array.from({ length: 1 + draw(5) }, drawRound),
  });
  return {
    ...{ isCalm, isRolling, isDurable, keepsSessions, sessionTimeoutMs, locks, sizes, mapped, foreigners },
    ...{ hasOddSizes, servers, replicas },
    defaultLockTimeoutMs: 300 + draw(1_500),
    looks: draw(4) === 0 ? Array.from({ length: 2 + draw(6) }, drawLook) : null,
    requestTimeoutMs: pick(sessionTimeoutMs, 300),
    clients: Array.from({ length: isCrowd ? CROWD_SIZE + draw(10) : 2 + draw(5) }, drawClient),
    writesPerCut: !hasFaults ? 0 : pick(0, 8, 30),
    faultsEndMs: FAULTS_END_MS,
    followerCuts:
      !hasFaults || replicas === 1
        ? []
        : Array.from({ length: pick(0, 0, 1, 2) }, () => ({
            atMs: BEGIN_MS + draw(FAULTS_END_MS),
            durationMs: draw(2 * sessionTimeoutMs),
          })),
    outageAtMs: hasFaults && draw(8) === 0 ? draw(FAULTS_END_MS) : null,
    outageMs: draw(2 * sessionTimeoutMs),
  };
}

function stayingOf({ faults, restartsAfterMs }: EngineServerPlan): EngineServerPlan {
  return { faults: faults.filter(({ kind }) => kind !== 'crash'), stopsAtMs: null, restartsAfterMs };
}
