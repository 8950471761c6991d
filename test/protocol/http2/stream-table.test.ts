import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Stream } from '../../../src/protocol/http2/stream.ts';
import { StreamTable } from '../../../src/protocol/http2/stream-table.ts';

type TestStream = Stream<null, null>;

const ids = (streams: readonly TestStream[]) => streams.map(({ id }) => id).sort((a, b) => a - b);

describe('StreamTable', () => {
  it('is a map from numbers that only grow', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 100_000 }) }),
      fc.record({ add: fc.constant(1) }),
      fc.record({ removeAt: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new StreamTable<null, null>();
        const model = new Map<number, TestStream>();
        let id = -1;
        for (const choice of steps) {
          if ('add' in choice) {
            id += 2 * choice.add;
            const stream = new Stream<null, null>(id, -1);
            table.add(stream);
            model.set(id, stream);
          } else if (model.size > 0) {
            const stream = [...model.values()][choice.removeAt % model.size]!;
            table.remove(stream);
            model.delete(stream.id);
            expect(table.get(stream.id)).toBeNull();
          }
          expect(table.size).toBe(model.size);
        }
        for (const [number, stream] of model) expect(table.get(number)).toBe(stream);
        expect(ids(table.list())).toEqual([...model.keys()]);
      }),
    );
  });

  it('finds a stream that stays open while 100,000 others come and go', () => {
    const table = new StreamTable<null, null>();
    const old = new Stream<null, null>(1, -1);
    table.add(old);
    let found = 0;
    for (let id = 3; id < 200_000; id += 2) {
      const stream = new Stream<null, null>(id, -1);
      table.add(stream);
      if (table.get(id) === stream) found++;
      table.remove(stream);
    }
    expect(found).toBe(99_999);
    expect(table.get(1)).toBe(old);
    expect(ids(table.list())).toEqual([1]);
  });

  it('finds each stream once after it has grown and shrunk around one that stays', () => {
    const table = new StreamTable<null, null>();
    const stay = new Stream<null, null>(1, -1);
    table.add(stay);
    // Numbers of one slot, so that all but one are strays, until the table grows.
    const others = Array.from({ length: 40 }, (_, i) => new Stream<null, null>(1 + 2 * 16 * (i + 1), -1));
    for (const stream of others) table.add(stream);
    expect(ids(table.list())).toEqual([1, ...others.map(({ id }) => id)]);
    for (const stream of others) table.remove(stream);
    expect(others.map(({ id }) => table.get(id)).filter((found) => found !== null)).toEqual([]);
    expect(ids(table.list())).toEqual([1]);
  });

  it('ignores a stream that it does not have', () => {
    const table = new StreamTable<null, null>();
    table.add(new Stream<null, null>(1, -1));
    table.remove(new Stream<null, null>(3, -1));
    table.remove(new Stream<null, null>(33, -1));
    expect(table.size).toBe(1);
  });
});
