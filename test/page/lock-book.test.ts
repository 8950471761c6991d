import { describe, expect, it } from 'vitest';
import { LockBook } from '../../src/page/lock-book.ts';
import { event, eventStep, holder, lock, lockStep, step, waiter } from './claims.ts';

function bookWith(shards: number, ...names: readonly string[]): LockBook {
  const book = new LockBook();
  book.begin(shards);
  for (let shard = 0; shard < shards; shard++) {
    book.apply(step('snapshotBegin', shard));
    for (const name of names.filter((_name, index) => index % shards === shard)) {
      book.apply(lockStep(lock(name, [holder(1)], [], { shard })));
    }
    book.apply(step('snapshotEnd', shard));
  }
  return book;
}

const names = (book: LockBook): readonly string[] => [...book.rows.keys()].sort();
const stale = (book: LockBook): readonly string[] =>
  [...book.rows.values()].filter((row) => row.isStale).map((row) => row.name);

describe('the book of locks', () => {
  it('is complete when every shard has told all', () => {
    const book = new LockBook();
    expect(book.isComplete).toBe(false);
    book.begin(2);
    for (const shard of [0, 1]) {
      book.apply(step('snapshotBegin', shard));
      expect(book.isComplete).toBe(false);
      book.apply(step('snapshotEnd', shard));
    }
    expect(book.isComplete).toBe(true);
    book.apply(step('snapshotBegin', 1));
    expect(book.isComplete).toBe(false);
    book.apply(step('snapshotEnd', 1));
    expect(book.isComplete).toBe(true);
    book.markStale();
    expect(book.isComplete).toBe(false);
  });

  it('has a row for each lock that is held or waited for', () => {
    const book = bookWith(1, 'a');
    book.apply(eventStep(event('granted', holder(2), [1, 0], 'b')));
    expect(names(book)).toStrictEqual(['a', 'b']);
    book.apply(eventStep(event('released', holder(1), [0, 0], 'a')));
    expect(names(book)).toStrictEqual(['b']);
    book.apply(eventStep(event('waiting', waiter(3), [1, 1], 'b')));
    book.apply(eventStep(event('released', holder(2), [0, 1], 'b')));
    expect(names(book)).toStrictEqual(['b']);
    book.apply(eventStep(event('left', waiter(3), [0, 0], 'b')));
    expect(names(book)).toStrictEqual([]);
    book.replace(lock('c', [holder(4)]));
    expect(names(book)).toStrictEqual(['c']);
    book.replace(lock('c', []));
    expect(names(book)).toStrictEqual([]);
  });

  it('keeps what a new snapshot has not told yet as stale, and drops what it does not tell', () => {
    const book = bookWith(2, 'a', 'b', 'c', 'd');
    book.apply(step('snapshotBegin', 0));
    expect(names(book)).toStrictEqual(['a', 'b', 'c', 'd']);
    expect(stale(book)).toStrictEqual(['a', 'c']);
    book.apply(lockStep(lock('c', [holder(9)])));
    expect(stale(book)).toStrictEqual(['a']);
    book.apply(step('snapshotEnd', 0));
    expect(names(book)).toStrictEqual(['b', 'c', 'd']);
  });

  it('drops nothing at the end of a snapshot that is of another shard', () => {
    const book = bookWith(2, 'a', 'b');
    book.markStale();
    book.apply(step('snapshotBegin', 0));
    book.apply(step('snapshotEnd', 0));
    expect([names(book), stale(book)]).toStrictEqual([['b'], ['b']]);
  });

  it('takes nothing over from a stale row', () => {
    const book = bookWith(1, 'a');
    book.apply(step('snapshotBegin'));
    book.apply(eventStep(event('waiting', waiter(7), [1, 1], 'a')));
    const row = book.rows.get('a')!;
    expect([row.holders, row.holderCount, row.isPartial, row.isStale]).toStrictEqual([[], 1, true, false]);
    book.apply(step('snapshotEnd'));
    expect(names(book)).toStrictEqual(['a']);
  });

  it('counts what was missed, and is not complete until it is told anew', () => {
    const book = bookWith(2, 'a', 'b');
    book.apply({ shard: 1, sequence: 5, kind: 'missed', count: 12 });
    book.apply({ shard: 1, sequence: 6, kind: 'missed', count: 3 });
    expect([book.missedCount, book.isComplete]).toStrictEqual([15, false]);
    book.apply(step('snapshotBegin', 1));
    book.apply(step('snapshotEnd', 1));
    expect([names(book), book.isComplete]).toStrictEqual([['a'], true]);
    book.begin(2);
    expect(book.missedCount).toBe(0);
  });

  it('drops the rows of shards that a new server does not have', () => {
    const book = bookWith(2, 'a', 'b');
    book.begin(1);
    expect([names(book), stale(book)]).toStrictEqual([['a'], ['a']]);
  });

  it('moves a lock that has come to another shard', () => {
    const book = bookWith(2, 'a', 'b');
    book.apply(lockStep(lock('a', [holder(4)], [], { shard: 1 })));
    expect(book.rows.get('a')!.shard).toBe(1);
    book.apply(step('snapshotBegin', 0));
    book.apply(step('snapshotEnd', 0));
    expect(names(book)).toStrictEqual(['a', 'b']);
  });

  it('changes its version with everything that is told', () => {
    const book = bookWith(1, 'a');
    const changes: readonly (() => void)[] = [
      () => book.apply(eventStep(event('renewed', holder(2), [1, 0], 'a'))),
      () => book.apply({ shard: 0, sequence: 1, kind: 'missed', count: 1 }),
      () => book.apply(step('snapshotBegin')),
      () => book.apply(step('snapshotEnd')),
      () => book.markStale(),
      () => book.begin(1),
      () => book.replace(lock('a', [holder(2)])),
      () => book.clear(),
    ];
    for (const change of changes) {
      const { version } = book;
      change();
      expect(book.version, String(change)).toBeGreaterThan(version);
    }
    expect(names(book)).toStrictEqual([]);
  });
});
