import type { LocksWithheld } from '../contract/dashboard.ts';
import { find, setText } from './element.ts';
import type { LinkState } from './link-state.ts';
import type { LockBook } from './lock-book.ts';
import type { LockRow } from './lock-row.ts';
import { queryRows, type RowPage, type RowQuery } from './row-query.ts';
import { TableHead } from './table-head.ts';
import { type TableActions, TableView } from './table-view.ts';
import { formatNumberOf, groupDigits } from './text-format.ts';

/** The table is looked at anew this often while locks change, and this often for their ages, in ms. */
const REFRESH_MS = 250;
const AGES_MS = 1_000;
/** What the user types is taken up when he pauses for so long, in ms. */
const TYPING_MS = 150;
const PREFIX_TYPING_MS = 400;

export interface LocksActions extends TableActions {
  /** There are too many locks to be told of: the server is asked for those that begin like this. */
  askFor(prefix: string): void;
}

/** The part of the page with the locks: search, order, pages, and the table. */
export class LocksView {
  readonly #book: LockBook;
  readonly #table: TableView;
  readonly #actions: LocksActions;
  readonly #search = find('search', HTMLInputElement);
  readonly #match = find('match', HTMLSelectElement);
  readonly #previous = find('previous', HTMLButtonElement);
  readonly #next = find('next', HTMLButtonElement);
  #query: RowQuery = { text: '', match: 'contains', column: 'age', descending: true, page: 0, pageSize: 50 };
  #withheld: LocksWithheld | null = null;
  /** The page as it is drawn: it stands still while it is used. */
  #page: RowPage = { rows: [], matchCount: 0, page: 0, pageCount: 1 };
  #isHeld = false;
  #version = -1;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #typing = 0;
  #isAnnouncing = false;

