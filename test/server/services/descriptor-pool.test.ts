import { describe, expect, it } from 'vitest';
import type { DescriptorFile, SymbolKind } from '../../../src/server/services/descriptor-file.ts';
import { DescriptorPool, loadDescriptorPool } from '../../../src/server/services/descriptor-pool.ts';
import { listServices } from '../../../src/server/services/proto-files.ts';

function file(name: string, imports: string[], symbols: [string, SymbolKind][] = []): DescriptorFile {
  return { name, bytes: Buffer.from(name), imports, symbols: new Map(symbols) };
}

const base = file('base.proto', []);
const left = file('left.proto', ['base.proto', 'absent.proto'], [['b.S', 'service']]);
const right = file('right.proto', ['base.proto'], [['b.M', 'message']]);
const top = file(
  'top.proto',
  ['left.proto', 'right.proto'],
  [
    ['a.S', 'service'],
    ['a.S.m', 'member'],
  ],
);
const pool = new DescriptorPool([top, left, right, base]);

describe('DescriptorPool', () => {
  it('finds files by name and by symbol', () => {
    expect(pool.file('left.proto')).toBe(left);
    expect(pool.file('absent.proto')).toBeNull();
    expect(pool.fileOfSymbol('a.S.m')).toBe(top);
    expect(pool.fileOfSymbol('a')).toBeNull();
  });

  it('lists services, sorted', () => {
    expect(pool.services).toEqual(['a.S', 'b.S']);
  });

  it('tells messages from other symbols', () => {
    expect(['b.M', 'b.S', 'b'].map((symbol) => pool.isMessage(symbol))).toEqual([true, false, false]);
  });

  it('adds to a file what it imports, each file once', () => {
    expect(pool.withImports(top, new Set())).toEqual([top, left, right, base]);
    expect(pool.withImports(base, new Set())).toEqual([base]);
  });

  it('leaves out imports that are excepted, but not the file itself', () => {
    expect(pool.withImports(top, new Set([top, left, base]))).toEqual([top, right]);
  });

  it('can be restricted to what some services need', () => {
    const restricted = pool.restrictedTo(['b.S', 'c.Unknown']);
    expect(restricted.services).toEqual(['b.S']);
    expect([restricted.file('left.proto'), restricted.file('base.proto')]).toEqual([left, base]);
    expect([restricted.file('top.proto'), restricted.fileOfSymbol('a.S')]).toEqual([null, null]);
    // A file that is needed brings its services along, but they are not told of.
    expect(pool.restrictedTo(['a.S']).services).toEqual(['a.S']);
    expect(pool.restrictedTo(['a.S']).fileOfSymbol('b.S')).toBe(left);
  });

  it('takes files that import each other', () => {
    const one = file('1', ['2']);
    const two = file('2', ['1']);
    expect(new DescriptorPool([one, two]).withImports(two, new Set())).toEqual([two, one]);
  });
});

describe('loadDescriptorPool', () => {
  it('has the services of the .proto files, and all that the files import', () => {
    const loaded = loadDescriptorPool();
    expect(loaded.services).toEqual(listServices());
    for (const service of loaded.services) {
      for (const { imports } of loaded.withImports(loaded.fileOfSymbol(service)!, new Set())) {
        for (const name of imports) expect([name, loaded.file(name)?.name]).toEqual([name, name]);
      }
    }
  });
});
