import { beforeEach, describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim, keyTextOf } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimBook, requestKey } from '../../../src/engine/zookeeper/claim-book.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';

const paths = new LockPaths();
let book = new ClaimBook();
let keys = 0;

beforeEach(() => {
  book = new ClaimBook();
});

function commandOf(name: string, session: number, call: number, requestId = ''): LockCommand {
  const command = Object.assign(new LockCommand(), { name, requestId });
  command.key.a = ++keys;
  Object.assign(command.origin, { session, call });
  return command;
}

function add(name: string, session: number, call: number, requestId = ''): Claim {
  const claim = new Claim(commandOf(name, session, call, requestId), paths.placeOf(name), 0);
  book.add(claim);
  return claim;
}

function expectEmpty(): void {
  expect([book.count, book.sessions, book.locks, [...book]]).toEqual([0, 0, 0, []]);
}

describe('the book of claims', () => {
  it('finds a claim by all that it is known by, until it is removed', () => {
    const claim = add('a', 1, 7, 'request-1');
    const look = () => [
      book.ofCall(1, 7),
      book.ofRequest('a', 'request-1'),
      book.ofKey('a', claim.key),
      book.ofSession(1)[0] ?? null,
      [...book.ofName('a')][0] ?? null,
      [...book][0] ?? null,
    ];
    expect(look()).toEqual(Array(6).fill(claim));
    expect([book.count, book.sessions, book.locks]).toEqual([1, 1, 1]);
    book.remove(claim);
    expect(look()).toEqual(Array(6).fill(null));
    expectEmpty();
    book.remove(claim);
    expectEmpty();
  });

  it('finds nothing by the key, the call or the request of another', () => {
    const claim = add('a', 1, 7, 'request-1');
    expect(book.ofKey('b', claim.key)).toBeNull();
    expect(book.ofCall(1, 8)).toBeNull();
    expect(book.ofCall(17, 7)).toBeNull();
    expect(book.ofRequest('b', 'request-1')).toBeNull();
    expect(book.ofRequest('a', '')).toBeNull();
  });

  it('takes for a holder only who holds', () => {
    const claim = add('a', 1, 7);
    expect(book.holder('a', claim.key)).toBeNull();
    claim.state = 'held';
    expect(book.holder('a', claim.key)).toBe(claim);
    expect(book.holder('b', claim.key)).toBeNull();
  });

  it('counts names and sessions once, however many claims there are', () => {
    const claims = [add('a', 1, 1), add('a', 2, 1), add('b', 2, 2)];
    expect([book.count, book.sessions, book.locks]).toEqual([3, 2, 2]);
    expect(book.ofSession(2)).toEqual([claims[1], claims[2]]);
    expect([...book.ofName('a')]).toEqual([claims[0], claims[1]]);
    for (const claim of claims) book.remove(claim);
    expectEmpty();
  });

  it('moves a claim to another call of another session', () => {
    const claim = add('a', 1, 7, 'request-1');
    book.move(claim, () => claim.move(commandOf('a', 2, 9)));
    expect([book.ofCall(1, 7), book.ofCall(2, 9)]).toEqual([null, claim]);
    expect([book.ofSession(1), book.ofSession(2)]).toEqual([[], [claim]]);
    expect([book.count, book.sessions]).toEqual([1, 1]);
  });

  it('knows a claim no more by a number that means another call', () => {
    const claim = add('a', 1, 7);
    book.renumber(1, 7);
    expect(book.ofCall(1, 7)).toBeNull();
    expect(book.ofSession(1)).toEqual([claim]);
    book.remove(claim);
    expectEmpty();
  });

  it('keeps a claim whose session is over for who has its key', () => {
    const claim = add('a', 1, 7);
    book.orphan(claim);
    expect(book.ofKey('a', claim.key)).toBe(claim);
    expect([book.ofCall(1, 7), book.ofSession(1), book.ofSession(0), book.sessions]).toEqual([
      ...[null, [], [], 0],
    ]);
    book.remove(claim);
    expectEmpty();
  });

  it('leaves what has come meanwhile by the same call, request and key', () => {
    const first = add('a', 1, 7, 'request-1');
    const second = add('a', 1, 7, 'request-1');
    expect(second.key).toBe(first.key);
    book.remove(first);
    expect(book.ofCall(1, 7)).toBe(second);
    expect(book.ofRequest('a', 'request-1')).toBe(second);
    expect(book.ofKey('a', second.key)).toBe(second);
    expect(keyTextOf(second.lockKey)).toBe(second.key);
  });

  it('can be walked through while claims are removed', () => {
    for (let i = 1; i <= 5; i++) add('a', i, 1);
    for (const claim of book.ofSession(3)) book.remove(claim);
    for (const claim of [...book]) book.remove(claim);
    expectEmpty();
  });
});

describe('what a request is known by', () => {
  it('tells the name from the id', () => {
    expect(requestKey('ab', 'cdefghij')).not.toBe(requestKey('abc', 'defghij'));
    expect(requestKey('1 a', 'b')).not.toBe(requestKey('1', ' ab'));
  });
});
