import { Limits } from '../../base/limits.ts';
import { ClaimView } from '../../core/claim-view.ts';
import { LockCore } from '../../core/lock-core.ts';
import { LockKey } from '../../core/lock-key.ts';
import type { LockState } from '../../core/lock-state.ts';
import { FencingToken } from '../../core/sink.ts';
import { lockKeyTextBytes, parseLockKey } from '../../protocol/protobuf/lock-key-text.ts';
import type { InspectRequest } from './inspect-request.ts';
import { keyTextOf, type RowText } from './row-text.ts';
import { UnlockRefusal } from './unlock-refusals.ts';

/** Claims that one slice looks at: some of them may be newcomers, which it passes over. */
const LOOKS_MAX = 8 * Limits.sliceCount;

/** Releases holders for an administrator, who may know no more of a key than its beginning. */
export class ForcedUnlock {
  readonly #core: LockCore;
  readonly #state: LockState;
  readonly #rows: RowText;
  readonly #view: ClaimView;
  readonly #key = new LockKey();
  readonly #token = new FencingToken();

  constructor(core: LockCore, rows: RowText) {
    this.#core = core;
    this.#state = LockCore.stateOf(core);
    this.#rows = rows;
    this.#view = new ClaimView(this.#state);
  }

  /** Returns the JSON of an `UnlockAnswer`. */
  run(request: InspectRequest, nowMs: number): string {
    const { locks } = this.#state;
    const lock = locks.find(request.name);
    if (lock === 0 || locks.holders(lock) === 0) return this.#refuse(UnlockRefusal.DoesNotExist, 0);
    if (request.all) return this.#releaseAll(lock, request, nowMs);
    if (request.key === '') {
      if (locks.holders(lock) > 1) return this.#refuse(UnlockRefusal.SeveralHolders, lock);
      return this.#releaseOne(locks.firstHolder(lock), nowMs);
    }
    return this.#releaseByKey(lock, request.key, nowMs);
  }

  #releaseByKey(lock: number, keyText: string, nowMs: number): string {
    const { holders, locks } = this.#state;
    const bytes = Buffer.from(keyText, 'latin1');
    let claim = 0;
    if (bytes.length === lockKeyTextBytes) {
      if (parseLockKey(bytes, 0, bytes.length, this.#key)) claim = holders.find(lock, this.#key);
    } else if (locks.holders(lock) > Limits.sliceCount) {
      return this.#refuse(UnlockRefusal.KeyPrefixAmongMany, 0);
    } else {
      const found = this.#findByPrefix(lock, keyText);
      if (found.length > 1) return this.#refuse(UnlockRefusal.KeyAmbiguous, lock);
      claim = found[0] ?? 0;
    }
    return claim === 0 ? this.#refuse(UnlockRefusal.InvalidKey, 0) : this.#releaseOne(claim, nowMs);
  }

  /** The holders whose keys begin like that, two at most. */
  #findByPrefix(lock: number, keyText: string): number[] {
    const { claims, locks } = this.#state;
    const found: number[] = [];
    for (let claim = locks.firstHolder(lock); claim !== 0 && found.length < 2; claim = claims.next(claim)) {
      if (keyTextOf(this.#view.at(claim)).startsWith(keyText)) found.push(claim);
    }
    return found;
  }

  #releaseOne(claim: number, nowMs: number): string {
    const row = this.#rows.claim(claim);
    const released = this.#core.forceUnlock(claim, nowMs) ? [row] : [];
    return answer(-1, released, released.length, '', 0, false, this.#token, [0, 0]);
  }

  /**
   * Releases a slice of those who hold the lock at the first call. Who is granted the lock meanwhile has a token above
   * theirs, and keeps it. The list of holders is linked from the newest on, so newcomers stand before those that are
   * meant: the next slice goes on where this one ended, unless that claim is gone.
   */
  #releaseAll(lock: number, request: InspectRequest, nowMs: number): string {
    const { claims, counters, lastToken } = this.#state;
    const until = this.#token;
    until.high = request.tokenHigh === 0 ? lastToken.high : request.tokenHigh;
    until.low = request.tokenHigh === 0 ? lastToken.low : request.tokenLow;
    const grantsMax = counters.grants + Limits.sliceCount;
    const released: string[] = [];
    let releasedCount = 0;
    let claim = this.#resume(lock, request);
    for (let looks = LOOKS_MAX; claim !== 0 && looks > 0; looks--) {
      // Each release may let many through who waited.
      if (releasedCount === request.countMax || counters.grants >= grantsMax) break;
      const next = claims.next(claim);
      if (this.#isUpTo(claim, until)) {
        const row = releasedCount < Limits.listedClaimsMax ? this.#rows.claim(claim) : '';
        if (this.#core.forceUnlock(claim, nowMs)) {
          releasedCount++;
          if (row !== '') released.push(row);
        }
      }
      // What ended by itself meanwhile has taken its place in the list with it.
      claim = next !== 0 && !this.#isHolder(next, lock) ? this.#state.locks.firstHolder(lock) : next;
    }
    const cursor = claim === 0 ? [0, 0] : [claim, claims.generation(claim)];
    return answer(-1, released, releasedCount, '', 0, claim !== 0, until, cursor);
  }

  /** The claim to go on with. */
  #resume(lock: number, { row, generation }: InspectRequest): number {
    const { claims, locks } = this.#state;
    const stands = this.#isHolder(row, lock) && claims.generation(row) === generation;
    return stands ? row : locks.firstHolder(lock);
  }

  #isHolder(claim: number, lock: number): boolean {
    const { claims } = this.#state;
    return claims.isOpen(claim) && claims.isHolding(claim) && claims.lock(claim) === lock;
  }

  readonly #claimToken = new FencingToken();

  #isUpTo(claim: number, until: FencingToken): boolean {
    const token = this.#claimToken;
    this.#state.claims.readToken(claim, token);
    return token.high < until.high || (token.high === until.high && token.low <= until.low);
  }

  /** `lock`: whose holders are to be told; 0 for none. */
  #refuse(refusal: UnlockRefusal, lock: number): string {
    if (lock === 0) return answer(refusal, [], 0, '', 0, false, this.#token, [0, 0]);
    const { locks } = this.#state;
    const holders = this.#rows.holders(lock);
    return answer(refusal, [], 0, holders, locks.holders(lock), false, this.#token, [0, 0]);
  }
}

function answer(
  refusal: number,
  released: readonly string[],
  releasedCount: number,
  holders: string,
  holderCount: number,
  more: boolean,
  token: FencingToken,
  cursor: readonly number[],
): string {
  return `[${refusal},[${released.join(',')}],${releasedCount},[${holders}],${holderCount},${more},${token.high},${token.low},${cursor}]`;
}
