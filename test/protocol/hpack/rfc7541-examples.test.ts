import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/protocol/hpack/decoder.ts';
import { decodeAlone, decodeBlock, type Field, tableEntries } from './decode-block.ts';

interface Example {
  readonly block: string;
  readonly fields: Field[];
  /** The dynamic table after the block, newest entry first. */
  readonly table: Field[];
}

const authority: Field = [':authority', 'www.example.com'];
const noCache: Field = ['cache-control', 'no-cache'];
const customKey: Field = ['custom-key', 'custom-value'];
const status302: Field = [':status', '302'];
const status307: Field = [':status', '307'];
const privateCache: Field = ['cache-control', 'private'];
const date21: Field = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const date22: Field = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const location: Field = ['location', 'https://www.example.com'];
const gzip: Field = ['content-encoding', 'gzip'];
const setCookie: Field = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

const request1: Field[] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], authority];
const request2: Field[] = [...request1, noCache];
const request3: Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  authority,
  customKey,
];
const response1: Field[] = [status302, privateCache, date21, location];
const response2: Field[] = [status307, privateCache, date21, location];
const response3: Field[] = [[':status', '200'], privateCache, date22, location, gzip, setCookie];

const requestTables: Field[][] = [[authority], [noCache, authority], [customKey, noCache, authority]];
const responseTables: Field[][] = [
  [location, date21, privateCache, status302],
  [status307, location, date21, privateCache],
  [setCookie, gzip, date22],
];

const sequences: { name: string; tableBytesMax: number; examples: Example[] }[] = [
  {
    name: 'C.3 requests without Huffman coding',
    tableBytesMax: 4096,
    examples: [
      {
        block: '828684410f7777772e6578616d706c652e636f6d',
        fields: request1,
        table: requestTables[0]!,
      },
      { block: '828684be58086e6f2d6361636865', fields: request2, table: requestTables[1]! },
      {
        block: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        fields: request3,
        table: requestTables[2]!,
      },
    ],
  },
  {
    name: 'C.4 requests with Huffman coding',
    tableBytesMax: 4096,
    examples: [
      { block: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: request1, table: requestTables[0]! },
      { block: '828684be5886a8eb10649cbf', fields: request2, table: requestTables[1]! },
      {
        block: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        fields: request3,
        table: requestTables[2]!,
      },
    ],
  },
  {
    name: 'C.5 responses without Huffman coding, with eviction',
    tableBytesMax: 256,
    examples: [
      {
        block: `4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54
          6e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
        fields: response1,
        table: responseTables[0]!,
      },
      { block: '4803333037c1c0bf', fields: response2, table: responseTables[1]! },
      {
        block: `88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a6970
          7738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d33363030
          3b2076657273696f6e3d31`,
        fields: response3,
        table: responseTables[2]!,
      },
    ],
  },
  {
    name: 'C.6 responses with Huffman coding, with eviction',
    tableBytesMax: 256,
    examples: [
      {
        block: `488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff
          6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
        fields: response1,
        table: responseTables[0]!,
      },
      { block: '4883640effc1c0bf', fields: response2, table: responseTables[1]! },
      {
        block: `88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab
          77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007`,
        fields: response3,
        table: responseTables[2]!,
      },
    ],
  },
];

describe('the examples of RFC 7541 Appendix C', () => {
  it.each<[name: string, block: string, fields: Field[], table: Field[]]>([
    [
      'C.2.1 literal with indexing',
      '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
      [['custom-key', 'custom-header']],
      [['custom-key', 'custom-header']],
    ],
    ['C.2.2 literal without indexing', '040c2f73616d706c652f70617468', [[':path', '/sample/path']], []],
    ['C.2.3 literal never indexed', '100870617373776f726406736563726574', [['password', 'secret']], []],
    ['C.2.4 indexed field', '82', [[':method', 'GET']], []],
  ])('%s', (_name, block, fields, table) => {
    const decoder = new HpackDecoder(4096);
    expect(decodeBlock(decoder, block)).toEqual(fields);
    expect(tableEntries(decoder)).toEqual(table);
  });

  it.each(sequences)('$name', ({ tableBytesMax, examples }) => {
    const decoder = new HpackDecoder(tableBytesMax);
    for (const example of examples) {
      expect(decodeBlock(decoder, example.block)).toEqual(example.fields);
      expect(tableEntries(decoder)).toEqual(example.table);
    }
  });

  // C.1 shows bare integers; here they are a string's length (7-bit prefix), of which C.1.2's 1337 is 7f ba 09.
  it('C.1 integers', () => {
    const value = 'v'.repeat(1337);
    expect(decodeAlone(`0401${'2f'}`)).toEqual([[':path', '/']]);
    expect(decodeAlone(`047fba09${'76'.repeat(1337)}`)).toEqual([[':path', value]]);
  });
});
