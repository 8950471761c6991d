import { HashIndex } from '../base/hash-index.ts';
import { type ClaimTable, FIRST_UNCHANGED } from './claim-table.ts';
import type { LockTable } from './lock-table.ts';
import { QueueLengths } from './queue-lengths.ts';

/**
 * The waiters of every lock, first come first served, and the way from a call to its waiter. A waiter must be
 * linked to its session before it is appended, and until it is removed.
 */
export class WaitQueue {
  readonly #claims: ClaimTable;
  readonly #locks: LockTable;
  readonly #calls = new HashIndex();
  readonly #lengths = new QueueLengths();
  readonly #seed: number;

  /** `seed`: what clients cannot know, so that they cannot choose calls with one hash. */
  constructor(claims: ClaimTable, locks: LockTable, seed: number) {
    this.#claims = claims;
    this.#locks = locks;
    this.#seed = seed | 0;
  }

  /** Calls that can be found: as many as there are waiters. */
  get indexedCalls(): number {
    return this.#calls.count;
  }

  /** The most waiters that any lock has. */
  get longest(): number {
    return this.#lengths.longest;
  }

  append(claim: number): void {
    const claims = this.#claims;
    const locks = this.#locks;
    const lock = claims.lock(claim);
    const last = locks.lastWaiter(lock);
    claims.linkBehind(claim, last);
    if (last === 0) locks.setFirstWaiter(lock, claim);
    locks.setLastWaiter(lock, claim);
    this.#lengths.grown(locks.addWaiters(lock, 1));
    this.indexCall(claim);
  }

  remove(claim: number): void {
    const claims = this.#claims;
    const locks = this.#locks;
    const lock = claims.lock(claim);
    if (locks.lastWaiter(lock) === claim) locks.setLastWaiter(lock, claims.previous(claim));
    const first = claims.unlink(claim);
    if (first !== FIRST_UNCHANGED) locks.setFirstWaiter(lock, first);
    this.#lengths.shrunk(locks.addWaiters(lock, -1));
    this.forgetCall(claim);
  }

  /** The waiter of a call, by the row of its session; 0 when the call does not wait. */
  find(session: number, call: number): number {
    const claims = this.#claims;
    const calls = this.#calls;
    for (let entry = calls.first(this.#hash(session, call)); entry !== 0; entry = calls.next(entry)) {
      const claim = calls.row(entry);
      if (claims.call(claim) === call >>> 0 && claims.session(claim) === session) return claim;
    }
    return 0;
  }

  /** For a waiter that changes its call and keeps its place: forget the old call, then index the new one. */
  forgetCall(claim: number): void {
    this.#calls.remove(this.#hash(this.#claims.session(claim), this.#claims.call(claim)), claim);
  }

  indexCall(claim: number): void {
    this.#calls.add(this.#hash(this.#claims.session(claim), this.#claims.call(claim)), claim);
  }

  /**
   * Spreads a session's row and a call over 32 bits: streams of one connection differ by two, rows by one. The call
   * is mixed behind the seed, so that which calls meet depends on it.
   */
  #hash(session: number, call: number): number {
    let mixed = Math.imul(session ^ this.#seed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ call, 0xc2b2ae35);
    return mixed ^ (mixed >>> 15);
  }
}
