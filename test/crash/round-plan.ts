import { seededIntegers } from '../core/random.ts';

/** What a client does when its server is killed: see each. */
export const ClientEnd = {
  /** Keeps its connection, and reads whatever the server had sent. */
  Stays: 'stays',
  /** Its connection is destroyed, and what it was being told is lost, right after the server. */
  CutAfter: 'cut after',
  /** The same, right before the server: that may still notice it. */
  CutBefore: 'cut before',
} as const;

export type ClientEnd = (typeof ClientEnd)[keyof typeof ClientEnd];

/** What happens in a round. All of it follows from the seed. */
export interface RoundPlan {
  readonly seed: number;
  readonly random: (end: number) => number;
  readonly shards: number;
  readonly sync: 'always' | 'interval' | 'never';
  readonly defaultLockTimeoutMs: number;
  readonly noClearOnDisconnect: boolean;
  /** Starts that are killed before they are done: after so many milliseconds, or as soon as a file of a new generation is seen. */
  readonly killedStarts: readonly (number | 'new generation')[];
  /** SIGTERM in place of SIGKILL. */
  readonly isOrderly: boolean;
  /** How long the load has run by then. */
  readonly loadMs: number;
  /** Most names are long, so that journals get long; the end comes earlier when one of them is being made anew. */
  readonly isHeavy: boolean;
  readonly clients: readonly ClientEnd[];
}

const CLIENTS = 8;
const HEAVY_LOAD_MS = 600;
const DEFAULT_TIMEOUT_MS = 600_000;

/** @param shardsBefore how many shards the server of the round before had */
export function planRound(seed: number, shardsBefore: number): RoundPlan {
  const random = seededIntegers(seed);
  const shards = random(6) === 0 ? 1 + random(3) : shardsBefore;
  const killedStarts: (number | 'new generation')[] = [];
  if (shards !== shardsBefore ? random(2) === 0 : random(15) === 0) {
    do killedStarts.push(random(2) === 0 ? 'new generation' : random(250));
    while (random(3) === 0);
  }
  const syncChance = random(20);
  const u = random(1_000) / 1_000;
  const isHeavy = random(6) === 0;
  return {
    seed,
    random,
    shards,
    sync: syncChance < 16 ? 'always' : syncChance < 19 ? 'interval' : 'never',
    // A start that may be over before it has begun must not leave the end of a lock in doubt.
    defaultLockTimeoutMs: killedStarts.length === 0 && random(12) === 0 ? 400 : DEFAULT_TIMEOUT_MS,
    noClearOnDisconnect: random(2) === 0,
    killedStarts,
    isOrderly: random(10) === 0,
    // Short ones are more frequent: most of a round is its server's start.
    loadMs: isHeavy ? HEAVY_LOAD_MS : 20 + 380 * u * u,
    isHeavy,
    clients: Array.from({ length: CLIENTS }, () => {
      const chance = random(4);
      return chance < 2 ? ClientEnd.Stays : chance === 2 ? ClientEnd.CutAfter : ClientEnd.CutBefore;
    }),
  };
}
