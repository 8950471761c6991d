import type { MappedPath } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { ForeignPlan } from './foreign-plan.ts';

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

interface RoundDraws {
  readonly draw: (end: number) => number;
  readonly layouts: readonly (MappedPath['layout'] | null)[];
  readonly sizes: readonly number[];
  readonly foreigners: readonly ForeignPlan[];
  readonly hasOddSizes: boolean;
  readonly isDurable: boolean;
  readonly hasShortLeases: boolean;
  /** Whether locks are held for longer than their leases would last that are renewed meanwhile. */
  readonly holdsLong: boolean;
}

/** How a client wants a lock for once, and what becomes of that. */
export function planRound(draws: RoundDraws): Round {
  const { draw, layouts, sizes, foreigners, hasOddSizes, isDurable, hasShortLeases, holdsLong } = draws;
  const pick = <T>(...from: readonly T[]): T => from[draw(from.length)]!;
  const lock = draw(layouts.length);
  // Other programs cannot be told what size a lock has.
  const isOdd = layouts[lock] === null || (layouts[lock] === 'semaphore' && foreigners.length === 0);
  const size = hasOddSizes && isOdd && draw(4) === 0 ? 4 - sizes[lock]! : sizes[lock]!;
  const hasId = draw(2) === 0;
  const repeatsHeld = hasId && draw(isDurable ? 2 : 3) === 0;
  // What outlives its server is to be held for as long as it takes to find that the server is gone.
  const outlives = isDurable && repeatsHeld;
  const holdMs =
    holdsLong || outlives
      ? pick(draw(100), 300 + draw(900))
      : pick(0, draw(20), draw(100), draw(100), draw(600));
  const isRenewedLate = holdsLong && draw(3) > 0;
  const isRenewed = !outlives || draw(3) === 0;
  const leaseMs = isRenewedLate
    ? Math.ceil(holdMs / 2) + 50 + draw(200)
    : isDurable
      ? (outlives ? 1_200 : 200) + draw(outlives ? 2_500 : 1_500)
      : pick(0, 0, 100 + draw(300), hasShortLeases ? 1_500 : 60_000);
  const renewedMs = pick(50 + draw(100), 300 + draw(300), hasShortLeases ? 2_000 : 60_000);
  return {
    ...{ lock, size, hasId, leaseMs, holdMs },
    gapMs: pick(0, draw(20), draw(20), draw(400)),
    tries: draw(4) === 0,
    isShared: size === 1 && (layouts[lock] ?? 'rw') === 'rw' && draw(3) === 0,
    waitMs: pick(0, 0, 0, 1 + draw(60), draw(400) + 1),
    deadlineMs: pick(0, 0, 0, 1 + draw(60), draw(400) + 1),
    meanwhile: hasId
      ? pick('nothing', 'cancel', 'cancelAndRepeat', 'cancelAndRepeat', 'repeat', 'move', 'unlockById')
      : pick('nothing', 'nothing', 'nothing', 'cancel'),
    afterMs: pick(0, draw(10), draw(30), draw(200)),
    renews: isRenewedLate
      ? pick('here', 'elsewhere')
      : leaseMs > 0 && isRenewed
        ? pick('no', 'here', 'elsewhere')
        : 'no',
    renewedMs: isRenewedLate ? Math.max(renewedMs, 2_000) : renewedMs,
    repeatsHeld,
    end: pick<HoldEnd>(
      ...(['unlock', 'unlock', 'unlockElsewhere', 'endSession', 'cancel', 'undelivered'] as const),
      ...(hasId ? (['unlockById', 'unlockByIdElsewhere'] as const) : []),
      ...(leaseMs > 0 && leaseMs < 1_000 ? (['expire'] as const) : []),
    ),
  };
}
