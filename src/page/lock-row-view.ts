import { element, setText } from './element.ts';
import { type RowTexts, rowTexts } from './holder-text.ts';
import type { LockRow } from './lock-row.ts';
import { visibleText } from './text-format.ts';

/** What a row asks for. */
export interface RowActions {
  unlock(row: LockRow): void;
  toggle(row: LockRow): void;
}

type CellName = Exclude<keyof RowTexts, 'name' | 'holder' | 'address'>;

const CELLS: readonly (readonly [CellName, string])[] = [
  ['mode', 'Mode'],
  ['permits', 'Permits'],
  ['age', 'Age'],
  ['remaining', 'Remaining'],
  ['token', 'Token'],
  ['key', 'Key'],
  ['waiters', 'Waiting'],
];

/**
 * A row of the table, by its place: it shows whatever lock stands there now, so no element moves when the order changes.
 */
export class LockRowView {
  readonly root: HTMLTableRowElement;
  readonly #toggle = element('button', { type: 'button', class: 'toggle' });
  readonly #name = element('bdi');
  readonly #holder = element('bdi', { class: 'holder' });
  readonly #address = element('span', { class: 'address' });
  readonly #cells: ReadonlyMap<CellName, HTMLElement>;
  readonly #unlock = element('button', { type: 'button', class: 'quiet' }, 'Unlock');
  #row: LockRow | null = null;
  #drawn = '';

  constructor(actions: RowActions) {
    this.#cells = new Map(CELLS.map(([name, label]) => [name, cell(name, label)]));
    this.#toggle.append(element('span', { class: 'chevron', 'aria-hidden': 'true' }), this.#name);
    this.root = element(
      'tr',
      { class: 'lock' },
      element('th', { scope: 'row', class: 'cell-name' }, this.#toggle),
      element('td', { class: 'cell-holder' }, this.#holder, this.#address),
      ...this.#cells.values(),
      element('td', { class: 'cell-action' }, this.#unlock),
    );
    this.#toggle.addEventListener('click', () => this.#row !== null && actions.toggle(this.#row));
    this.#unlock.addEventListener('click', () => {
      if (this.#row === null) return;
      // Which of several is meant, is said in the details.
      if (this.#row.holderCount > 1) actions.toggle(this.#row);
      else actions.unlock(this.#row);
    });
  }

  /** @param isGone nobody holds the lock or waits for it any more: it is shown as it was, with nothing to do */
  draw(row: LockRow, nowMs: number, isExpanded: boolean, isGone: boolean): void {
    const texts = rowTexts(row, nowMs);
    const drawn = `${isExpanded}${isGone}${row.isStale}${Object.values(texts).join('\0')}`;
    if (row === this.#row && drawn === this.#drawn) return;
    if (row !== this.#row) this.#begin(row, texts);
    this.#row = row;
    this.#drawn = drawn;
    setText(this.#holder, texts.holder);
    setText(this.#address, isGone ? 'released' : texts.address);
    for (const [name, target] of this.#cells) setText(target, texts[name]);
    this.#toggle.setAttribute('aria-expanded', String(isExpanded));
    this.#unlock.disabled = isGone || row.holderCount === 0;
    setText(this.#unlock, row.holderCount > 1 ? 'Choose' : 'Unlock');
    const purpose = row.holderCount > 1 ? 'Choose a holder to unlock:' : 'Unlock';
    this.#unlock.setAttribute('aria-label', `${purpose} ${texts.name}`);
    this.root.classList.toggle('is-gone', isGone);
    this.root.classList.toggle('is-stale', row.isStale);
    this.root.classList.toggle('has-waiters', row.waiterCount > 0);
    this.root.classList.toggle('is-expanded', isExpanded);
  }

  #begin(row: LockRow, { name }: RowTexts): void {
    setText(this.#name, name);
    this.#toggle.title = visibleText(row.name, 1_000);
  }
}

function cell(name: CellName, label: string): HTMLElement {
  return element('td', { class: `cell-${name}`, 'data-label': label });
}
