import { describe, expect, it } from 'vitest';
import { queryRows, type RowQuery, type SortColumn } from '../../src/page/row-query.ts';
import { holder, rowOf, waiter } from './claims.ts';

const all: RowQuery = {
  text: '',
  match: 'contains',
  column: 'name',
  descending: false,
  page: 0,
  pageSize: 50,
};

const rows = [
  rowOf('Beta', [holder(1, { holder: 'zoe', sinceMs: 300, deadlineMs: 9_000, fencingToken: '9' })], [], {
    size: 2,
  }),
  rowOf(
    'alpha',
    [holder(2, { holder: '', address: '10.1.1.1:7', sinceMs: 100, fencingToken: '10' })],
    [waiter(5)],
  ),
  rowOf('gamma', [], [waiter(6), waiter(7)], { size: 9 }),
  rowOf('alphabet', [
    holder(3, { holder: 'Adam', mode: 'SHARED', sinceMs: 200, deadlineMs: 8_000, fencingToken: '100' }),
  ]),
];

const found = (query: Partial<RowQuery>): readonly string[] =>
  queryRows(rows, { ...all, ...query }).rows.map(({ name }) => name);

describe('a query of rows', () => {
  it('finds names and holders that contain a text, in any case', () => {
    expect(found({ text: 'ALPHA' })).toStrictEqual(['alpha', 'alphabet']);
    expect(found({ text: 'bet' })).toStrictEqual(['Beta', 'alphabet']);
    expect(found({ text: 'adam' })).toStrictEqual(['alphabet']);
    expect(found({ text: '10.1.1' })).toStrictEqual(['alpha']);
    expect(found({ text: 'none' })).toStrictEqual([]);
  });

  it('finds names by their beginning as it is', () => {
    expect(found({ text: 'alpha', match: 'prefix' })).toStrictEqual(['alpha', 'alphabet']);
    expect(found({ text: 'beta', match: 'prefix' })).toStrictEqual([]);
    expect(found({ text: 'lpha', match: 'prefix' })).toStrictEqual([]);
  });

  it.each<[SortColumn, readonly string[], readonly string[]]>([
    ['name', ['Beta', 'alpha', 'alphabet', 'gamma'], ['gamma', 'alphabet', 'alpha', 'Beta']],
    ['holder', ['alpha', 'alphabet', 'Beta', 'gamma'], ['Beta', 'alphabet', 'alpha', 'gamma']],
    ['mode', ['Beta', 'alpha', 'alphabet', 'gamma'], ['alphabet', 'Beta', 'alpha', 'gamma']],
    ['permits', ['alpha', 'alphabet', 'Beta', 'gamma'], ['gamma', 'Beta', 'alpha', 'alphabet']],
    ['age', ['Beta', 'alphabet', 'alpha', 'gamma'], ['alpha', 'alphabet', 'Beta', 'gamma']],
    // Those without a limit, and without a holder, come last in both directions.
    ['remaining', ['alphabet', 'Beta', 'alpha', 'gamma'], ['Beta', 'alphabet', 'alpha', 'gamma']],
    ['token', ['Beta', 'alpha', 'alphabet', 'gamma'], ['alphabet', 'alpha', 'Beta', 'gamma']],
    ['waiters', ['Beta', 'alphabet', 'alpha', 'gamma'], ['gamma', 'alpha', 'Beta', 'alphabet']],
  ])('sorts by %s both ways', (column, ascending, descending) => {
    expect(found({ column })).toStrictEqual(ascending);
    expect(found({ column, descending: true })).toStrictEqual(descending);
  });

  it('gives a page, and the last one for what is behind it', () => {
    const query = { ...all, pageSize: 3 };
    expect(queryRows(rows, query)).toMatchObject({ matchCount: 4, page: 0, pageCount: 2 });
    const last = queryRows(rows, { ...query, page: 7 });
    expect(last).toMatchObject({ page: 1, pageCount: 2 });
    expect(last.rows.map(({ name }) => name)).toStrictEqual(['gamma']);
    expect(queryRows([], query)).toStrictEqual({ rows: [], matchCount: 0, page: 0, pageCount: 1 });
  });
});
