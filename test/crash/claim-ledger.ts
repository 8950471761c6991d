import type { CrashConnection } from './crash-connection.ts';
import { type CrashClaim, CrashLock } from './crash-lock.ts';

/** A request with it still fits a frame, and a few thousand of them a journal that is made anew. */
const LONG_SUFFIX = '-long'.repeat(3_000);

/** A Lock with a request id that nobody has answered. */
export interface StrayCall {
  readonly lock: CrashLock;
  readonly permits: number;
  readonly requestId: Buffer;
  readonly timeoutMs: number;
  /** A token of the lock that was known before it was sent. */
  readonly tokenFloor: bigint;
}

/** A grant that has ended, so that its key is refused for ever. */
export interface EndedClaim {
  readonly claim: CrashClaim;
  readonly endedMs: number;
  /** How that was noticed. */
  readonly how: string;
}

/** What was acknowledged by all servers of a run, and what contradicts it. */
export class ClaimLedger {
  /** Grants, releases and renewals that clients were told of. */
  acknowledged = 0;
  /** Calls that were open when a server ended: they may have been carried out or not. */
  unanswered = 0;
  readonly violations: string[] = [];
  /** All that may be held. */
  readonly claims = new Set<CrashClaim>();
  /** All that have ended, the latest last. */
  readonly ended: EndedClaim[] = [];
  /** Calls that may hold, and can be asked for. */
  readonly strays: StrayCall[] = [];
  /** Locks for one slot at a time that nobody holds, with short names and with long ones. */
  readonly #freeLocks: CrashLock[] = [];
  readonly #freeLongLocks: CrashLock[] = [];
  #ownLocks = 0;

  violation(what: string): void {
    this.violations.push(what);
  }

  /** A lock that surely nobody holds. */
  takeOwnLock(random: (end: number) => number, isLong: boolean): CrashLock {
    const free = (isLong ? this.#freeLongLocks : this.#freeLocks).pop();
    if (free !== undefined) return free;
    const size = random(4) === 0 ? 3 : 1;
    const name = `own-${this.#ownLocks++}${isLong ? LONG_SUFFIX : ''}`;
    return new CrashLock(name, size, random(3) === 0, true);
  }

  granted(claim: CrashClaim, nowMs: number): void {
    const { lock } = claim;
    this.acknowledged++;
    this.claims.add(claim);
    lock.claims.add(claim);
    if (claim.token > lock.tokenMax) lock.tokenMax = claim.token;
    const permits = lock.permitsTaken(nowMs);
    if (permits > lock.size) this.violation(`${lock.name}: ${permits} permits of ${lock.size} are taken`);
  }

  /** It is known to be over. */
  over(claim: CrashClaim, how: string, nowMs: number): void {
    this.claims.delete(claim);
    claim.lock.claims.delete(claim);
    this.ended.push({ claim, endedMs: nowMs, how });
    this.offer(claim.lock);
  }

  /** Lets a slot use a lock, if nobody can hold it. */
  offer(lock: CrashLock): void {
    if (!lock.isOwn || !lock.isFree) return;
    if (lock.name.endsWith(LONG_SUFFIX)) this.#freeLongLocks.push(lock);
    else this.#freeLocks.push(lock);
  }

  /** A connection ends while the server may still notice, and then releases what it holds. */
  connectionLost(connection: CrashConnection): void {
    for (const claim of this.claims) if (claim.owner === connection) claim.isSure = false;
  }

  serverEnded(nowMs: number): void {
    for (const claim of this.claims) claim.serverEnded(nowMs);
  }

  /** A server has come up, between two times. */
  restored(fromMs: number, byMs: number, defaultTimeoutMs: number): void {
    for (const claim of this.claims) claim.restored(fromMs, byMs, defaultTimeoutMs);
  }
}
