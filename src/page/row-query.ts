import type { LockRow } from './lock-row.ts';
import { type Before, selectRange } from './select-range.ts';

export type SortColumn = 'name' | 'holder' | 'mode' | 'permits' | 'age' | 'remaining' | 'token' | 'waiters';

/** Which rows are shown, and in which order. */
export interface RowQuery {
  readonly text: string;
  /** `prefix`: names that begin with the text as it is; `contains`: names, or holders, in which it is, in any case. */
  readonly match: 'prefix' | 'contains';
  readonly column: SortColumn;
  readonly descending: boolean;
  /** From 0 on. */
  readonly page: number;
  readonly pageSize: number;
}

export interface RowPage {
  readonly rows: readonly LockRow[];
  /** Rows on all pages. */
  readonly matchCount: number;
  /** The page that is shown: the last one where the query asks for one behind it. */
  readonly page: number;
  readonly pageCount: number;
}

/** Picks the rows of one page. */
export function queryRows(rows: Iterable<LockRow>, query: RowQuery): RowPage {
  const matches = [...filterRows(rows, query)];
  const matchCount = matches.length;
  const pageCount = Math.max(1, Math.ceil(matchCount / query.pageSize));
  const page = Math.min(query.page, pageCount - 1);
  const start = page * query.pageSize;
  const before = rowOrder(query.column, query.descending);
  return { rows: selectRange(matches, start, start + query.pageSize, before), matchCount, page, pageCount };
}

function* filterRows(rows: Iterable<LockRow>, { text, match }: RowQuery): Iterable<LockRow> {
  const wanted = match === 'prefix' ? text : text.toLowerCase();
  for (const row of rows) {
    if (wanted === '' || (match === 'prefix' ? row.name.startsWith(wanted) : contains(row, wanted)))
      yield row;
  }
}

function contains(row: LockRow, wanted: string): boolean {
  return (
    row.searchText.includes(wanted) ||
    row.holders.some(
      ({ holder, address }) => holder.toLowerCase().includes(wanted) || address.includes(wanted),
    )
  );
}

type Value = number | string;

/** What a column is sorted by. Rows that have no value there come last in both directions. */
const sortValues: Readonly<Record<SortColumn, (row: LockRow) => Value | undefined>> = {
  name: (row) => row.name,
  holder: ({ first }) => (first === undefined ? undefined : first.holder || first.address || undefined),
  mode: (row) => row.first?.mode,
  permits: (row) => row.size,
  // The time since when, which falls where the age grows.
  age: ({ first }) => (first === undefined ? undefined : -first.sinceMs),
  remaining: (row) => row.first?.deadlineMs ?? undefined,
  token: (row) => paddedToken(row.first?.fencingToken),
  waiters: (row) => row.waiterCount,
};

/** Decimal digits with as many zeros before them that texts compare as the numbers do, which are too large for a float. */
function paddedToken(token: string | undefined): string | undefined {
  return token === undefined ? undefined : token.padStart(20, '0');
}

/** The order of a column; names decide between equals, so that rows do not change places for no reason. */
function rowOrder(column: SortColumn, descending: boolean): Before<LockRow> {
  const value = sortValues[column];
  return (left, right) => {
    const a = value(left);
    const b = value(right);
    if (a === b || a === undefined || b === undefined) {
      if (a !== b) return b === undefined;
      return left.name < right.name;
    }
    return descending ? a > b : a < b;
  };
}
