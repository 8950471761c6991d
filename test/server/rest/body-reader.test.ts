import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { BodyReader } from '../../../src/server/rest/body-reader.ts';
import { CallState, type RawRequest, RestCall } from '../../../src/server/rest/rest-call.ts';

function open() {
  const events: [kind: string, body: Buffer | null][] = [];
  const end = (kind: string, body: Buffer | null, call: RestCall): void => {
    events.push([kind, body]);
    call.state = CallState.Answered;
  };
  const reader = new BodyReader({
    received: (call, body) => end('received', body, call),
    tooLarge: (call) => end('tooLarge', null, call),
    noRoom: (call) => end('noRoom', null, call),
  });
  const begin = (headers: Record<string, string> = {}) => {
    const stream = new PassThrough({ highWaterMark: 64 * 2 ** 20 });
    const call = new RestCall(0);
    call.state = CallState.Receiving;
    call.request = Object.assign(stream, { headers }) as unknown as RawRequest;
    reader.read(call);
    return { stream, call };
  };
  return { events, reader, begin };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('reading bodies', () => {
  it('puts together what comes in pieces', async () => {
    const { events, reader, begin } = open();
    const { stream } = begin();
    const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i * 37, i));
    for (const piece of pieces) {
      stream.write(piece);
      await turn();
    }
    expect(reader.bytes).toBe(Buffer.concat(pieces).length);
    stream.end();
    await turn();
    expect(events).toStrictEqual([['received', Buffer.concat(pieces)]]);
    expect(reader.bytes).toBe(0);
  });

  it('keeps no large buffer for a small part of it', async () => {
    const { begin } = open();
    const read = Buffer.alloc(65_536, 'x');
    const kept = async (bytes: number) => {
      const { stream, call } = begin();
      stream.write(read.subarray(10, 10 + bytes));
      await turn();
      expect(call.body).toStrictEqual(Buffer.alloc(bytes, 'x'));
      return call.body!.buffer.byteLength;
    };
    expect(await kept(1)).toBe(1);
    expect(await kept(16_384)).toBe(16_384);
    // Not worth a copy.
    expect(await kept(16_385)).toBe(65_536);
  });

  it('gives null for no body', async () => {
    const { events, begin } = open();
    begin().stream.end();
    await turn();
    expect(events).toStrictEqual([['received', null]]);
  });

  it('refuses a body that is announced as too long before any of it comes', () => {
    const { events, begin } = open();
    begin({ 'content-length': String(Limits.restBodyBytesMax + 1) });
    expect(events).toStrictEqual([['tooLarge', null]]);
    begin({ 'content-length': String(Limits.restBodyBytesMax) });
    expect(events).toHaveLength(1);
  });

  it('refuses a body that becomes too long, and takes the longest', async () => {
    const { events, begin } = open();
    const { stream } = begin();
    stream.write(Buffer.alloc(Limits.restBodyBytesMax));
    await turn();
    expect(events).toStrictEqual([]);
    stream.write('x');
    await turn();
    expect(events).toStrictEqual([['tooLarge', null]]);
  });

  it('keeps no more of all bodies than their budget, and has room again when some are dropped', async () => {
    const { events, reader, begin } = open();
    const count = Limits.restBodiesBytesMax / Limits.restBodyBytesMax;
    const all = Array.from({ length: count }, () => begin());
    for (const { stream } of all) stream.write(Buffer.alloc(Limits.restBodyBytesMax));
    await turn();
    expect(reader.bytes).toBe(Limits.restBodiesBytesMax);
    expect(events).toStrictEqual([]);
    begin().stream.write('x');
    await turn();
    expect(events).toStrictEqual([['noRoom', null]]);
    for (const { call } of all) reader.drop(call);
    expect(reader.bytes).toBe(0);
    begin().stream.end('x');
    await turn();
    expect(events[1]).toStrictEqual(['received', Buffer.from('x')]);
    // What comes of those that were dropped counts no more, also when their slot has a new call.
    for (const { stream, call } of all) {
      call.state = CallState.Receiving;
      stream.end('y');
    }
    await turn();
    expect(reader.bytes).toBe(0);
    expect(events).toHaveLength(2);
  });
});
