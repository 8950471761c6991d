import { element, find } from './element.ts';
import type { SortColumn } from './row-query.ts';

interface Column {
  readonly label: string;
  readonly className: string;
  /** Absent where rows cannot be sorted by it. */
  readonly sort?: SortColumn;
}

const COLUMNS: readonly Column[] = [
  { label: 'Name', className: 'cell-name', sort: 'name' },
  { label: 'Held by', className: 'cell-holder', sort: 'holder' },
  { label: 'Mode', className: 'cell-mode', sort: 'mode' },
  { label: 'Permits', className: 'cell-permits', sort: 'permits' },
  { label: 'Age', className: 'cell-age', sort: 'age' },
  { label: 'Remaining', className: 'cell-remaining', sort: 'remaining' },
  { label: 'Token', className: 'cell-token', sort: 'token' },
  { label: 'Key', className: 'cell-key' },
  { label: 'Waiting', className: 'cell-waiters', sort: 'waiters' },
  { label: 'Action', className: 'cell-action' },
];

export const COLUMN_COUNT: number = COLUMNS.length;

/** Columns of which the largest are looked for first. */
const LARGEST_FIRST: readonly SortColumn[] = ['age', 'waiters', 'token', 'permits'];

/** By what the rows are sorted. */
export interface SortOrder {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/** The titles of the columns, which sort; on a phone, where there are none, a list to choose from. */
export class TableHead {
  readonly #cells = new Map<SortColumn, HTMLElement>();
  readonly #select = find('sort', HTMLSelectElement);
  readonly #onChange: (order: SortOrder) => void;
  #order: SortOrder;

  constructor(order: SortOrder, onChange: (order: SortOrder) => void) {
    this.#order = order;
    this.#onChange = onChange;
    find('columns', HTMLTableRowElement).append(...COLUMNS.map((column) => this.#cell(column)));
    this.#select.addEventListener('change', () => this.#sort(this.#select.value as SortColumn));
    this.#show();
  }

  #cell({ label, className, sort }: Column): HTMLElement {
    const cell = element('th', { scope: 'col', class: className });
    if (sort === undefined) {
      cell.append(label === 'Action' ? element('span', { class: 'hidden' }, label) : label);
      return cell;
    }
    const arrow = element('span', { class: 'arrow', 'aria-hidden': 'true' });
    const button = element('button', { type: 'button' }, label, arrow);
    button.addEventListener('click', () => this.#sort(sort));
    cell.append(button);
    this.#cells.set(sort, cell);
    this.#select.append(element('option', { value: sort }, label));
    return cell;
  }

  #sort(column: SortColumn): void {
    const descending =
      column === this.#order.column ? !this.#order.descending : LARGEST_FIRST.includes(column);
    this.#order = { column, descending };
    this.#show();
    this.#onChange(this.#order);
  }

  #show(): void {
    const { column, descending } = this.#order;
    for (const [name, cell] of this.#cells) {
      if (name === column) cell.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
    this.#select.value = column;
  }
}
