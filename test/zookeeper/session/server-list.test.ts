import { describe, expect, it } from 'vitest';
import { parseConnectString } from '../../../src/zookeeper/connect-string.ts';
import { ServerList } from '../../../src/zookeeper/session/server-list.ts';

const half = (): number => 0.5;

describe('the servers of an ensemble', () => {
  it('are tried one after the other, in an order of chance', () => {
    const orders = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const list = new ServerList(parseConnectString('a,b,c'));
      const names = Array.from({ length: 6 }, () => list.next().host);
      expect(names.slice(0, 3)).toEqual(names.slice(3));
      orders.add(names.slice(0, 3).join());
    }
    expect(orders.size).toBe(6);
  });

  it('are tried without a pause until all were, and then with longer and longer ones up to a second', () => {
    const list = new ServerList(parseConnectString('a,b'), half);
    const pauses = Array.from({ length: 20 }, () => {
      list.next();
      return list.pauseMs(half);
    });
    expect(pauses.filter((_, i) => i % 2 === 0)).toEqual(Array(10).fill(0));
    expect(pauses.filter((_, i) => i % 2 === 1)).toEqual([
      20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000, 1_000,
    ]);
    list.reached(0);
    list.next();
    expect(list.pauseMs(half)).toBe(0);
    list.next();
    expect(list.pauseMs(half)).toBe(20);
  });

  it('are come back to after longer and longer pauses as long as no connection lasts', () => {
    const list = new ServerList(parseConnectString('a,b'), half);
    /** The pauses after connections that were there for so long, each with an answer at once and one at its end. */
    const pausesAfter = (count: number, lastedMs: number): number[] =>
      Array.from({ length: count }, () => {
        list.next();
        list.reached(5_000);
        list.reached(5_000 + lastedMs);
        list.lost(5_000 + lastedMs);
        return list.pauseMs(half);
      });
    expect(pausesAfter(8, 1_999)).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000]);
    expect(pausesAfter(2, 2_000)).toEqual([20, 20]);
    expect(pausesAfter(2, 0)).toEqual([20, 40]);
  });

  it('are not reached by a connection without an answer, however long that lasts', () => {
    const list = new ServerList(parseConnectString('a'), half);
    const pauses = [1, 2, 3].map(() => {
      list.next();
      list.lost(60_000);
      return list.pauseMs(half);
    });
    expect(pauses).toEqual([20, 40, 80]);
  });

  it('are named as one writes them', () => {
    expect(String(new ServerList(parseConnectString('[::1]:3,b/c'), half))).toBe('[::1]:3,b:2181');
  });
});
