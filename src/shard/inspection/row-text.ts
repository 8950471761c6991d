import { Limits } from '../../base/limits.ts';
import { LockMode } from '../../contract/lock-mode.ts';
import { ClaimView } from '../../core/claim-view.ts';
import { LockKey } from '../../core/lock-key.ts';
import type { LockState } from '../../core/lock-state.ts';
import { FencingToken } from '../../core/sink.ts';
import { lockKeyTextBytes, writeLockKey } from '../../protocol/protobuf/lock-key-text.ts';

const keyBytes = Buffer.alloc(lockKeyTextBytes);
const scratchKey = new LockKey();
const scratchToken = new FencingToken();

/** The key of a claim as clients see it. */
export function keyTextOf(claim: ClaimView): string {
  claim.readKey(scratchKey);
  writeLockKey(keyBytes, 0, scratchKey);
  return keyBytes.latin1Slice(0, lockKeyTextBytes);
}

/** A byte string as JSON. */
export function jsonOf(byteString: string): string {
  return JSON.stringify(decode(byteString));
}

/** What is not ASCII is UTF-8: it was checked when it came. */
function decode(byteString: string): string {
  for (let i = 0; i < byteString.length; i++) {
    if (byteString.charCodeAt(i) >= 0x80) return Buffer.from(byteString, 'latin1').toString('utf8');
  }
  return byteString;
}

/** A claim as the JSON of a `ClaimRow`. */
export function claimText(claim: ClaimView): string {
  const { deadlineMs, isHolding } = claim;
  const deadline = deadlineMs === Number.POSITIVE_INFINITY ? 'null' : Math.round(deadlineMs);
  const mode = claim.mode === LockMode.Shared ? 1 : 0;
  const common = `${claim.row},${claim.generation},${claim.anySession},${jsonOf(claim.holder)},${mode},${claim.permits},${Math.round(claim.sinceMs)},${deadline}`;
  if (!isHolding) return `[${common},"",0,""]`;
  return `[${common},"${keyTextOf(claim)}",${claim.lockTimeoutMs},"${tokenTextOf(claim)}"]`;
}

function tokenTextOf(claim: ClaimView): string {
  claim.readToken(scratchToken);
  return ((BigInt(scratchToken.high) << 32n) | BigInt(scratchToken.low)).toString();
}

/** Writes locks of a core as JSON. */
export class RowText {
  readonly #state: LockState;
  readonly #view: ClaimView;

  constructor(state: LockState) {
    this.#state = state;
    this.#view = new ClaimView(state);
  }

  /** A lock as the JSON of a `LockRow`. */
  lock(lock: number, withWaiters: boolean): string {
    const { locks } = this.#state;
    const waiters = withWaiters ? this.#waiters(lock) : '';
    return `[${jsonOf(locks.name(lock))},${locks.size(lock)},${locks.holders(lock)},${locks.waiters(lock)},[${this.holders(lock)}],[${waiters}]]`;
  }

  /** One claim, by its row. */
  claim(claim: number): string {
    return claimText(this.#view.at(claim));
  }

  /**
   * The holders, oldest grant first, with commas between them. Of many, the ones that were granted last: the list is
   * linked from the newest on.
   */
  holders(lock: number): string {
    const { claims, locks } = this.#state;
    let text = '';
    let claim = locks.firstHolder(lock);
    for (let left = Limits.listedClaimsMax; claim !== 0 && left > 0; left--) {
      const row = this.claim(claim);
      text = text === '' ? row : `${row},${text}`;
      claim = claims.next(claim);
    }
    return text;
  }

  #waiters(lock: number): string {
    const { claims, locks } = this.#state;
    let text = '';
    let claim = locks.firstWaiter(lock);
    for (let left = Limits.listedClaimsMax; claim !== 0 && left > 0; left--) {
      const row = this.claim(claim);
      text = text === '' ? row : `${text},${row}`;
      claim = claims.next(claim);
    }
    return text;
  }
}
