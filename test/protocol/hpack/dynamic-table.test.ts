import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamicTable } from '../../../src/protocol/hpack/dynamic-table.ts';

const entriesOf = (table: DynamicTable) =>
  Array.from({ length: table.length }, (_, age) => [table.name(age), table.value(age)]);

describe('DynamicTable', () => {
  it('holds what fits to the byte and evicts the oldest first', () => {
    const table = new DynamicTable(3 * 34);
    for (const name of ['a', 'b', 'c']) table.insert(name, '1');
    expect(entriesOf(table)).toEqual([
      ['c', '1'],
      ['b', '1'],
      ['a', '1'],
    ]);
    table.insert('d', '1');
    expect(entriesOf(table)).toEqual([
      ['d', '1'],
      ['c', '1'],
      ['b', '1'],
    ]);
    table.insert('ee', '1');
    expect(entriesOf(table)).toEqual([
      ['ee', '1'],
      ['d', '1'],
    ]);
  });

  it('is emptied by an entry that is larger than the whole table', () => {
    const table = new DynamicTable(100);
    table.insert('a', '1');
    table.insert('b', 'x'.repeat(100 - 33 + 1));
    expect(table.length).toBe(0);
    table.insert('b', 'x'.repeat(100 - 33));
    expect(table.length).toBe(1);
  });

  it('counts every change', () => {
    const table = new DynamicTable(100);
    let generation = table.generation;
    const expectChange = () => {
      expect(table.generation).toBeGreaterThan(generation);
      generation = table.generation;
    };
    table.insert('a', '1');
    expectChange();
    table.insert('b', 'x'.repeat(200));
    expectChange();
    table.resize(50);
    expectChange();
    entriesOf(table);
    expect(table.generation).toBe(generation);
  });

  it('behaves as a list of fields cut off at its size', () => {
    const text = fc.string({ maxLength: 40 });
    const change = fc.oneof(
      { weight: 10, arbitrary: fc.tuple(text, text) },
      { weight: 1, arbitrary: fc.nat(2500) },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const table = new DynamicTable(1500);
        let bytesMax = 1500;
        let model: [string, string][] = [];
        for (const changed of changes) {
          if (typeof changed === 'number') {
            bytesMax = changed;
            table.resize(changed);
          } else {
            model.unshift(changed);
            table.insert(...changed);
          }
          let bytes = 0;
          const firstThatDoesNotFit = model.findIndex(([name, value]) => {
            bytes += name.length + value.length + 32;
            return bytes > bytesMax;
          });
          if (firstThatDoesNotFit >= 0) model = model.slice(0, firstThatDoesNotFit);
          expect(entriesOf(table)).toEqual(model);
        }
      }),
    );
  });
});
