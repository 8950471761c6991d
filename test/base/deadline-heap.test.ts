import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineHeap } from '../../src/base/deadline-heap.ts';

function drain(heap: DeadlineHeap): [number, number][] {
  const out: [number, number][] = [];
  while (heap.size > 0) {
    out.push([heap.firstMs, heap.firstId]);
    heap.remove(heap.firstId);
  }
  return out;
}

describe('DeadlineHeap', () => {
  it('has no first deadline while empty', () => {
    const heap = new DeadlineHeap();
    expect(heap.firstMs).toBe(Number.POSITIVE_INFINITY);
    expect(heap.firstId).toBe(0);
    expect(heap.deadlineMs(7)).toBe(Number.POSITIVE_INFINITY);
    heap.remove(7);
    expect(heap.size).toBe(0);
  });

  it('moves an id in place, to an earlier and to a later deadline', () => {
    const heap = new DeadlineHeap();
    for (let id = 1; id <= 5; id++) heap.set(id, id * 10);
    heap.set(5, 1);
    expect(heap.firstId).toBe(5);
    heap.set(5, 25);
    expect(heap.size).toBe(5);
    expect(drain(heap)).toEqual([
      [10, 1],
      [20, 2],
      [25, 5],
      [30, 3],
      [40, 4],
    ]);
  });

  it('does not grow by renewals', () => {
    const heap = new DeadlineHeap();
    for (let round = 0; round < 10; round++) for (let id = 1; id <= 100; id++) heap.set(id, round * 100 + id);
    expect(heap.size).toBe(100);
    expect(heap.firstMs).toBe(901);
  });

  it('stays ordered over several pages', () => {
    const heap = new DeadlineHeap();
    const count = 10_000;
    for (let id = 1; id <= count; id++) heap.set(id, (id * 7919) % count);
    expect(heap.isConsistent()).toBe(true);
    expect(drain(heap).map(([atMs]) => atMs)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it('behaves like a map sorted by deadline', () => {
    const step = fc.record({
      id: fc.integer({ min: 1, max: 40 }),
      atMs: fc.option(fc.double({ noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new DeadlineHeap();
        const model = new Map<number, number>();
        for (const { id, atMs } of steps) {
          if (atMs === null) {
            heap.remove(id);
            model.delete(id);
          } else {
            heap.set(id, atMs);
            model.set(id, atMs);
          }
          expect(heap.isConsistent()).toBe(true);
          expect(heap.size).toBe(model.size);
          expect(heap.firstMs === Math.min(...model.values())).toBe(true);
          expect(heap.deadlineMs(id)).toBe(model.get(id) ?? Number.POSITIVE_INFINITY);
        }
        const drained = drain(heap);
        expect(drained.map(([, id]) => id).sort()).toEqual([...model.keys()].sort());
        for (let i = 1; i < drained.length; i++) expect(drained[i - 1]![0] <= drained[i]![0]).toBe(true);
      }),
    );
  });
});
