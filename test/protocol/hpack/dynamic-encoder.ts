import { huffmanEncode, huffmanEncodedBytes } from '../../../src/protocol/hpack/huffman-encode.ts';
import { staticTable } from '../../../src/protocol/hpack/static-table.ts';
import type { Field } from './decode-block.ts';

/** How a field is written when it stands in no table. */
export const Literal = { Indexed: 0x40, Plain: 0x00, NeverIndexed: 0x10 } as const;
export type Literal = (typeof Literal)[keyof typeof Literal];

export interface FieldChoice {
  readonly field: Field;
  readonly literal: Literal;
  readonly huffman: boolean;
  /** Whether a field or name that stands in a table is sent as its index. */
  readonly useTables: boolean;
}

/** An encoder that uses all of HPACK as told, with a table kept as a plain list: written for clarity alone. */
export class DynamicEncoder {
  #table: Field[] = [];
  #bytesMax: number;
  #out: number[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Encodes a block that begins with the size updates given. */
  encode(choices: readonly FieldChoice[], sizeUpdates: readonly number[] = []): Uint8Array {
    this.#out = [];
    for (const bytesMax of sizeUpdates) {
      this.#bytesMax = bytesMax;
      this.#evict();
      this.#integer(0x20, 5, bytesMax);
    }
    for (const choice of choices) this.#field(choice);
    return Uint8Array.from(this.#out);
  }

  #field({ field, literal, huffman, useTables }: FieldChoice): void {
    const [name, value] = field;
    const all = [...staticTable, ...this.#table];
    const index = useTables ? all.findIndex((entry) => entry[0] === name && entry[1] === value) + 1 : 0;
    if (index > 0) {
      this.#integer(0x80, 7, index);
      return;
    }
    // The last entry of the name, so that dynamic names are used although the static table has them too.
    const nameIndex = useTables ? all.findLastIndex((entry) => entry[0] === name) + 1 : 0;
    this.#integer(literal, literal === Literal.Indexed ? 6 : 4, nameIndex);
    if (nameIndex === 0) this.#string(name, huffman);
    this.#string(value, huffman);
    if (literal === Literal.Indexed) {
      this.#table.unshift(field);
      this.#evict();
    }
  }

  #evict(): void {
    const bytes = () => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (bytes() > this.#bytesMax) this.#table.pop();
  }

  #integer(flags: number, prefixBits: number, value: number): void {
    const prefixMax = 2 ** prefixBits - 1;
    if (value < prefixMax) {
      this.#out.push(flags | value);
      return;
    }
    this.#out.push(flags | prefixMax);
    for (value -= prefixMax; value >= 128; value = Math.floor(value / 128))
      this.#out.push(128 + (value % 128));
    this.#out.push(value);
  }

  #string(text: string, huffman: boolean): void {
    const bytes = huffman ? new Uint8Array(huffmanEncodedBytes(text)) : Buffer.from(text, 'latin1');
    if (huffman) huffmanEncode(bytes, 0, text);
    this.#integer(huffman ? 0x80 : 0, 7, bytes.length);
    for (const byte of bytes) this.#out.push(byte);
  }
}
