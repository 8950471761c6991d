import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { encodeHeaderBlock } from '../../../src/protocol/hpack/encoder.ts';
import { FrameType } from '../../../src/protocol/http2/frame.ts';
import { RecordedConnection } from './recorded-connection.ts';
import { data, describeFrame, END, headers, POST, rstStream, settings, windowUpdate } from './wire-frames.ts';

const WINDOW = 4;
const FRAME = 5;
const TABLE = 1;

/** An established connection whose peer has announced this much window for each stream. */
function withWindow(bytes: number): RecordedConnection {
  const recorded = RecordedConnection.established();
  recorded.receive(settings([WINDOW, bytes])).takeOutput();
  return recorded;
}

function reply(recorded: RecordedConnection, id: number, body: Uint8Array | string): boolean {
  const parts = [headers(id, [[':status', '200']]), data(id, body), headers(id, [['grpc-status', '0']], END)];
  const [head, middle, trailers] = parts.map((part) => part.length);
  const bytes = Buffer.concat([Buffer.from('before'), ...parts, Buffer.from('behind')]);
  return recorded.connection.sendReply(recorded.stream(id), bytes, 6, head!, middle!, trailers!);
}

function open(recorded: RecordedConnection, count: number): void {
  for (let id = 1; id < 2 * count; id += 2) recorded.receive(headers(id, POST, END));
}

describe('a reply', () => {
  it('goes out as it is when both windows allow', () => {
    const recorded = withWindow(5);
    open(recorded, 1);
    expect(reply(recorded, 1, 'reply')).toBe(true);
    expect(recorded.said()).toEqual(['HEADERS 1', 'DATA 1 5', 'HEADERS 1 END']);
    expect(recorded.events).toEqual(['opened 1 END']);
  });

  it('waits behind its head for a window of 0, and goes byte by byte through one of 1', () => {
    const recorded = withWindow(0);
    open(recorded, 1);
    expect(reply(recorded, 1, 'abc')).toBe(false);
    expect(recorded.said()).toEqual(['HEADERS 1']);
    for (let i = 0; i < 2; i++) expect(recorded.receive(windowUpdate(1, 1)).said()).toEqual(['DATA 1 1']);
    expect(recorded.connection.queuedBytes).toBeGreaterThan(0);
    expect(recorded.receive(windowUpdate(1, 1)).said()).toEqual(['DATA 1 1', 'HEADERS 1 END']);
    expect(recorded.events).toEqual(['opened 1 END', 'sent 1']);
    expect(recorded.connection.queuedBytes).toBe(0);
    expect(recorded.connection.openStreams).toBe(0);
  });

  it('that waits is its own: the memory that it came in is used again', () => {
    const recorded = withWindow(0);
    open(recorded, 1);
    const parts = [
      headers(1, [[':status', '200']]),
      data(1, 'reply'),
      headers(1, [['grpc-status', '0']], END),
    ];
    const [head, middle, trailers] = parts.map((part) => part.length);
    const memory = Buffer.concat(parts);
    expect(recorded.connection.sendReply(recorded.stream(1), memory, 0, head!, middle!, trailers!)).toBe(
      false,
    );
    memory.fill(0xee);
    const [, ...waited] = [...recorded.takeFrames(), ...recorded.receive(windowUpdate(1, 5)).takeFrames()];
    expect(waited.map(({ payload }) => payload.toString('latin1'))).toEqual([
      'reply',
      parts[2]!.subarray(9).toString('latin1'),
    ]);
  });

  it('without a body needs no window', () => {
    const recorded = withWindow(0);
    open(recorded, 1);
    const bytes = headers(1, [['grpc-status', '5']], END);
    expect(recorded.connection.sendReply(recorded.stream(1), bytes, 0, 0, 0, bytes.length)).toBe(true);
    expect(recorded.said()).toEqual(['HEADERS 1 END']);
  });

  it('longer than a frame of the peer is cut into several', () => {
    const recorded = withWindow(65_535);
    open(recorded, 2);
    const body = Buffer.alloc(40_000, 'x');
    expect(reply(recorded, 1, body)).toBe(true);
    expect(recorded.said()).toEqual([
      'HEADERS 1',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 7232',
      'HEADERS 1 END',
    ]);
    recorded.receive(settings([FRAME, 50_000]), windowUpdate(0, 40_000)).takeOutput();
    reply(recorded, 3, body);
    expect(recorded.said()).toEqual(['HEADERS 3', 'DATA 3 40000', 'HEADERS 3 END']);
  });

  it('of a name of 64 KiB goes out whole through windows of any width', () => {
    const body = Buffer.from(Array.from({ length: 65_600 }, (_, i) => i % 251));
    for (const increment of [7, 1000, 16_384, 16_385, 70_000]) {
      const recorded = withWindow(0);
      open(recorded, 1);
      reply(recorded, 1, body);
      const received: Buffer[] = [];
      let updates = 0;
      while (recorded.connection.openStreams > 0 && updates++ < 70_000) {
        recorded.receive(windowUpdate(1, increment), windowUpdate(0, increment));
        recorded.nowMs += 10;
        for (const { type, payload } of recorded.takeFrames())
          if (type === FrameType.Data) received.push(payload);
      }
      expect(Buffer.concat(received).equals(body)).toBe(true);
    }
  });

  it('does not go out when its stream was reset, and leaves no bytes behind', () => {
    const recorded = withWindow(0);
    open(recorded, 1);
    reply(recorded, 1, 'abc');
    recorded.receive(rstStream(1, 8)).takeOutput();
    expect(recorded.connection.queuedBytes).toBe(0);
    expect(recorded.receive(windowUpdate(0, 100), settings([WINDOW, 100])).said()).toEqual(['SETTINGS ACK']);
    expect(recorded.events).toEqual(['opened 1 END', 'cancelled 1']);
  });
});

