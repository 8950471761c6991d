import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/protocol/hpack/decoder.ts';
import { HpackError } from '../../../src/protocol/hpack/hpack-error.ts';
import { arbitraryBlocks } from './arbitrary-blocks.ts';
import { decodeAlone, decodeBlock, tableEntries } from './decode-block.ts';

const hexOf = (text: string) => Buffer.from(text, 'latin1').toString('hex');

/** A literal with indexing, with a new name of one byte and a value shorter than 127 bytes. */
const insertion = (name: string, value: string) =>
  `4001${hexOf(name)}${Buffer.of(value.length).toString('hex')}${hexOf(value)}`;

describe('HpackDecoder', () => {
  it('decodes what an encoder with all of its freedoms makes', () => {
    fc.assert(
      fc.property(arbitraryBlocks(1000), (blocks) => {
        const decoder = new HpackDecoder(1000);
        for (const { bytes, fields } of blocks) expect(decodeBlock(decoder, bytes)).toEqual(fields);
      }),
      { numRuns: 300 },
    );
  });

  it('decodes the empty block', () => {
    expect(decodeAlone('')).toEqual([]);
  });

  it('decodes only the range that it is given', () => {
    const fields: string[] = [];
    const sink = { header: (name: string, value: string) => fields.push(`${name} ${value}`) };
    const bytes = Uint8Array.of(0x80, 0x82, 0x84, 0x80);
    expect(new HpackDecoder(4096).decode(bytes, 1, 3, 1000, sink)).toBeNull();
    expect(fields).toEqual([':method GET', ':path /']);
  });

  it.each<[string, string, HpackError]>([
    ['index 0', '80', HpackError.IndexZero],
    ['an index beyond the static table', 'be', HpackError.IndexOutOfRange],
    ['an index beyond the dynamic table', `${insertion('a', '1')} be bf`, HpackError.IndexOutOfRange],
    ['an index of several bytes beyond all tables', 'ff8001', HpackError.IndexOutOfRange],
    ['an index that is too large', 'ffffffffff0f', HpackError.IntegerTooLarge],
    ['an index cut off', 'ff', HpackError.Truncated],
    ['a name index beyond the tables, with indexing', '7e0131', HpackError.IndexOutOfRange],
    ['a name index beyond the tables, without indexing', '0f2f0131', HpackError.IndexOutOfRange],
    ['a name index beyond the tables, never indexed', '1f2f0131', HpackError.IndexOutOfRange],
    ['a name index cut off', '0f', HpackError.Truncated],
    ['a literal without a name', '40', HpackError.Truncated],
    ['a literal without a value', '400161', HpackError.Truncated],
    ['a value cut off', '40016102', HpackError.Truncated],
    ['a name with bad padding', '4081000161', HpackError.HuffmanInvalid],
    ['a value with bad padding', '0481ff', HpackError.HuffmanInvalid],
    ['a value with EOS', '0484ffffffff', HpackError.HuffmanInvalid],
  ])('refuses %s', (_name, block, error) => {
    expect(decodeAlone(block)).toBe(error);
  });

  it('refuses every proper prefix of a block that does not end with a field, and never throws', () => {
    fc.assert(
      fc.property(arbitraryBlocks(4096), (blocks) => {
        for (const { bytes, fields } of blocks.slice(0, 1)) {
          for (let end = 0; end < bytes.length; end++) {
            const cut = decodeAlone(bytes.subarray(0, end));
            if (typeof cut === 'string') expect(cut).toBe(HpackError.Truncated);
            else expect(cut).toEqual(fields.slice(0, cut.length));
          }
        }
      }),
    );
  });

  it('answers random bytes with fields or an error', () => {
    const errors = new Set<string>(Object.values(HpackError));
    let decoded = 0;
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(4096);
        for (const block of blocks) {
          const fields = decodeBlock(decoder, block);
          if (typeof fields !== 'string') decoded++;
          else expect(errors).toContain(fields);
        }
      }),
      { numRuns: 500 },
    );
    expect(decoded).toBeGreaterThan(0);
  });
});

