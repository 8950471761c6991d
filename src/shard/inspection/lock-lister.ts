import { Limits } from '../../base/limits.ts';
import type { LockState } from '../../core/lock-state.ts';
import type { RowText } from './row-text.ts';

/** A slice ends when its text is so long, so that no turn of the shard is. */
const SLICE_CHARACTERS = 4 * 1024;

/**
 * Walks over the rows of the locks, a slice at a time. A lock keeps its row for as long as it is in use, so one that is
 * in use from the first slice to the last is met exactly once.
 */
export class LockLister {
  readonly #state: LockState;
  readonly #rows: RowText;
  /** The row that the last slice ended before; 0 when it was the last. */
  nextRow = 0;

  constructor(state: LockState, rows: RowText) {
    this.#state = state;
    this.#rows = rows;
  }

  /**
   * Looks at `Limits.inspectedRowsMax` rows from `row` on and hands over those that are held or waited for and whose
   * names begin with the prefix, `countMax` at most.
   */
  slice(row: number, countMax: number, prefix: string, withWaiters: boolean): string[] {
    const { locks } = this.#state;
    const endRow = locks.endRow;
    const texts: string[] = [];
    let characters = 0;
    let lock = Math.max(row, 1);
    const stop = Math.min(lock + Limits.inspectedRowsMax, endRow);
    while (lock < stop && texts.length < countMax && characters < SLICE_CHARACTERS) {
      if (this.#isMeant(lock, prefix)) {
        const text = this.#rows.lock(lock, withWaiters);
        characters += text.length;
        texts.push(text);
      }
      lock++;
    }
    this.nextRow = lock < endRow ? lock : 0;
    return texts;
  }

  #isMeant(lock: number, prefix: string): boolean {
    const { locks } = this.#state;
    if (!locks.isOpen(lock) || (locks.holders(lock) === 0 && locks.waiters(lock) === 0)) return false;
    return prefix === '' || locks.name(lock).startsWith(prefix);
  }
}
