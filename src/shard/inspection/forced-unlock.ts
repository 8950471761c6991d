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
    const found = this.#find(lock, request.key);
    if (found.length > 1) return this.#refuse(UnlockRefusal.KeyAmbiguous, lock);
    return found.length === 0
      ? this.#refuse(UnlockRefusal.InvalidKey, 0)
      : this.#releaseOne(found[0]!, nowMs);
  }

  /** The holders whose keys begin like that, two at most. Of very many holders only the newest are looked at. */
  #find(lock: number, keyText: string): number[] {
    const { holders, claims, locks } = this.#state;
    const bytes = Buffer.from(keyText, 'latin1');
    if (bytes.length === lockKeyTextBytes) {
      const claim = parseLockKey(bytes, 0, bytes.length, this.#key) ? holders.find(lock, this.#key) : 0;
      return claim === 0 ? [] : [claim];
    }
    const found: number[] = [];
    let claim = locks.firstHolder(lock);
    for (let left = Limits.sliceCount; claim !== 0 && left > 0 && found.length < 2; left--) {
      if (keyTextOf(this.#view.at(claim)).startsWith(keyText)) found.push(claim);
      claim = claims.next(claim);
    }
    return found;
  }

  #releaseOne(claim: number, nowMs: number): string {
    const row = this.#rows.claim(claim);
    const released = this.#core.forceUnlock(claim, nowMs) ? [row] : [];
    return answer(-1, released, released.length, '', 0, false, this.#token);
  }

  /**
   * Releases a slice of those who hold the lock at the first call. Who is granted the lock meanwhile has a token above
   * theirs, and keeps it. The list of holders is linked from the newest on, so the newcomers are passed over first.
   */
  #releaseAll(lock: number, { tokenHigh, tokenLow, countMax }: InspectRequest, nowMs: number): string {
    const { claims, locks } = this.#state;
    const { lastToken } = this.#state;
    const until = this.#token;
    until.high = tokenHigh === 0 ? lastToken.high : tokenHigh;
    until.low = tokenHigh === 0 ? lastToken.low : tokenLow;
    const meant: number[] = [];
    let claim = locks.firstHolder(lock);
    for (; claim !== 0 && meant.length <= countMax; claim = claims.next(claim)) {
      if (this.#isUpTo(claim, until)) meant.push(claim);
    }
    const more = meant.length > countMax;
    if (more) meant.pop();
    const released: string[] = [];
    let releasedCount = 0;
    for (const holder of meant) {
      const row = releasedCount < Limits.listedClaimsMax ? this.#rows.claim(holder) : '';
      if (!claims.isOpen(holder) || !this.#core.forceUnlock(holder, nowMs)) continue;
      releasedCount++;
      if (row !== '') released.push(row);
    }
    return answer(-1, released, releasedCount, '', 0, more, until);
  }

  readonly #claimToken = new FencingToken();

  #isUpTo(claim: number, until: FencingToken): boolean {
    const token = this.#claimToken;
    this.#state.claims.readToken(claim, token);
    return token.high < until.high || (token.high === until.high && token.low <= until.low);
  }

  /** `lock`: whose holders are to be told; 0 for none. */
  #refuse(refusal: UnlockRefusal, lock: number): string {
    if (lock === 0) return answer(refusal, [], 0, '', 0, false, this.#token);
    const { locks } = this.#state;
    return answer(refusal, [], 0, this.#rows.holders(lock), locks.holders(lock), false, this.#token);
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
): string {
  return `[${refusal},[${released.join(',')}],${releasedCount},[${holders}],${holderCount},${more},${token.high},${token.low}]`;
}