  constructor(book: LockBook, actions: LocksActions) {
    this.#book = book;
    this.#actions = actions;
    this.#table = new TableView({
      ...actions,
      toggled: (row) => {
        this.#changed(true);
        actions.toggled(row);
      },
    });
    new TableHead(this.#query, (order) => this.#setQuery(order));
    this.#search.addEventListener('input', () => this.#typed());
    this.#match.addEventListener('change', () => this.#typed());
    this.#previous.addEventListener('click', () => this.#turn(-1));
    this.#next.addEventListener('click', () => this.#turn(1));
    const pageSize = find('page-size', HTMLSelectElement);
    pageSize.addEventListener('change', () => this.#setQuery({ pageSize: Number(pageSize.value) }));
  }

  /** Names whose details are shown. */
  get expandedNames(): readonly string[] {
    return this.#table.expandedNames;
  }

  get isWithheld(): boolean {
    return this.#withheld !== null;
  }

  /** The server tells no locks, because there are too many; null: it does again. */
  setWithheld(withheld: LocksWithheld | null): void {
    this.#withheld = withheld;
    const notice = find('notice', HTMLElement);
    notice.hidden = withheld === null;
    setText(notice, withheld === null ? '' : withheldText(withheld));
    this.#search.placeholder = withheld === null ? 'Name or holder' : 'Names begin with';
    this.#match.disabled = withheld !== null;
    if (withheld !== null) this.#match.value = 'prefix';
    this.#changed(false);
  }

  /** Called every frame; does something when there is something to do. */
  frame(nowMs: number, link: LinkState): void {
    const sinceMs = performance.now() - this.#drawnMs;
    // Whoever leaves the rows wants to see what has become of them.
    const isLeft = this.#isHeld && !this.#table.isInUse;
    const isChanged = isLeft || this.#version !== this.#book.version;
    if (sinceMs < (isChanged ? REFRESH_MS : AGES_MS)) return;
    this.#drawnMs = performance.now();
    if (isChanged) this.#refresh(link);
    this.#table.draw(this.#page.rows, nowMs, (row) => !this.#book.rows.has(row.name));
  }

  #refresh(link: LinkState): void {
    this.#version = this.#book.version;
    const fresh = queryRows(this.#book.rows.values(), this.#query);
    this.#isHeld = this.#table.isInUse && this.#page.rows.length > 0;
    this.#page = this.#isHeld
      ? { ...fresh, rows: this.#page.rows.map((row) => this.#book.rows.get(row.name) ?? row) }
      : fresh;
    find('still', HTMLElement).hidden = !(this.#isHeld && differ(this.#page.rows, fresh.rows));
    this.#showCounts(fresh);
    this.#showEmpty(fresh, link);
  }

  #showCounts({ matchCount, page, pageCount }: RowPage): void {
    const all = this.#book.rows.size;
    const text =
      this.#query.text === ''
        ? formatNumberOf(all, 'lock')
        : `${groupDigits(matchCount)} of ${formatNumberOf(all, 'lock')}`;
    setText(find('count', HTMLElement), text);
    setText(find('page', HTMLElement), `Page ${groupDigits(page + 1)} of ${groupDigits(pageCount)}`);
    this.#previous.disabled = page === 0;
    this.#next.disabled = page === pageCount - 1;
    find('pager', HTMLElement).classList.toggle('is-idle', matchCount === 0);
    // What the server was asked for is not there yet.
    if (!this.#isAnnouncing || (this.#withheld !== null && !this.#book.isComplete)) return;
    setText(find('results', HTMLElement), `${text} found`);
    this.#isAnnouncing = false;
  }

  #showEmpty({ matchCount }: RowPage, link: LinkState): void {
    const isEmpty = matchCount === 0 && !this.#table.isInUse;
    find('empty', HTMLElement).hidden = !isEmpty;
    find('table', HTMLTableElement).classList.toggle('is-idle', isEmpty);
    if (!isEmpty) return;
    const [title, text] = this.#emptyTexts(link);
    setText(find('empty-title', HTMLElement), title);
    setText(find('empty-text', HTMLElement), text);
  }

  #emptyTexts(link: LinkState): readonly [string, string] {
    if (!link.wasConnected) return ['Connecting', 'Asking the server for its locks.'];
    if (!link.isConnected) return ['No connection', 'The locks are shown as soon as the server answers.'];
    if (this.#withheld !== null) return ['Which locks?', 'Type how their names begin.'];
    if (this.#query.text !== '') {
      const place = this.#query.match === 'prefix' ? 'begins with' : 'or holder contains';
      return ['Nothing found', `No lock’s name ${place} “${this.#query.text}”.`];
    }
    if (!this.#book.isComplete) return ['Reading', 'The server tells which locks there are.'];
    return ['No locks', 'Nobody holds a lock or waits for one. Those that come appear here at once.'];
  }

  #typed(): void {
    clearTimeout(this.#typing);
    const isRemote = this.#withheld !== null;
    this.#typing = window.setTimeout(
      () => {
        const match = this.#match.value === 'prefix' ? 'prefix' : 'contains';
        this.#isAnnouncing = true;
        this.#setQuery({ text: this.#search.value, match, page: 0 });
        if (isRemote) this.#actions.askFor(this.#search.value);
      },
      isRemote ? PREFIX_TYPING_MS : TYPING_MS,
    );
  }

  #turn(pages: number): void {
    this.#setQuery({ page: this.#page.page + pages });
    find('locks', HTMLElement).scrollIntoView({ block: 'start' });
  }

  #setQuery(change: Partial<RowQuery>): void {
    this.#query = { ...this.#query, page: 0, ...change };
    this.#changed(false);
  }

  /** Has the next frame draw everything. */
  #changed(keepsRows: boolean): void {
    if (!keepsRows) this.#page = { ...this.#page, rows: [] };
    this.#version = -1;
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }
}

function differ(left: readonly LockRow[], right: readonly LockRow[]): boolean {
  return left.length !== right.length || left.some((row, index) => row.name !== right[index]!.name);
}

function withheldText({ count, locksMax }: LocksWithheld): string {
  const some = groupDigits(locksMax);
  return `There are ${groupDigits(count)} locks or more, and up to ${some} are shown one by one. Type how the names of those begin that you look for.`;
}
