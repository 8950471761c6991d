import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { Method } from '../../src/contract/method.ts';
import { ShardPort } from '../../src/engine/shard-port.ts';
import {
  createRingMemory,
  RECORD_HEADER_BYTES,
  RecordTooLongError,
  RingWord,
} from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { RequestField, RequestKind } from '../../src/shard/request-record.ts';
import { bytesField } from '../protocol/protobuf/wire.ts';

function openPort(ringBytes = 4096) {
  const memory = createRingMemory(ringBytes);
  const port = new ShardPort(new RingWriter(memory));
  const reader = new RingReader(memory);
  const submit = (call: number, bytes = 200): boolean => {
    const body = Buffer.alloc(bytes, call);
    return port.submit(Method.Lock, 2, 7, call, 9, 1e12, body, 0, bytes);
  };
  /** The next record's kind and call. */
  const take = (): [kind: number, call: number] | null => {
    const payload = reader.next();
    return payload < 0 ? null : [reader.kind, reader.words[(payload + RequestField.Call) >> 2]!];
  };
  return { port, reader, submit, take };
}

describe('ShardPort', () => {
  it('writes a request as its shard reads it', () => {
    const { port, reader } = openPort();
    const body = Buffer.from('--message--');
    port.submit(Method.Renew, 2, -7, 0xffff_fffe, 2 ** 53 - 1, Number.POSITIVE_INFINITY, body, 2, 9);
    expect(reader.isEmpty()).toBe(true);
    port.flush();
    const payload = reader.next();
    const words = [...reader.words.subarray(payload >> 2, (payload >> 2) + 3)];
    expect(reader.kind).toBe(RequestKind.Request);
    expect(words).toEqual([Method.Renew | (2 << 8), -7, -2]);
    expect(reader.floats[(payload + RequestField.Session) >> 3]).toBe(2 ** 53 - 1);
    expect(reader.floats[(payload + RequestField.Deadline) >> 3]).toBe(Number.POSITIVE_INFINITY);
    const text = reader.bytes.subarray(payload + RequestField.Body, payload + reader.length);
    expect(text.toString()).toBe('message');
  });

  it('writes a message as it is up to the longest that fits a record, and of a longer one what its shard looks at', () => {
    const { port, reader } = openPort(Limits.ringBytes);
    const name = bytesField(1, 'a');
    const filler = bytesField(77, Buffer.alloc(Limits.recordBodyBytesMax));
    const longest = Buffer.concat([name, filler]).subarray(0, Limits.recordBodyBytesMax);
    const longer = Buffer.concat([name, filler]);
    for (const body of [longest, longer]) {
      port.submit(Method.Lock, 2, 7, 1, 9, 1e12, body, 0, body.length);
      port.flush();
      const payload = reader.next();
      const written = reader.bytes.subarray(payload + RequestField.Body, payload + reader.length);
      expect(written.equals(body === longest ? longest : name)).toBe(true);
    }
  });

  it('wakes a sleeping shard once for all that one turn of the event loop brings, and shows it before', async () => {
    const { port, reader, submit, take } = openPort();
    reader.words[RingWord.ReaderSleeps] = 1;
    for (let call = 1; call <= 3; call++) {
      submit(call);
      port.flush();
      expect(take()).toEqual([RequestKind.Request, call]);
    }
    expect(reader.words[RingWord.ReaderSleeps]).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reader.words[RingWord.ReaderSleeps]).toBe(0);
    // It may fall asleep again before the next request.
    reader.words[RingWord.ReaderSleeps] = 1;
    submit(4);
    port.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(reader.words[RingWord.ReaderSleeps]).toBe(0);
  });

  it('refuses a request without room, shows what it has, and offers room once half the ring is free', () => {
    const { port, reader, submit, take } = openPort();
    let calls = 0;
    while (submit(calls + 1)) calls++;
    expect(port.stalls).toBe(1);
    expect(port.takeRoom()).toBe(false);
    // Nobody flushed: a refusal does, because only what the shard sees can it make room of.
    expect(take()).toEqual([RequestKind.Request, 1]);
    expect(reader.release()).toBe(false);
    expect(port.hasAwaitedRoom()).toBe(false);
    while (!reader.release()) expect(take()).not.toBeNull();
    expect(port.hasAwaitedRoom()).toBe(true);
    expect(port.takeRoom()).toBe(true);
    expect(port.takeRoom()).toBe(false);
    expect(submit(calls + 1)).toBe(true);
    expect(port.stalls).toBe(1);
  });

  it('keeps the end of a session behind its requests and ahead of what is submitted later', () => {
    const { port, reader, submit, take } = openPort();
    let calls = 0;
    while (submit(calls + 1)) calls++;
    port.tell(RequestKind.Cancel, 9, 70, null);
    port.tell(RequestKind.SessionEnd, 9, 71, null);
    // A shorter request might fit; it would pass the end of its own session.
    expect(submit(99, 0)).toBe(false);
    for (let call = 1; call <= calls; call++) expect(take()).toEqual([RequestKind.Request, call]);
    expect(take()).toBeNull();
    expect(port.hasPending()).toBe(true);
    expect(reader.release()).toBe(true);
    expect(port.takeRoom()).toBe(true);
    expect(submit(99, 0)).toBe(true);
    port.flush();
    expect(take()).toEqual([RequestKind.Cancel, 70]);
    expect(take()).toEqual([RequestKind.SessionEnd, 71]);
    expect(take()).toEqual([RequestKind.Request, 99]);
    reader.release();
    expect(port.hasPending()).toBe(false);
  });

  it('goes on waiting when what was deferred fills the ring again', () => {
    const { port, reader, submit, take } = openPort();
    while (submit(1));
    const body = Buffer.alloc(900);
    for (let i = 0; i < 6; i++) port.tell(RequestKind.Release, 9, i, body);
    while (take() !== null);
    expect(reader.release()).toBe(true);
    expect(port.takeRoom()).toBe(false);
    expect(submit(2, 0)).toBe(false);
    const released: number[] = [];
    for (let i = 0; i < 10 && released.length < 6; i++) {
      for (let record = take(); record !== null; record = take()) released.push(record[1]);
      if (reader.release()) port.takeRoom();
    }
    expect(released).toEqual([0, 1, 2, 3, 4, 5]);
    expect(submit(2, 0)).toBe(true);
  });

  it('refuses what no ring of its size takes when it is told, and writes all the rest', () => {
    const { port, reader, submit, take } = openPort();
    while (submit(1));
    port.tell(RequestKind.Inspect, 0, 1, Buffer.alloc(10));
    const longest = 4096 / 4 - RECORD_HEADER_BYTES - RequestField.Body;
    expect(() => port.tell(RequestKind.Inspect, 0, 2, Buffer.alloc(longest + 1))).toThrow(RecordTooLongError);
    port.tell(RequestKind.Inspect, 0, 3, Buffer.alloc(longest));
    while (take() !== null);
    expect(reader.release()).toBe(true);
    expect(port.takeRoom()).toBe(true);
    expect([take(), take(), take()]).toEqual([[RequestKind.Inspect, 1], [RequestKind.Inspect, 3], null]);
  });

  it('loses nothing, keeps the order and never waits for room that is there', () => {
    const action = fc.oneof(
      { weight: 5, arbitrary: fc.nat(700).map((bytes) => ({ submit: bytes })) },
      { weight: 3, arbitrary: fc.nat(700).map((bytes) => ({ tell: bytes })) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map((count) => ({ take: count })) },
    );
    fc.assert(
      fc.property(fc.array(action, { minLength: 30, maxLength: 200, size: 'max' }), (actions) => {
        const { port, reader, submit, take } = openPort();
        const sent: number[] = [];
        const taken: number[] = [];
        let next = 0;
        let waiting = false;
        for (const one of actions) {
          next++;
          if ('submit' in one) {
            if (waiting) continue;
            if (submit(next, one.submit)) sent.push(next);
            else waiting = true;
          } else if ('tell' in one) {
            port.tell(RequestKind.Release, 9, next, Buffer.alloc(one.tell));
            sent.push(next);
          } else {
            port.flush();
            for (let i = 0; i < one.take; i++) {
              const record = take();
              if (record !== null) taken.push(record[1]);
            }
            reader.release();
          }
          if (port.takeRoom()) waiting = false;
        }
        for (let rounds = 0; rounds < 50; rounds++) {
          port.flush();
          for (let record = take(); record !== null; record = take()) taken.push(record[1]);
          reader.release();
          if (port.takeRoom()) waiting = false;
        }
        expect(taken).toEqual(sent);
        expect(waiting).toBe(false);
        expect(port.hasPending()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