describe('dynamic table size updates', () => {
  const tableOf2 = `${insertion('a', '1')} ${insertion('b', '2')}`;

  it.each([
    ['shrinks the table, oldest entry first', '3f03', [['b', '2']]], // 34
    [
      'keeps what fits to the byte',
      '3f25',
      [
        ['b', '2'],
        ['a', '1'],
      ],
    ], // 68
    ['empties the table', '20', []],
    ['empties the table, then lets it grow again', '203fe11f', []], // 0, 4096
    [
      'accepts the size announced',
      '3fe11f',
      [
        ['b', '2'],
        ['a', '1'],
      ],
    ], // 4096
    [
      'accepts any number of them',
      '3fe11f3fe11f3fe11f3f25',
      [
        ['b', '2'],
        ['a', '1'],
      ],
    ],
  ])('%s', (_name, update, entries) => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, tableOf2);
    expect(decodeBlock(decoder, update)).toEqual([]);
    expect(tableEntries(decoder)).toEqual(entries);
  });

  it('holds for the insertions after it', () => {
    const decoder = new HpackDecoder(4096);
    expect(decodeBlock(decoder, `3f03 ${tableOf2}`)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    expect(tableEntries(decoder)).toEqual([['b', '2']]);
  });

  it.each<[string, number, string, HpackError]>([
    ['above the size announced', 4096, '3fe21f', HpackError.SizeUpdateTooLarge],
    ['above a small size announced', 100, '3f46', HpackError.SizeUpdateTooLarge],
    ['that is too large an integer', 4096, '3fffffffff0f', HpackError.IntegerTooLarge],
    ['cut off', 4096, '3fe1', HpackError.Truncated],
    ['after a field', 4096, '8220', HpackError.SizeUpdateMisplaced],
    ['between fields', 4096, '2082203fe11f82', HpackError.SizeUpdateMisplaced],
  ])('refuses one %s', (_name, tableBytesMax, block, error) => {
    expect(decodeBlock(new HpackDecoder(tableBytesMax), block)).toBe(error);
  });

  it("lets a table announced larger than 4096 grow only on the peer's word", () => {
    const decoder = new HpackDecoder(8192);
    const insertions = (count: number) => insertion('n', 'v'.repeat(95)).repeat(count);
    decodeBlock(decoder, insertions(60));
    expect(tableEntries(decoder)).toHaveLength(Math.floor(4096 / 128));
    decodeBlock(decoder, `3fe13f ${insertions(64)}`);
    expect(tableEntries(decoder)).toHaveLength(64);
  });
});

describe('listBytesMax', () => {
  // :method GET is 42 bytes, :path / is 38.
  it('lets a list through that has its size to the byte', () => {
    const decoder = new HpackDecoder(4096);
    expect(decodeBlock(decoder, '8284', 80)).toHaveLength(2);
    expect(decoder.listTooLarge).toBe(false);
  });

  it('hands out nothing from the field on that exceeds it', () => {
    const decoder = new HpackDecoder(4096);
    expect(decodeBlock(decoder, '828284', 83)).toEqual([[':method', 'GET']]);
    expect(decoder.listTooLarge).toBe(true);
  });

  it('holds for each block anew', () => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, '828284', 50);
    expect(decodeBlock(decoder, '82', 50)).toEqual([[':method', 'GET']]);
    expect(decoder.listTooLarge).toBe(false);
  });

  it('keeps the table in step and mistakes visible', () => {
    const decoder = new HpackDecoder(4096);
    expect(decodeBlock(decoder, insertion('a', '1') + insertion('b', '2'), 10)).toEqual([]);
    expect(tableEntries(decoder)).toEqual([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(decodeBlock(decoder, '8282c0', 10)).toBe(HpackError.IndexOutOfRange);
  });

  it('stops a small block that stands for a large list', () => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, `4001617fc11e${'62'.repeat(4032)}`);
    expect(tableEntries(decoder).map(([, value]) => value.length)).toEqual([4032]);
    let bytesHandedOut = 0;
    const sink = {
      header: (name: string, value: string) => (bytesHandedOut += name.length + value.length + 32),
    };
    const bomb = new Uint8Array(64 * 1024).fill(0xbe);
    expect(decoder.decode(bomb, 0, bomb.length, 64 * 1024, sink)).toBeNull();
    expect(decoder.listTooLarge).toBe(true);
    expect(bytesHandedOut).toBeLessThanOrEqual(64 * 1024);
    expect(bytesHandedOut).toBeGreaterThan(60 * 1024);
  });
});

describe('generation', () => {
  it('stands still while the table does', () => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, insertion('a', '1'));
    const { generation } = decoder;
    for (const block of ['82', 'be', `0401${hexOf('/')}`, `1401${hexOf('/')}`, `00016101${hexOf('b')}`]) {
      decodeBlock(decoder, block);
      expect(decoder.generation).toBe(generation);
    }
  });

  it.each([
    ['an insertion', insertion('b', '2')],
    ['an insertion that fits no table', `4001617fe21e${'62'.repeat(4065)}`],
    ['a size update', '3fe11f'],
  ])('moves with %s', (_name, block) => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, insertion('a', '1'));
    const { generation } = decoder;
    expect(decodeBlock(decoder, block)).toBeInstanceOf(Array);
    expect(decoder.generation).toBeGreaterThan(generation);
  });
});

describe('hostile blocks', () => {
  it.each([
    ['insertions of the shortest entry', '400000'],
    ['insertions by the index of an entry', '400000 7e00'],
    ['insertions that empty the table', `4001617fe21e${'62'.repeat(4065)}`],
    ['references to one entry', '82'],
    ['empty strings in Huffman code', '008080'],
    ['size updates', '3fe11f20'],
  ])('take time in proportion to their length: %s', (_name, hex) => {
    const block = Buffer.alloc(1024 * 1024, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    const decoder = new HpackDecoder(4096);
    const begin = performance.now();
    decoder.decode(block, 0, block.length, 64 * 1024, { header: () => {} });
    // They take some 20 ms; 10^12 steps would take minutes.
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('leave a table of no more than its bytes', () => {
    const decoder = new HpackDecoder(4096);
    decodeBlock(decoder, '400000'.repeat(100_000));
    expect(decodeBlock(decoder, 'ff3e')).toHaveLength(1); // Entry 128 of 4096 / 32.
    expect(decodeBlock(decoder, 'ff3f')).toBe(HpackError.IndexOutOfRange);
  });
});
