import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/protocol/hpack/decoder.ts';
import { encodeHeaderBlock } from '../../../src/protocol/hpack/encoder.ts';
import { decodeBlock, type Field } from './decode-block.ts';

const frameHeaderBytes = 9;
const prefaceBytes = 24;
const FrameType = { Headers: 1, Settings: 4, Continuation: 9 } as const;
const flagAck = 0x1;
const flagEndHeaders = 0x4;

const frame = (type: number, flags: number, streamId: number, payload: Uint8Array) => {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
};

const settings = (values: readonly (readonly [id: number, value: number])[]) => {
  const payload = Buffer.alloc(values.length * 6);
  for (const [i, [id, value]] of values.entries()) {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  }
  return frame(FrameType.Settings, 0, 0, payload);
};

/** The least of an HTTP/2 server: hands every header block to `onBlock`, whose answer ends the stream. */
function serve(socket: net.Socket, ourSettings: Uint8Array, onBlock: (block: Buffer) => Uint8Array): void {
  let received = Buffer.alloc(0);
  let prefaceSeen = false;
  let block = Buffer.alloc(0);
  socket.write(ourSettings);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (!prefaceSeen && received.length >= prefaceBytes) {
      prefaceSeen = true;
      received = received.subarray(prefaceBytes);
    }
    while (prefaceSeen && received.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + received.readUIntBE(0, 3);
      if (received.length < end) break;
      const [type, flags, streamId] = [received[3]!, received[4]!, received.readUInt32BE(5)];
      const payload = received.subarray(frameHeaderBytes, end);
      received = received.subarray(end);
      if (type === FrameType.Settings && (flags & flagAck) === 0) {
        socket.write(frame(FrameType.Settings, flagAck, 0, Buffer.alloc(0)));
      }
      if (type !== FrameType.Headers && type !== FrameType.Continuation) continue;
      block = Buffer.concat([block, payload]);
      if ((flags & flagEndHeaders) === 0) continue;
      socket.write(frame(FrameType.Headers, flagEndHeaders | 0x1, streamId, onBlock(block)));
      block = Buffer.alloc(0);
    }
  });
}

/** Sends each list of fields as a request of Node's own client; returns what our decoder read and what it answered. */
async function exchange(tableBytesMax: number, requests: readonly Field[][], responses: readonly Field[][]) {
  const decoder = new HpackDecoder(tableBytesMax);
  const decoded: (Field[] | string)[] = [];
  const server = net.createServer((socket) => {
    // SETTINGS_HEADER_TABLE_SIZE, SETTINGS_MAX_HEADER_LIST_SIZE.
    serve(
      socket,
      settings([
        [1, tableBytesMax],
        [6, 1 << 20],
      ]),
      (block) => {
        decoded.push(decodeBlock(decoder, block));
        return encodeHeaderBlock(responses[decoded.length - 1] ?? [[':status', '200']]);
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = http2.connect(`http://127.0.0.1:${port}`);
  const answers: http2.IncomingHttpHeaders[] = [];
  try {
    // The peer's encoder must know our settings, or it may go above a small table.
    await once(client, 'remoteSettings');
    for (const fields of requests) {
      const stream = client.request(Object.fromEntries(fields), { endStream: true });
      const [answer] = await once(stream, 'response');
      answers.push(answer);
      stream.resume();
      await once(stream, 'close');
    }
  } finally {
    client.destroy();
    server.close();
  }
  return { decoded, answers };
}

/** Numbers that are the same in each run. */
function* pseudoRandom(): Generator<number, never> {
  for (let x = 12345; ; ) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    yield x >>> 8;
  }
}

const random = pseudoRandom();
const below = (bound: number) => random.next().value % bound;
/** What Node's client lets through in a value: no control bytes, no space at the ends. */
const legalBytes = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte > 0x20 && byte !== 0x7f,
);
const randomText = (length: number) =>
  Array.from({ length }, () => String.fromCharCode(legalBytes[below(legalBytes.length)]!)).join('');

const pseudoFields = (port: string): Field[] => [
  [':method', 'POST'],
  [':path', `/ldlm.LDLM/${['Lock', 'TryLock', 'Unlock'][below(3)]}`],
  [':scheme', 'http'],
  [':authority', `host:${port}`],
];

function randomRequest(i: number): Field[] {
  const fields = new Map<string, string>([
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'grpc-node-js/1.14.7'],
    ['grpc-timeout', `${below(100_000_000)}m`],
  ]);
  for (let n = below(8); n > 0; n--) {
    const value = below(3) === 0 ? randomText(below(5) === 0 ? 1500 : 40) : `value-${below(20)}`;
    fields.set(`x-${below(25)}`, value);
  }
  return [...pseudoFields(String(i % 3)), ...fields];
}

describe('header blocks of nghttp2', () => {
  it.each([4096, 256, 0])(
    'are decoded as they were sent, with a table of %d bytes',
    async (tableBytesMax) => {
      const requests = Array.from({ length: 300 }, (_, i) => randomRequest(i));
      const { decoded } = await exchange(tableBytesMax, requests, []);
      expect(decoded).toHaveLength(requests.length);
      for (const [i, fields] of decoded.entries()) expect(fields).toEqual(requests[i]);
    },
  );

  it('are decoded with every byte that a value may have, in Huffman code', async () => {
    const requests = legalBytes.map((byte) => {
      const odd = String.fromCharCode(byte);
      return [...pseudoFields('1'), ['x', `${odd}${'a'.repeat(40)}${odd}`] as Field];
    });
    const { decoded } = await exchange(4096, requests, []);
    expect(decoded).toEqual(requests);
  });

  it('of ours are read by nghttp2', async () => {
    const responses = Array.from({ length: 100 }, (_, i): Field[] => [
      [':status', String(200 + (i % 5))],
      ['content-type', 'application/grpc'],
      ['grpc-status', String(i % 17)],
      ['grpc-message', randomText(1 + below(60))],
      ['x-plain', 'a'.repeat(1 + below(300))],
    ]);
    const requests = responses.map(() => pseudoFields('1'));
    const { answers } = await exchange(4096, requests, responses);
    for (const [i, answer] of answers.entries()) {
      const { ':status': status, ...rest } = answer;
      expect([[':status', String(status)], ...Object.entries(rest)]).toEqual(responses[i]);
    }
    expect(answers).toHaveLength(responses.length);
  });
});
