import { describe, expect, it } from 'vitest';
import { type LeaseCount, LeaseLimit } from '../../../src/zookeeper/locks/lease-limit.ts';

/** A count in this process. */
class OwnCount implements LeaseCount {
  readonly listeners = new Set<(count: number) => void>();
  count = 1;

  onChange(listener: (count: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  become(count: number): void {
    this.count = count;
    for (const listener of this.listeners) listener(count);
  }
}

describe('a limit of leases', () => {
  it('is a number, and tells when it is another', () => {
    const limit = new LeaseLimit('/s', 2);
    let calls = 0;
    const end = limit.onChange(() => calls++);
    expect([limit.max, limit.isFixed]).toEqual([2, true]);
    limit.source = 3;
    end();
    limit.source = 4;
    expect([limit.max, calls]).toEqual([4, 1]);
  });

  it('is what a count says, to which it listens only while somebody listens', () => {
    const count = new OwnCount();
    const limit = new LeaseLimit('/s', count);
    expect([limit.max, limit.isFixed, count.listeners.size]).toEqual([1, false, 0]);
    const calls: string[] = [];
    const ends = ['a', 'b'].map((name) => limit.onChange(() => calls.push(name)));
    expect(count.listeners.size).toBe(1);
    count.become(0);
    expect([limit.max, calls]).toEqual([0, ['a', 'b']]);
    ends[0]!();
    ends[0]!();
    expect(count.listeners.size).toBe(1);
    ends[1]!();
    count.become(5);
    expect([limit.max, calls, count.listeners.size]).toEqual([5, ['a', 'b'], 0]);
    limit.onChange(() => calls.push('c'));
    count.become(6);
    expect(calls).toEqual(['a', 'b', 'c']);
  });

  it('leaves the count that it had for another', () => {
    const [first, second] = [new OwnCount(), new OwnCount()];
    const limit = new LeaseLimit('/s', first);
    let calls = 0;
    limit.onChange(() => calls++);
    limit.source = second;
    expect([calls, first.listeners.size, second.listeners.size]).toEqual([1, 0, 1]);
    second.become(7);
    limit.source = 8;
    expect([calls, second.listeners.size, limit.max]).toEqual([3, 0, 8]);
  });

  it.each([0, 1.5, '2', null, undefined, {}, { count: 1 }, { count: 1, onChange: 1 }])(
    'is refused where it is none: %j',
    (source) => {
      const limit = new LeaseLimit('/s', 2);
      const set = (): void => {
        limit.source = source as never;
      };
      expect(set).toThrow(expect.objectContaining({ code: 'ZOOKEEPER_USE', path: '/s' }));
      expect(limit.max).toBe(2);
    },
  );
});
