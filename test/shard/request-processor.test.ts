import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { Method } from '../../src/contract/method.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { FRAME_HEADER_BYTES } from '../../src/protocol/http2/frame.ts';
import type { DebugLines } from '../../src/shard/debug-lines.ts';
import type { KeySource } from '../../src/shard/key-source.ts';
import { Outcome } from '../../src/shard/outcome.ts';
import { RequestProcessor } from '../../src/shard/request-processor.ts';
import { decodeAlone } from '../protocol/hpack/decode-block.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import { KeptReplies } from './kept-replies.ts';

type MethodName = keyof typeof Method;

const CORE = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, tokenSeed: 1, startMs: 0 };
const coders = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};

/** Keys that count up, so that a test knows them. */
class CountedKeys implements KeySource {
  given = 0;

  next(key: { a: number; b: number; c: number; d: number }): void {
    Object.assign(key, { a: ++this.given, b: 0x4000, c: 0x8000_0000, d: 0 });
  }
}

const keyText = (count: number): string => `0000000${count}-0000-4000-8000-000000000000`;

function open(lines: DebugLines | null = null) {
  const target = new KeptReplies();
  const keys = new CountedKeys();
  const processor = new RequestProcessor(CORE, keys, target, lines);
  let calls = 0;
  const processBytes = (method: MethodName, body: Buffer, deadlineMs: number, nowMs: number): void => {
    Object.assign(processor.origin, { session: 3, route: -4, call: ++calls, form: ReplyForm.Protobuf });
    // A message stands among others.
    const bytes = Buffer.concat([Buffer.alloc(3, 0xff), body, Buffer.alloc(3, 0xff)]);
    processor.process(Method[method], deadlineMs, bytes, 3, 3 + body.length, nowMs);
  };
  const process = (
    method: MethodName,
    message: RequestMessage,
    { deadlineMs = Number.POSITIVE_INFINITY, nowMs = 0 } = {},
  ): void => processBytes(method, coders[method].requestSerialize(message), deadlineMs, nowMs);
  /** The answers since the last time; of those that have none, the status. */
  const answers = (method: MethodName): (ReplyMessage | GrpcStatus)[] =>
    target
      .take()
      .map(({ status, data }) =>
        status === GrpcStatus.Ok ? coders[method].responseDeserialize(data) : status,
      );
  return { target, keys, processor, process, processBytes, answers };
}

describe('the way of a request', () => {
  it('brings a grant with a fresh key to the call that asked for it', () => {
    const { target, keys, process } = open();
    process('Lock', { name: 'a' });
    process('TryLock', { name: 'b' });
    const [first, second] = target.take();
    const origin = { session: 3, route: -4, form: ReplyForm.Protobuf };
    expect(first).toMatchObject({
      ...origin,
      call: 1,
      method: Method.Lock,
      granted: true,
      outcome: Outcome.Ok,
    });
    expect(second).toMatchObject({ ...origin, call: 2, method: Method.TryLock, granted: true });
    expect(coders.Lock.responseDeserialize(first!.data)).toMatchObject({ name: 'a', key: keyText(1) });
    expect(coders.Lock.responseDeserialize(second!.data)).toMatchObject({ name: 'b', key: keyText(2) });
    expect(keys.given).toBe(2);
  });

  it('lets a Lock wait, and a TryLock not', () => {
    const { process, answers } = open();
    process('Lock', { name: 'a' });
    answers('Lock');
    process('Lock', { name: 'a' });
    expect(answers('Lock')).toEqual([]);
    process('TryLock', { name: 'a' });
    expect(answers('TryLock')).toEqual([{ name: 'a' }]);
  });

  it('releases and renews by the key that was given', () => {
    const { processor, process, answers } = open();
    process('Lock', { name: 'a', lock_timeout_ms: '100' });
    answers('Lock');
    process('Renew', { name: 'a', key: keyText(1), lock_timeout_ms: '700' }, { nowMs: 50 });
    expect(answers('Renew')).toEqual([{ locked: true, name: 'a', key: keyText(1) }]);
    processor.core.advance(749);
    expect(processor.core.counters.holders).toBe(1);
    process('Unlock', { name: 'a', key: keyText(2) });
    process('Unlock', { name: 'a', key: keyText(1) });
    expect(answers('Unlock')).toEqual([
      { name: 'a', error: Refusals.invalidKey },
      { unlocked: true, name: 'a' },
    ]);
  });

  it('says of each method that its message cannot be decoded, and changes nothing', () => {
    for (const method of ['Lock', 'TryLock', 'Unlock', 'Renew'] as const) {
      const { target, keys, processBytes, processor } = open();
      processBytes(method, Buffer.of(0x0a, 5, 0x61), Number.POSITIVE_INFINITY, 0);
      processBytes(method, Buffer.of(0x0a, 1, 0xff), Number.POSITIVE_INFINITY, 0);
      const replies = target.take();
      expect(replies).toMatchObject(
        Array(2).fill({ status: GrpcStatus.Internal, outcome: Outcome.Malformed, method: Method[method] }),
      );
      expect([keys.given, processor.core.counters.locks]).toEqual([0, 0]);
    }
  });

  it('tells bytes that are no message from texts that are no UTF-8', () => {
    const { target, processor } = open();
    Object.assign(processor.origin, { call: 1, form: ReplyForm.GrpcFrames });
    const texts = [Buffer.of(0x0a, 5, 0x61), Buffer.of(0x0a, 1, 0xff)].map((bytes) => {
      processor.process(Method.Lock, Number.POSITIVE_INFINITY, bytes, 0, bytes.length, 0);
      const fields = decodeAlone(target.take()[0]!.trailers.subarray(FRAME_HEADER_BYTES));
      return new Map(fields as [string, string][]).get('grpc-message');
    });
    expect(texts).toEqual([
      expect.stringMatching(/invalid wire-format data$/),
      expect.stringMatching(/invalid UTF-8$/),
    ]);
  });

  it('takes the longest name, and refuses a longer one', () => {
    const { process, answers } = open();
    process('TryLock', { name: 'n'.repeat(Limits.nameBytesMax) });
    process('TryLock', { name: 'n'.repeat(Limits.nameBytesMax + 1) });
    const [longest, longer] = answers('TryLock') as ReplyMessage[];
    expect([longest!.locked, longer!.locked]).toEqual([true, undefined]);
    expect(longer!.error?.message).toBe(Refusals.nameTooLong.message);
  });
});

