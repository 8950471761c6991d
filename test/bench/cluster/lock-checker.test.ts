import { describe, expect, it } from 'vitest';
import { type Holder, LockChecker } from '../../../bench/cluster/lock-checker.ts';

class Person implements Holder {
  readonly who: string;
  readonly token: bigint;
  lost = false;

  constructor(who: string, token: bigint) {
    this.who = who;
    this.token = token;
  }

  isLost(): boolean {
    return this.lost;
  }

  certainty(): string {
    return this.lost ? 'in doubt' : 'sure of it';
  }
}

describe('the checker of the cluster', () => {
  it('has nothing against holders that come one after the other, nor against two of different locks', () => {
    const told: string[] = [];
    const checker = new LockChecker((what) => told.push(what));
    const [ann, bob, eve] = [new Person('ann', 1n), new Person('bob', 2n), new Person('eve', 1n)];
    checker.entered('a', ann);
    checker.entered('b', eve);
    expect(checker.wrote('a', ann)).toBe(true);
    checker.left('a', ann);
    checker.entered('a', bob);
    expect(checker.wrote('a', bob)).toBe(true);
    expect(checker).toMatchObject({ violations: [], refusedByFencing: 0, entriesBesideLosers: 0 });
    expect(told).toEqual([]);
  });

  it('finds a second holder', () => {
    const told: string[] = [];
    const checker = new LockChecker((what) => told.push(what));
    checker.entered('a', new Person('ann', 1n));
    checker.entered('a', new Person('bob', 2n));
    expect(told).toEqual(['bob (token 2, sure of it) was granted a, which ann (token 1, sure of it) has']);
    expect(checker.violations).toEqual(told);
  });

  it('finds each of two that are inside, and not who has left', () => {
    const checker = new LockChecker();
    const people = [1n, 2n, 3n].map((token) => new Person(`person ${token}`, token));
    for (const person of people) checker.entered('a', person);
    expect(checker.violations).toHaveLength(3);
    for (const person of people) checker.left('a', person);
    checker.entered('a', new Person('last', 4n));
    expect(checker.violations).toHaveLength(3);
  });

  it('lets another one in beside a holder that was told of its loss', () => {
    const checker = new LockChecker();
    const [ann, bob] = [new Person('ann', 1n), new Person('bob', 2n)];
    checker.entered('a', ann);
    ann.lost = true;
    checker.entered('a', bob);
    expect(checker).toMatchObject({ violations: [], entriesBesideLosers: 1 });
  });

  it.each([
    ['falls', 4n],
    ['stays', 5n],
  ])('finds a token that %s', (_, token) => {
    const checker = new LockChecker();
    const ann = new Person('ann', 5n);
    checker.entered('a', ann);
    checker.left('a', ann);
    checker.entered('a', new Person('bob', token));
    expect(checker.violations).toEqual([`bob (token ${token}, sure of it) was granted a after token 5`]);
  });

  it('compares a token with the largest that was granted, not with the last', () => {
    const checker = new LockChecker();
    for (const token of [5n, 3n, 4n]) {
      const person = new Person('ann', token);
      checker.entered('a', person);
      checker.left('a', person);
    }
    expect(checker.violations).toHaveLength(2);
  });

  it('counts a late write of a loser as refused by fencing, and one of a holder as a violation', () => {
    const checker = new LockChecker();
    const [ann, bob] = [new Person('ann', 1n), new Person('bob', 2n)];
    checker.entered('a', ann);
    ann.lost = true;
    checker.entered('a', bob);
    checker.wrote('a', bob);
    expect(checker.wrote('a', ann)).toBe(false);
    expect(checker).toMatchObject({ violations: [], refusedByFencing: 1 });
    ann.lost = false;
    expect(checker.wrote('a', ann)).toBe(false);
    expect(checker.violations).toEqual(['the store has refused ann (token 1, sure of it), which has a']);
    expect(checker.refusedByFencing).toBe(1);
  });
});
