import fc from 'fast-check';
import type { Field } from './decode-block.ts';
import { DynamicEncoder, type FieldChoice, Literal } from './dynamic-encoder.ts';

/** A header block as the test's encoder makes it, and what it says. */
export interface EncodedBlock {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
}

const names = [':path', ':authority', 'te', 'content-type', 'grpc-timeout', 'user-agent', 'cookie', 'x'];
const byteString = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** Few names and values, so that fields recur, beside arbitrary ones. */
const field = fc.tuple(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: byteString }),
  fc.oneof({ weight: 2, arbitrary: fc.constantFrom('', '1', 'v'.repeat(300)) }, byteString),
);

const choice: fc.Arbitrary<FieldChoice> = fc.record({
  field,
  literal: fc.constantFrom<Literal>(Literal.Indexed, Literal.Indexed, Literal.Plain, Literal.NeverIndexed),
  huffman: fc.boolean(),
  useTables: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()),
});

/** The blocks of one connection in order, for a decoder whose table may have `tableBytesMax`. */
export function arbitraryBlocks(tableBytesMax: number): fc.Arbitrary<EncodedBlock[]> {
  const block = fc.record({
    choices: fc.array(choice, { maxLength: 12 }),
    sizeUpdates: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.nat(tableBytesMax), { maxLength: 2 }) },
    ),
  });
  return fc.array(block, { maxLength: 15 }).map((blocks) => {
    const encoder = new DynamicEncoder(tableBytesMax);
    return blocks.map(({ choices, sizeUpdates }) => ({
      bytes: encoder.encode(choices, sizeUpdates),
      fields: choices.map((chosen) => chosen.field),
    }));
  });
}
