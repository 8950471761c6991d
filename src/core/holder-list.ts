import { HashIndex } from '../base/hash-index.ts';
import { type ClaimTable, FIRST_UNCHANGED } from './claim-table.ts';
import type { LockKey } from './lock-key.ts';
import type { LockTable } from './lock-table.ts';
import type { FencingToken } from './sink.ts';

/**
 * Up to this many holders are searched one by one, which is what nearly every lock needs and costs no memory. From
 * the next one on the lock's keys stand in an index, until its last holder has gone.
 */
const SEARCHED_HOLDERS_MAX = 8;

/** The holders of every lock, newest first, and the way from a key to its holder. */
export class HolderList {
  readonly #claims: ClaimTable;
  readonly #locks: LockTable;
  readonly #keys = new HashIndex();

  constructor(claims: ClaimTable, locks: LockTable) {
    this.#claims = claims;
    this.#locks = locks;
  }

  /** Keys that stand in the index: those of all holders of locks with many. */
  get indexedKeys(): number {
    return this.#keys.count;
  }

  /** Turns a waiter that stands in no queue into a holder. */
  add(claim: number, token: FencingToken, nowMs: number): void {
    const claims = this.#claims;
    const locks = this.#locks;
    const lock = claims.lock(claim);
    claims.hold(claim, locks.firstHolder(lock), token, nowMs);
    const holders = locks.addHolder(lock, claim, claims.permits(claim), claims.isShared(claim));
    if (this.#hasIndex(lock)) this.#keys.add(claims.keyHash(claim), claim);
    else if (holders > SEARCHED_HOLDERS_MAX) this.#indexKeys(lock);
  }

  remove(claim: number): void {
    const claims = this.#claims;
    const locks = this.#locks;
    const lock = claims.lock(claim);
    const first = claims.unlink(claim);
    if (first !== FIRST_UNCHANGED) locks.setFirstHolder(lock, first);
    const holders = locks.removeHolder(lock, claims.permits(claim), claims.isShared(claim));
    if (!this.#hasIndex(lock)) return;
    this.#keys.remove(claims.keyHash(claim), claim);
    if (holders === 0) locks.setKeysIndexed(lock, false);
  }

  /** The holder with this key, 0 when there is none. */
  find(lock: number, key: LockKey): number {
    const claims = this.#claims;
    if (this.#hasIndex(lock)) return this.#findIndexed(lock, key);
    let claim = this.#locks.firstHolder(lock);
    while (claim !== 0 && !claims.keyEquals(claim, key)) claim = claims.next(claim);
    return claim;
  }

  #hasIndex(lock: number): boolean {
    return this.#keys.count !== 0 && this.#locks.areKeysIndexed(lock);
  }

  #findIndexed(lock: number, key: LockKey): number {
    const keys = this.#keys;
    for (let entry = keys.first(key.a); entry !== 0; entry = keys.next(entry)) {
      const claim = keys.row(entry);
      if (this.#claims.lock(claim) === lock && this.#claims.keyEquals(claim, key)) return claim;
    }
    return 0;
  }

  #indexKeys(lock: number): void {
    const claims = this.#claims;
    this.#locks.setKeysIndexed(lock, true);
    for (let claim = this.#locks.firstHolder(lock); claim !== 0; claim = claims.next(claim)) {
      this.#keys.add(claims.keyHash(claim), claim);
    }
  }
}
