import { find } from './element.ts';
import { type DetailActions, LockDetailView } from './lock-detail-view.ts';
import type { LockRow } from './lock-row.ts';
import { LockRowView } from './lock-row-view.ts';
import { COLUMN_COUNT } from './table-head.ts';

/** So many locks show their details at a time; one more closes the first one. */
const EXPANDED_MAX = 8;
/** For how long the order stands still behind the last move of a pointer over the rows, in ms. */
const POINTER_MS = 6_000;

export interface TableActions extends DetailActions {
  unlockRow(row: LockRow): void;
  /** The user opened or closed the details of a row. */
  toggled(row: LockRow): void;
}

/** The body of the table: one view for each place, and the details of the locks that are expanded. */
export class TableView {
  readonly #body = find('rows', HTMLTableSectionElement);
  readonly #views: LockRowView[] = [];
  readonly #details = new Map<string, LockDetailView>();
  readonly #actions: TableActions;
  #pointerMs = Number.NEGATIVE_INFINITY;

  constructor(actions: TableActions) {
    this.#actions = actions;
    this.#body.addEventListener('pointermove', () => {
      this.#pointerMs = performance.now();
    });
    this.#body.addEventListener('pointerleave', () => {
      this.#pointerMs = Number.NEGATIVE_INFINITY;
    });
  }

  /** True while somebody points at a row or has the focus in one: what is under the hand must not become another lock. */
  get isInUse(): boolean {
    return performance.now() - this.#pointerMs < POINTER_MS || this.#body.contains(document.activeElement);
  }

  get expandedNames(): readonly string[] {
    return [...this.#details.keys()];
  }

  /** @param isGone whether a row is shown though it is no longer there, because the order stands still */
  draw(rows: readonly LockRow[], nowMs: number, isGone: (row: LockRow) => boolean): void {
    this.#setCount(rows.length);
    const shown = new Set<LockDetailView>();
    for (const [index, row] of rows.entries()) {
      const detail = this.#details.get(row.name);
      const view = this.#views[index]!;
      view.draw(row, nowMs, detail !== undefined, isGone(row));
      if (detail === undefined) continue;
      detail.draw(row, nowMs);
      if (view.root.nextSibling !== detail.root) view.root.after(detail.root);
      shown.add(detail);
    }
    for (const detail of this.#details.values()) if (!shown.has(detail)) detail.root.remove();
  }

  toggle(row: LockRow): void {
    const detail = this.#details.get(row.name);
    if (detail !== undefined) {
      detail.root.remove();
      this.#details.delete(row.name);
    } else {
      this.#details.set(row.name, new LockDetailView(COLUMN_COUNT, this.#actions));
      const [first] = this.#details.keys();
      if (this.#details.size > EXPANDED_MAX && first !== undefined) {
        this.#details.get(first)?.root.remove();
        this.#details.delete(first);
      }
    }
    this.#actions.toggled(row);
  }

  #setCount(count: number): void {
    while (this.#views.length < count) {
      const view = new LockRowView({
        unlock: (row) => this.#actions.unlockRow(row),
        toggle: (row) => this.toggle(row),
      });
      this.#views.push(view);
      this.#body.append(view.root);
    }
    for (const view of this.#views.splice(count)) view.root.remove();
  }
}
