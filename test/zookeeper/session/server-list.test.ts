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
    list.reached();
    list.next();
    expect(list.pauseMs(half)).toBe(0);
    list.next();
    expect(list.pauseMs(half)).toBe(20);
  });

  it('are named as one writes them', () => {
    expect(String(new ServerList(parseConnectString('[::1]:3,b/c'), half))).toBe('[::1]:3,b:2181');
  });
});
