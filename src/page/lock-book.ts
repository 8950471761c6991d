import type { LockInfo, WatchStep } from '../contract/lock-info.ts';
import { LockRow } from './lock-row.ts';

/**
 * All locks that the page knows, as the steps of a watch tell of them. A snapshot makes void what was known of its
 * shard; such rows stay to be seen, as stale ones, until the snapshot's end shows whether they are still there: so the
 * table does not flicker when a snapshot is read again.
 */
export class LockBook {
  readonly rows: Map<string, LockRow> = new Map();
  /** Changes that were not told, since the connection was opened. */
  missedCount = 0;
  /** Grows with every change of any row. */
  version = 0;
  #shards = Number.POSITIVE_INFINITY;
  readonly #complete = new Set<number>();

  /** True once every shard has told all that it holds, and until something is missed. */
  get isComplete(): boolean {
    return this.#complete.size >= this.#shards;
  }

  /** A new connection: nothing is sure until its snapshots are read. */
  begin(shards: number): void {
    this.#shards = shards;
    this.missedCount = 0;
    this.markStale();
    for (const row of this.rows.values()) if (row.shard >= shards) this.rows.delete(row.name);
  }

  /** Nothing that is known is sure any more. */
  markStale(): void {
    this.version++;
    this.#complete.clear();
    for (const row of this.rows.values()) row.isStale = true;
  }

  clear(): void {
    this.rows.clear();
    this.version++;
  }

  apply(step: WatchStep): void {
    this.version++;
    switch (step.kind) {
      case 'snapshotBegin':
        this.#complete.delete(step.shard);
        for (const row of this.rows.values()) if (row.shard === step.shard) row.isStale = true;
        break;
      case 'snapshotEnd':
        this.#complete.add(step.shard);
        for (const row of this.rows.values()) {
          if (row.shard === step.shard && row.isStale) this.rows.delete(row.name);
        }
        break;
      case 'lock':
        this.replace(step.lock);
        break;
      case 'event': {
        const { event } = step;
        const row = this.#rowFor(event.name, step.shard, event.size);
        row.apply(event);
        if (row.isIdle) this.rows.delete(row.name);
        break;
      }
      case 'missed':
        this.missedCount += step.count;
        this.#complete.delete(step.shard);
        break;
    }
  }

  /** Takes the whole truth about one lock. */
  replace(lock: LockInfo): void {
    this.version++;
    const row = this.#rowFor(lock.name, lock.shard, lock.size);
    row.replace(lock);
    if (row.isIdle) this.rows.delete(row.name);
  }

  /** The row of a name; what a void one says is not taken over. */
  #rowFor(name: string, shard: number, size: number): LockRow {
    const known = this.rows.get(name);
    if (known !== undefined && known.shard === shard) {
      if (known.isStale) known.forget();
      return known;
    }
    const row = new LockRow(name, shard, size);
    this.rows.set(name, row);
    return row;
  }
}