describe('the deadline of a caller', () => {
  it('ends a Renew at its very moment, and not before', () => {
    const { process, answers } = open();
    process('Lock', { name: 'a', lock_timeout_ms: '100' });
    answers('Lock');
    const renew = { name: 'a', key: keyText(1), lock_timeout_ms: '700' };
    process('Renew', renew, { deadlineMs: 50, nowMs: 49.9 });
    process('Renew', renew, { deadlineMs: 50, nowMs: 50 });
    expect(answers('Renew')).toEqual([
      expect.objectContaining({ locked: true }),
      GrpcStatus.DeadlineExceeded,
    ]);
  });

  it('does not keep an Unlock from being carried out', () => {
    const { process, answers } = open();
    process('Lock', { name: 'a' });
    answers('Lock');
    process('Unlock', { name: 'a', key: keyText(1) }, { deadlineMs: 50, nowMs: 60 });
    expect(answers('Unlock')).toMatchObject([{ unlocked: true }]);
  });

  it('ends the wait of a Lock', () => {
    const { processor, process, answers } = open();
    process('Lock', { name: 'a' });
    process('Lock', { name: 'a' }, { deadlineMs: 50 });
    answers('Lock');
    processor.core.advance(50);
    expect(answers('Lock')).toEqual([GrpcStatus.DeadlineExceeded]);
  });
});

describe('while nothing can be written down', () => {
  it('neither Unlock nor Renew is carried out', () => {
    const { processor, process, answers } = open();
    process('Lock', { name: 'a', lock_timeout_ms: '100' });
    answers('Lock');
    processor.core.suspend();
    process('Unlock', { name: 'a', key: keyText(1) });
    process('Renew', { name: 'a', key: keyText(1), lock_timeout_ms: '700' });
    expect(answers('Unlock')).toEqual([GrpcStatus.Unavailable, GrpcStatus.Unavailable]);
    expect(processor.core.counters).toMatchObject({ holders: 1, unlocks: 0, renewals: 0 });
  });
});

describe('a grant that could not be delivered', () => {
  const give = (processor: RequestProcessor, bytes: Buffer): void =>
    processor.release(Buffer.concat([Buffer.of(0xff), bytes, Buffer.of(0xff)]), 1, 1 + bytes.length, 0);

  it('is given back without an answer, by the key that it has', () => {
    const { processor, process, answers } = open();
    process('Lock', { name: 'a' });
    answers('Lock');
    give(processor, coders.Unlock.requestSerialize({ name: 'a', key: keyText(2) }));
    expect(processor.core.counters.holders).toBe(1);
    give(processor, coders.Unlock.requestSerialize({ name: 'a', key: keyText(1) }));
    expect(processor.core.counters.holders).toBe(0);
    expect(answers('Unlock')).toEqual([]);
  });

  it('stays where nobody can tell which it is, whatever was named before', () => {
    const { processor, process } = open();
    process('Lock', { name: 'a' });
    processor.core.suspend();
    process('Unlock', { name: 'a', key: keyText(1) });
    processor.core.resume(0);
    give(processor, Buffer.of(0x0a, 5, 0x61));
    expect(processor.core.counters.holders).toBe(1);
  });
});

describe('the lines of requests', () => {
  it('are told of each request and what comes of it, and of locks that end by themselves', () => {
    const told: string[] = [];
    const { processor, process } = open({ debug: (session, message) => told.push(`${session} ${message}`) });
    process('Lock', { name: 'a', lock_timeout_ms: '10' });
    process('Renew', { name: 'a', key: keyText(1), lock_timeout_ms: '20' });
    process('Unlock', { name: 'a', key: 'none' });
    processor.core.advance(20);
    expect(told).toEqual([
      ...['3 Lock request', '3 Lock response', '3 Renew request', '3 Renew response'],
      ...['3 Unlock request', '3 Unlock response', '3 Lock timer timeout'],
    ]);
  });
});
