import type { CheckedCalls, LockPlan } from './checked-calls.ts';
import type { ClaimLedger } from './claim-ledger.ts';
import type { CrashConnection } from './crash-connection.ts';
import { type CrashClaim, CrashLock } from './crash-lock.ts';
import type { RoundPlan } from './round-plan.ts';

type Random = (end: number) => number;

const SLOTS = 6;
/** So many claims are left standing by slots that go on to something else; more would only make the checks long. */
const STANDING_MAX = 300;
const LONG_TIMEOUT_MS = 60_000;
/** Locks that all slots want: these of each size in all rounds, with request ids, and as many for one round, without. */
const CONTENDED_SIZES = [1, 1, 3, 3];

/** Locks that everybody wants, in all rounds: each call has a request id, so that none stays unknown after a crash. */
export function makeContendedLocks(): CrashLock[] {
  return CONTENDED_SIZES.map((size, i) => new CrashLock(`contended-${i}`, size, true, false));
}

/**
 * Load for a server that is about to be killed. Each slot sends its next call when the one before is answered: it
 * takes a lock, keeps or renews it, and gives it back or leaves it behind.
 */
export class CrashLoad {
  readonly #ledger: ClaimLedger;
  readonly #calls: CheckedCalls;
  readonly #random: Random;
  readonly #contended: readonly CrashLock[];
  readonly #isHeavy: boolean;
  readonly #quiet = new Set<CrashConnection>();
  #isStopping = false;
  #requestIds = 0;
  readonly #seed: number;

  constructor(
    ledger: ClaimLedger,
    calls: CheckedCalls,
    { random, seed, isHeavy }: RoundPlan,
    contended: readonly CrashLock[],
  ) {
    this.#ledger = ledger;
    this.#calls = calls;
    this.#random = random;
    this.#seed = seed;
    this.#isHeavy = isHeavy;
    const ofRound = [1, 3].map((size) => new CrashLock(`round-${seed}-of-${size}`, size, false, false));
    this.#contended = [...contended, ...ofRound];
  }

  begin(connections: readonly CrashConnection[]): void {
    for (const connection of connections) {
      for (let slot = 0; slot < SLOTS; slot++) this.#take(connection);
    }
  }

  /** From now on slots only renew and give back what they hold. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Lets the slots of a connection send nothing any more. */
  silence(connection: CrashConnection): void {
    this.#quiet.add(connection);
  }

  #take(connection: CrashConnection): void {
    if (this.#isStopping || this.#isSilent(connection)) return;
    const plan = this.#plan();
    this.#calls.lock(connection, plan, (claim) => {
      if (claim === null) this.#take(connection);
      else this.#use(connection, claim);
    });
  }

  #use(connection: CrashConnection, claim: CrashClaim): void {
    if (this.#isSilent(connection)) return;
    const chance = this.#random(100);
    const takeNext = (): void => this.#take(connection);
    if (chance < 15 && this.#mayLeave(claim)) return takeNext();
    if (chance < 40 && claim.hasTimeout) {
      const timeoutMs = this.#timeoutMs() || LONG_TIMEOUT_MS;
      return this.#calls.renew(connection, claim, timeoutMs, () => {
        if (claim.lock.claims.has(claim)) this.#use(connection, claim);
        else takeNext();
      });
    }
    this.#calls.unlock(connection, claim, takeNext);
  }

  /** A lock with one holder that many want is not left: the rest of the round would be waiting. */
  #mayLeave({ lock }: CrashClaim): boolean {
    return (lock.isOwn || this.#random(10) === 0) && this.#ledger.claims.size < STANDING_MAX;
  }

  #plan(): LockPlan {
    const random = this.#random;
    const isOwn = random(100) < (this.#isHeavy ? 90 : 60);
    const lock = isOwn
      ? this.#ledger.takeOwnLock(random, this.#isHeavy)
      : this.#contended[random(this.#contended.length)]!;
    const requestId = lock.hasRequestIds
      ? Buffer.from(`request-${this.#seed}-${this.#requestIds++}`)
      : undefined;
    return {
      lock,
      permits: 1 + random(lock.size),
      requestId,
      timeoutMs: this.#timeoutMs(),
      waitMs: random(2) === 0 ? 0 : 5 + random(60),
    };
  }

  #timeoutMs(): number {
    const chance = this.#random(100);
    if (chance < 40) return 0;
    if (chance < 70) return LONG_TIMEOUT_MS;
    if (chance < 85) return 2_000 + this.#random(10_000);
    return 30 + this.#random(300);
  }

  #isSilent(connection: CrashConnection): boolean {
    return connection.isClosed || this.#quiet.has(connection);
  }
}