describe('the windows', () => {
  it('of the connection is used up to the last byte by replies that go out as they are', () => {
    const recorded = withWindow(2 ** 20);
    open(recorded, 6);
    const body = Buffer.alloc(65_535 / 5);
    for (const id of [1, 3, 5, 7, 9]) expect(reply(recorded, id, body)).toBe(true);
    recorded.takeOutput();
    expect(reply(recorded, 11, 'x')).toBe(false);
    expect(recorded.said()).toEqual(['HEADERS 11']);
    expect(recorded.receive(windowUpdate(0, 1)).said()).toEqual(['DATA 11 1', 'HEADERS 11 END']);
  });

  it('of the connection is shared', () => {
    const recorded = withWindow(2 ** 20);
    open(recorded, 3);
    const body = Buffer.alloc(30_000);
    for (const id of [1, 3, 5]) reply(recorded, id, body);
    const sent = recorded.takeFrames().filter(({ type }) => type === FrameType.Data);
    expect(sent.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(65_535);
    expect(
      recorded
        .receive(windowUpdate(0, 90_000 - 65_535))
        .said()
        .at(-1),
    ).toBe('HEADERS 5 END');
  });

  it('of the connection goes to those who wait in their order, and nobody starves', () => {
    const recorded = withWindow(2 ** 20);
    open(recorded, 101);
    reply(recorded, 201, Buffer.alloc(65_535));
    for (let id = 1; id < 200; id += 2) reply(recorded, id, 'ten bytes!');
    recorded.takeOutput();
    for (let id = 1; id < 200; id += 2) {
      expect(recorded.receive(windowUpdate(0, 10)).said()).toEqual([`DATA ${id} 10`, `HEADERS ${id} END`]);
    }
  });

  it('of a stream do not stop others', () => {
    const recorded = withWindow(4);
    open(recorded, 2);
    reply(recorded, 1, 'longer');
    reply(recorded, 3, 'fits');
    expect(recorded.said()).toEqual(['HEADERS 1', 'DATA 1 4', 'HEADERS 3', 'DATA 3 4', 'HEADERS 3 END']);
  });

  it('of the connection are not offered to a stream whose own is used up meanwhile', () => {
    const recorded = withWindow(2 ** 20);
    open(recorded, 3);
    reply(recorded, 1, Buffer.alloc(65_535));
    reply(recorded, 3, Buffer.alloc(100));
    reply(recorded, 5, Buffer.alloc(100));
    // Stream 3 waits for the connection, then also for itself.
    recorded.receive(settings([WINDOW, 0])).takeOutput();
    expect(recorded.receive(windowUpdate(0, 1_000)).said()).toEqual([]);
    expect(recorded.receive(windowUpdate(5, 100)).said()).toEqual(['DATA 5 100', 'HEADERS 5 END']);
    expect(recorded.receive(windowUpdate(3, 40)).said()).toEqual(['DATA 3 40']);
  });

  it('become negative by SETTINGS and must be filled up first (section 6.9.2)', () => {
    const recorded = withWindow(10);
    open(recorded, 1);
    reply(recorded, 1, 'fifteen bytes..');
    expect(recorded.said()).toEqual(['HEADERS 1', 'DATA 1 10']);
    recorded.receive(settings([WINDOW, 3])).takeOutput();
    expect(recorded.receive(windowUpdate(1, 7)).said()).toEqual([]);
    expect(recorded.receive(windowUpdate(1, 1)).said()).toEqual(['DATA 1 1']);
    expect(recorded.receive(settings([WINDOW, 10])).said()).toEqual([
      'SETTINGS ACK',
      'DATA 1 4',
      'HEADERS 1 END',
    ]);
  });

  it('let nothing new begin on a negative one', () => {
    const recorded = withWindow(10);
    open(recorded, 1);
    const stream = recorded.stream(1);
    recorded.connection.sendHeaders(stream, Uint8Array.of(0x88), false);
    recorded.connection.sendData(stream, Buffer.alloc(10), false);
    recorded.receive(settings([WINDOW, 0])).takeOutput();
    recorded.connection.sendData(stream, Buffer.alloc(1), true);
    expect(recorded.said()).toEqual([]);
    expect(recorded.receive(windowUpdate(1, 11)).said()).toEqual(['DATA 1 1 END']);
  });

  it('are never exceeded, and everything arrives, whatever the peer allows when', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('reply' as const), size: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('stream' as const), size: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ kind: fc.constant('connection' as const), size: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ kind: fc.constant('initial' as const), size: fc.integer({ min: 0, max: 200 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const recorded = withWindow(100);
        // The connection's window is used up but for a little first.
        open(recorded, 1);
        recorded.receive(windowUpdate(1, 65_000));
        reply(recorded, 1, Buffer.alloc(65_000));
        recorded.takeOutput();
        let initial = 100;
        let connection = 535;
        const given = new Map<number, number>();
        const received = new Map<number, number>();
        const wanted = new Map<number, number>();
        const check = (): void => {
          for (const { type, streamId, payload } of recorded.takeFrames()) {
            if (type !== FrameType.Data) continue;
            connection -= payload.length;
            received.set(streamId, received.get(streamId)! + payload.length);
            expect(connection).toBeGreaterThanOrEqual(0);
            expect(received.get(streamId)).toBeLessThanOrEqual(initial + given.get(streamId)!);
          }
        };
        let next = 3;
        steps.forEach(({ kind, size }, i) => {
          if (kind === 'reply') {
            given.set(next, 0);
            received.set(next, 0);
            wanted.set(next, size);
            recorded.receive(headers(next, POST, END));
            reply(recorded, next, Buffer.alloc(size));
            next += 2;
          } else if (kind === 'stream' && next > 3) {
            const id = 3 + 2 * (i % ((next - 3) / 2));
            if (recorded.connection.stream(id) !== null) given.set(id, given.get(id)! + size);
            recorded.receive(windowUpdate(id, size));
          } else if (kind === 'connection') {
            connection += size;
            recorded.receive(windowUpdate(0, size));
          } else if (kind === 'initial') {
            initial = size;
            recorded.receive(settings([WINDOW, size]));
          }
          check();
        });
        initial = 1000;
        connection += 100_000;
        recorded.receive(windowUpdate(0, 100_000), settings([WINDOW, 1000]));
        check();
        expect(received).toEqual(wanted);
        expect(recorded.connection.openStreams).toBe(0);
        expect(recorded.connection.queuedBytes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

it('refuses requests while too many replies wait for window', () => {
  const recorded = withWindow(0);
  open(recorded, 5);
  for (let id = 1; id < 10; id += 2) reply(recorded, id, Buffer.alloc(60_000));
  expect(recorded.connection.queuedBytes).toBeGreaterThan(Limits.outputBytesPause);
  recorded.takeOutput();
  expect(recorded.receive(headers(11)).said()).toEqual(['RST_STREAM 11 error 7']);
});

describe('a peer with a smaller header table', () => {
  it('is told once, before the next block, that ours is empty (RFC 9113 section 4.3.1)', () => {
    const recorded = RecordedConnection.established();
    open(recorded, 2);
    recorded.receive(settings([TABLE, 0])).takeOutput();
    reply(recorded, 1, 'abc');
    reply(recorded, 3, 'abc');
    const frames = recorded.takeFrames();
    expect(frames.map(describeFrame)).toEqual([
      ...['HEADERS 1', 'DATA 1 3', 'HEADERS 1 END'],
      ...['HEADERS 3', 'DATA 3 3', 'HEADERS 3 END'],
    ]);
    const blocks = frames.filter(({ type }) => type === FrameType.Headers).map(({ payload }) => payload);
    expect(blocks[0]![0]).toBe(0x20);
    expect(blocks[0]!.subarray(1)).toEqual(Buffer.from(encodeHeaderBlock([[':status', '200']])));
    for (const block of blocks.slice(1)) expect(block[0]).not.toBe(0x20);
  });

  it('holds for a first reply that is but one HEADERS frame', () => {
    const recorded = withWindow(65_535);
    open(recorded, 2);
    recorded.receive(settings([TABLE, 0])).takeOutput();
    const block = encodeHeaderBlock([['grpc-status', '5']]);
    for (const id of [1, 3]) {
      const bytes = headers(id, [['grpc-status', '5']], END);
      recorded.connection.sendReply(recorded.stream(id), bytes, 0, 0, 0, bytes.length);
    }
    const frames = recorded.takeFrames();
    expect(frames.map(describeFrame)).toEqual(['HEADERS 1 END', 'HEADERS 3 END']);
    expect(frames[0]!.payload).toEqual(Buffer.from([0x20, ...block]));
    expect(frames[1]!.payload).toEqual(Buffer.from(block));
    expect(recorded.connection.openStreams).toBe(0);
  });
});
