import { type HeaderSink, HpackDecoder } from '../../../src/protocol/hpack/decoder.ts';

export type Field = [name: string, value: string];

/** Decodes one block given as bytes or hex and returns its fields, or the error. */
export function decodeBlock(
  decoder: HpackDecoder,
  block: Uint8Array | string,
  listBytesMax = Number.POSITIVE_INFINITY,
): Field[] | string {
  const bytes = typeof block === 'string' ? Buffer.from(block.replaceAll(/\s/g, ''), 'hex') : block;
  const fields: Field[] = [];
  const sink: HeaderSink = { header: (name, value) => fields.push([name, value]) };
  return decoder.decode(bytes, 0, bytes.length, listBytesMax, sink) ?? fields;
}

/** Decodes one block with a decoder of its own. */
export function decodeAlone(block: Uint8Array | string, listBytesMax?: number): Field[] | string {
  return decodeBlock(new HpackDecoder(4096), block, listBytesMax);
}

/** The dynamic table's entries, newest first, as far as indexed fields can show them. */
export function tableEntries(decoder: HpackDecoder): Field[] {
  const entries: Field[] = [];
  for (let index = 62; index < 127; index++) {
    const fields = decodeBlock(decoder, Uint8Array.of(0x80 | index));
    if (typeof fields === 'string') break;
    entries.push(...fields);
  }
  return entries;
}
