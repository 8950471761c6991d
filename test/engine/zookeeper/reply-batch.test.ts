import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Method } from '../../../src/contract/method.ts';
import { Origin } from '../../../src/core/origin.ts';
import { ReplyForm } from '../../../src/core/reply-form.ts';
import { ReplyBatch } from '../../../src/engine/zookeeper/reply-batch.ts';
import { Outcome } from '../../../src/shard/outcome.ts';

/** A reply as it was handed over, and the batch that it came with. */
interface Taken {
  readonly origin: readonly number[];
  readonly parts: readonly string[];
  readonly granted: boolean;
  readonly batch: number;
}

/** Encoders ask for the most that a reply could be. */
const RESERVED_BESIDES = 100;

const counts: string[] = [];
let batch = openBatch();
let taken: Taken[] = [];
let batches = 0;
let whenTaken: (call: number) => void = () => {};

function openBatch(): ReplyBatch {
  return new ReplyBatch((method, outcome) => counts.push(`${method} ${outcome}`));
}

beforeEach(() => {
  counts.length = 0;
  batch = openBatch();
  taken = [];
  batches = 0;
  whenTaken = () => {};
});

function put(call: number, ...parts: [headers: string, data: string, trailers: string]): void {
  const origin = new Origin();
  Object.assign(origin, { session: 9, route: 8, call, method: Method.Lock, form: ReplyForm.Protobuf });
  const text = parts.join('');
  const at = batch.reserve(text.length + RESERVED_BESIDES);
  batch.bytes.write(text, at, 'latin1');
  const [headers, data, trailers] = parts.map(({ length }) => length) as [number, number, number];
  batch.commit(origin, GrpcStatus.Ok, call % 2 === 1, Outcome.Ok, headers, data, trailers);
}

function deliver(): void {
  batch.deliver({
    reply: (...[shard, route, call, session, form, status, granted, bytes, offset, ...lengths]) => {
      let at = offset;
      const parts = lengths.map((length) => {
        at += length;
        return bytes.latin1Slice(at - length, at);
      });
      taken.push({
        ...{ origin: [shard, route, call, session, form, status], parts, granted, batch: batches },
      });
      whenTaken(call);
    },
    drained: () => {
      batches++;
    },
  });
}

describe('a batch of replies', () => {
  it('hands over what there is, in order, each with its own bytes, and drains once', () => {
    put(1, 'head', 'data', 'tail');
    put(2, '', 'alone', '');
    put(3, '', '', '');
    expect(taken).toEqual([]);
    deliver();
    const form = ReplyForm.Protobuf;
    expect(taken).toEqual([
      { origin: [0, 8, 1, 9, form, 0], parts: ['head', 'data', 'tail'], granted: true, batch: 0 },
      { origin: [0, 8, 2, 9, form, 0], parts: ['', 'alone', ''], granted: false, batch: 0 },
      { origin: [0, 8, 3, 9, form, 0], parts: ['', '', ''], granted: true, batch: 0 },
    ]);
    expect(batches).toBe(1);
    expect(counts).toEqual(Array(3).fill(`${Method.Lock} ${Outcome.Ok}`));
  });

  it('drains nothing when there is nothing', () => {
    deliver();
    put(1, '', 'x', '');
    deliver();
    deliver();
    expect([taken.length, batches]).toEqual([1, 1]);
  });

  it('grows, and keeps what was written before', () => {
    const texts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + i).repeat(5_000 * (i % 5)));
    for (const [call, text] of texts.entries()) put(call, 'h', text, 't');
    const size = batch.bytes.length;
    expect(size).toBeGreaterThan(64 * 1024);
    deliver();
    expect(taken.map(({ parts }) => parts[1])).toEqual(texts);
    expect(batch.bytes.length).toBe(size);
  });

  it('keeps a buffer as long as may be, and lets one go that is longer', () => {
    const text = 'x'.repeat(Limits.zookeeperRepliesBytesKept - RESERVED_BESIDES);
    // The longer one comes first: a buffer that grows from the smallest one becomes just as long as it has to be.
    put(1, '', `${text}x`, '');
    expect(batch.bytes.length).toBe(Limits.zookeeperRepliesBytesKept + 1);
    deliver();
    expect(batch.bytes.length).toBe(64 * 1024);
    put(2, '', text, '');
    deliver();
    expect(batch.bytes.length).toBe(Limits.zookeeperRepliesBytesKept);
    expect(taken.map(({ parts }) => parts[1]!.length)).toEqual([text.length + 1, text.length]);
  });

  it('puts what is caused meanwhile into the next one, and leaves what is being handed over alone', () => {
    whenTaken = (call) => {
      if (call < 10) put(10 + call, '', `next ${call}`, '');
      // One that makes the buffer grow.
      if (call === 1) put(20, '', 'n'.repeat(200_000), '');
    };
    for (const call of [1, 2, 3]) put(call, '', `first ${call}`, '');
    deliver();
    expect(taken.map(({ parts }) => parts[1])).toEqual(['first 1', 'first 2', 'first 3']);
    taken = [];
    deliver();
    expect(taken.map(({ parts, batch: one }) => [parts[1]!.slice(0, 6), one])).toEqual([
      ['next 1', 1],
      ['nnnnnn', 1],
      ['next 2', 1],
      ['next 3', 1],
    ]);
    whenTaken = () => {};
    put(1, '', 'again', '');
    deliver();
    expect(taken.at(-1)!.parts[1]).toBe('again');
  });

  it('may be delivered while it is being delivered', () => {
    whenTaken = (call) => {
      if (call !== 1) return;
      put(10, '', 'within', '');
      deliver();
    };
    put(1, '', 'first', '');
    put(2, '', 'second', '');
    deliver();
    expect(taken.map(({ parts }) => parts[1])).toEqual(['first', 'within', 'second']);
  });
});
