import { ClaimView } from '../core/claim-view.ts';
import { LockCore } from '../core/lock-core.ts';
import type { LockState } from '../core/lock-state.ts';
import type { RecordWriter } from './record-writer.ts';

/** A slice ends when it has recorded so much. */
const SLICE_BYTES = 128 * 1024;

/**
 * Records what a core knows, a slice at a time. The core may work on between two slices as long as what it decides is
 * recorded as well, in order: a claim that ends before the walk comes by leaves a release without a claim, one that
 * begins behind it comes once, one that begins before it twice. Reading the file knows of that, see `SnapshotEnd`.
 */
export class Snapshot {
  readonly #state: LockState;
  readonly #view: ClaimView;
  #claim = 1;
  #lock = 1;
  #request = 0;
  /** What {@link #request} said when the walk came to it: another value, or none, means that it is another one by now. */
  #forgetAtMs = 0;
  #requestsDone = false;
  #done = false;

  constructor(core: LockCore) {
    this.#state = LockCore.stateOf(core);
    this.#view = new ClaimView(this.#state);
  }

  get done(): boolean {
    return this.#done;
  }

  /** Looks at up to `rows` more rows, fewer where names are long, and records what it finds there. */
  step(into: RecordWriter, rows: number): void {
    for (let left = rows; left > 0 && into.length < SLICE_BYTES; left--) {
      if (this.#claim < this.#state.claims.endRow) this.#recordClaim(into);
      else if (this.#lock < this.#state.locks.endRow) this.#recordLock(into);
      else if (!this.#recordRequest(into)) return this.#end(into);
    }
  }

  #recordClaim(into: RecordWriter): void {
    const { claims } = this.#state;
    const claim = this.#claim++;
    if (claims.isOpen(claim) && claims.isHolding(claim)) into.held(this.#view.at(claim));
  }

  #recordLock(into: RecordWriter): void {
    const { locks } = this.#state;
    const lock = this.#lock++;
    if (locks.isOpen(lock) && locks.holders(lock) === 0) into.idleLock(locks.name(lock), locks.size(lock));
  }

  /**
   * The released requests, oldest first. One that is forgotten between two slices takes the way to the next with it:
   * the walk begins anew then, and what comes twice does no harm.
   */
  #recordRequest(into: RecordWriter): boolean {
    const { requests } = this.#state;
    const isLost =
      this.#request === 0 ||
      !requests.isReleased(this.#request) ||
      requests.forgetAtMs(this.#request) !== this.#forgetAtMs;
    if (isLost && !this.#requestsDone) this.#request = requests.firstReleased();
    const entry = this.#request;
    if (entry === 0 || this.#requestsDone) return false;
    into.releasedRequest(requests.keyOf(entry), requests.forgetAtMs(entry));
    this.#request = requests.nextReleased(entry);
    if (this.#request === 0) this.#requestsDone = true;
    else this.#forgetAtMs = requests.forgetAtMs(this.#request);
    return true;
  }

  #end(into: RecordWriter): void {
    into.tokens(this.#state.lastToken);
    into.snapshotEnd();
    this.#done = true;
  }
}
