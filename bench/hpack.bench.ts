import { Bench } from 'tinybench';
import { Limits } from '../src/base/limits.ts';
import { type HeaderSink, HpackDecoder } from '../src/protocol/hpack/decoder.ts';
import { encodeHeader, encodeHeaderBlock } from '../src/protocol/hpack/encoder.ts';

/*
 * The blocks of an @grpc/grpc-js client as nghttp2 encodes them: the first of a connection with everything as
 * literals; a later one, in which only the path is a literal; one with a timeout, which enters the dynamic table.
 */
const firstBlock = Buffer.from(
  '83048c628928a57cf7f3e86339c9d7418b089d5c0b8170dc65d79d6f8640027465864d833505b11f5f8b1d75d0620d263d4c4d65' +
    '647a8e9acac8b54790ab7443015c2d2eef408e9acac8b0c842d6958b510f21aa9b903485a9264fafa90b2d03497ea6f66aff' +
    '50863485a9264faf',
  'hex',
);
const laterBlock = Buffer.from('83048c628928a57cf7f3e86339c9d7c386c2c1c0bfbe', 'hex');
const timeoutBlock = Buffer.from('83048c628928a57cf7f3e86339c9d7c586c4c3c2c1c07e8565f6df6e9f', 'hex');
const indexedBlock = Buffer.from('838684c386c2c1c0bfbe', 'hex');

/** A block takes so little that a call of tinybench would hide it, so each runs a hundred at a time. */
const batch = 100;

class CountingSink implements HeaderSink {
  fields = 0;
  header(): void {
    this.fields++;
  }
}

/** Decoding the header blocks of requests, and encoding the trailers of a reply. */
export function hpackBench(): Bench {
  const bench = new Bench({ name: 'hpack', time: 500, warmupTime: 100 });
  addDecoding(bench, 'first block: literals', firstBlock);
  addDecoding(bench, 'later block: indexes, literal path', laterBlock);
  addDecoding(bench, 'later block with a new timeout', timeoutBlock);
  addDecoding(bench, 'indexes only', indexedBlock);

  const out = new Uint8Array(256);
  bench
    .add(`encode trailers x ${batch}`, () => {
      for (let i = 0; i < batch; i++) {
        const position = encodeHeader(out, 0, 'grpc-status', '14');
        encodeHeader(out, position, 'grpc-message', 'the server stops');
      }
    })
    .add('encode a block that is made once', () => {
      encodeHeaderBlock([
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]);
    });
  return bench;
}

function addDecoding(bench: Bench, name: string, block: Buffer): void {
  const decoder = new HpackDecoder(Limits.headerTableBytesMax);
  const sink = new CountingSink();
  // Fills the table with what the later blocks refer to.
  for (let i = 0; i < 2; i++)
    decoder.decode(firstBlock, 0, firstBlock.length, Limits.headerListBytesMax, sink);
  bench.add(`decode ${name} x ${batch}`, () => {
    for (let i = 0; i < batch; i++) decoder.decode(block, 0, block.length, Limits.headerListBytesMax, sink);
  });
}
