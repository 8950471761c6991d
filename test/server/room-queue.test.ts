import { describe, expect, it } from 'vitest';
import { RoomQueue } from '../../src/server/room-queue.ts';

describe('who waits for room', () => {
  it('waits for one shard, in the order of coming, and goes on once', () => {
    const queue = new RoomQueue<string>();
    for (const [name, shard] of [
      ['a', 0],
      ['b', 1],
      ['c', 0],
      ['a', 0],
    ] as const)
      queue.add(name, shard);
    expect([...queue.take(0)!]).toStrictEqual(['a', 'c']);
    expect(queue.take(0)).toBeNull();
    expect([...queue.take(1)!]).toStrictEqual(['b']);
    expect(queue.take(2)).toBeNull();
  });

  it('waits no longer when it has ended, for whichever shard', () => {
    const queue = new RoomQueue<string>();
    for (const shard of [0, 1]) for (const name of ['a', 'b']) queue.add(name, shard);
    queue.remove('a');
    expect([...queue.take(0)!, ...queue.take(1)!]).toStrictEqual(['b', 'b']);
  });

  it('may wait again while those are walked over who waited', () => {
    const queue = new RoomQueue<string>();
    queue.add('a', 0);
    for (const name of queue.take(0)!) queue.add(name, 0);
    expect([...queue.take(0)!]).toStrictEqual(['a']);
  });
});
