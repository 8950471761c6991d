import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { Origin } from '../../src/core/origin.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import { Span } from '../../src/protocol/protobuf/span.ts';
import { CALL_END_TEXTS } from '../../src/shard/call-end-text.ts';
import { Outcome } from '../../src/shard/outcome.ts';
import { ReplyEncoder } from '../../src/shard/reply-encoder.ts';
import { decodeAlone } from '../protocol/hpack/decode-block.ts';
import { parseFrames } from '../protocol/http2/wire-frames.ts';
import { loadCoder } from '../protocol/protobuf/ldlm-coder.ts';
import { KeptReplies } from './kept-replies.ts';

const FORMS = [ReplyForm.GrpcFrames, ReplyForm.Protobuf] as const;
const CALL = 2 ** 31 - 1;
const coders = { lock: loadCoder('Lock'), unlock: loadCoder('Unlock'), renew: loadCoder('Renew') };
const key = Object.assign(new LockKey(), { a: 0x01234567, b: 0x09ab4def, c: 0x89abcdef, d: 7 });
const token = { high: 5, low: 6 };

/** What an encoder makes of one outcome in this form. */
function encode(form: ReplyForm, tell: (encoder: ReplyEncoder, origin: Origin) => void) {
  const target = new KeptReplies();
  const origin = Object.assign(new Origin(), { form, call: CALL, route: -3, session: 11, method: 2 });
  tell(new ReplyEncoder(target), origin);
  const replies = target.take();
  expect(replies).toHaveLength(1);
  const [reply] = replies;
  expect(reply).toMatchObject({ form, call: CALL, route: -3, session: 11, method: 2 });
  return reply!;
}

/** The message of a reply with status OK, out of its frames where it has such. */
function messageOf({ form, headers, data, trailers }: ReturnType<typeof encode>): Buffer {
  if (form !== ReplyForm.GrpcFrames) {
    expect([headers.length, trailers.length]).toEqual([0, 0]);
    return data;
  }
  const [head, body, tail] = [headers, data, trailers].map((bytes) => parseFrames(bytes)[0]!);
  for (const frame of [head, body, tail]) expect(frame!.streamId).toBe(CALL);
  expect([head!.type, head!.flags]).toEqual([FrameType.Headers, FrameFlag.EndHeaders]);
  expect(decodeAlone(head!.payload)).toEqual([
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ]);
  expect([body!.type, body!.flags, body!.payload[0]]).toEqual([FrameType.Data, 0, 0]);
  expect(body!.payload.readUInt32BE(1)).toBe(body!.payload.length - 5);
  expect([tail!.type, tail!.flags]).toEqual([FrameType.Headers, FrameFlag.EndHeaders | FrameFlag.EndStream]);
  expect(decodeAlone(tail!.payload)).toEqual([['grpc-status', '0']]);
  return body!.payload.subarray(5);
}

describe.each(FORMS)('a reply in form %s', (form) => {
  it('grants, and says so to who may have to give it back', () => {
    const reply = encode(form, (encoder, origin) => encoder.granted(origin, 'a', key, token));
    expect(reply).toMatchObject({ status: GrpcStatus.Ok, granted: true, outcome: Outcome.Ok });
    expect(coders.lock.responseDeserialize(messageOf(reply))).toEqual({
      ...{ locked: true, name: 'a', key: '01234567-09ab-4def-89ab-cdef00000007' },
      fencing_token: String(5n * 2n ** 32n + 6n),
    });
  });

  it('has the longest name, in as much room as it was given', () => {
    const name = 'n'.repeat(Limits.nameBytesMax);
    const reply = encode(form, (encoder, origin) => encoder.granted(origin, name, key, token));
    expect(coders.lock.responseDeserialize(messageOf(reply)).name).toBe(name);
  });

  it('tells what is taken from what is refused', () => {
    const taken = encode(form, (encoder, origin) => encoder.notLocked(origin, 'a', null));
    expect(taken).toMatchObject({ status: GrpcStatus.Ok, granted: false, outcome: Outcome.Held });
    expect(coders.lock.responseDeserialize(messageOf(taken))).toEqual({ name: 'a' });
    const refused = encode(form, (encoder, origin) => encoder.notLocked(origin, 'a', Refusals.sizeMismatch));
    expect(refused).toMatchObject({ granted: false, outcome: Refusals.sizeMismatch.code });
    expect(coders.lock.responseDeserialize(messageOf(refused)).error).toEqual(Refusals.sizeMismatch);
  });

  it('answers an Unlock', () => {
    const done = encode(form, (encoder, origin) => encoder.unlocked(origin, 'a', null));
    expect(done).toMatchObject({ granted: false, outcome: Outcome.Ok });
    expect(coders.unlock.responseDeserialize(messageOf(done))).toEqual({ unlocked: true, name: 'a' });
    const refused = encode(form, (encoder, origin) => encoder.unlocked(origin, 'a', Refusals.invalidKey));
    expect(refused.outcome).toBe(Refusals.invalidKey.code);
    expect(coders.unlock.responseDeserialize(messageOf(refused)).error).toEqual(Refusals.invalidKey);
  });

  it('answers a Renew with the key as it came', () => {
    const request = Buffer.from('..The Key..');
    const span = Object.assign(new Span(), { start: 2, end: 9 });
    const done = encode(form, (encoder, origin) => encoder.renewed(origin, 'a', request, span, null));
    expect(done).toMatchObject({ granted: false, outcome: Outcome.Ok });
    expect(coders.renew.responseDeserialize(messageOf(done))).toEqual({
      locked: true,
      name: 'a',
      key: 'The Key',
    });
    const refusal = Refusals.invalidKeyOnRenew;
    const refused = encode(form, (encoder, origin) => encoder.renewed(origin, 'a', request, span, refusal));
    expect(refused.outcome).toBe(refusal.code);
    expect(coders.renew.responseDeserialize(messageOf(refused)).error).toEqual(refusal);
  });
});

const UNMARSHALLING = 'grpc: error unmarshalling request:';

describe('a call that ends with a status', () => {
  it.each([
    [CallEnd.Deadline, GrpcStatus.DeadlineExceeded, Outcome.Deadline],
    [CallEnd.Stopping, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Suspended, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Unreachable, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Elsewhere, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Unconfirmed, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Pending, GrpcStatus.Unavailable, Outcome.Unavailable],
    [CallEnd.Failed, GrpcStatus.Internal, Outcome.Unavailable],
    [CallEnd.Superseded, GrpcStatus.Aborted, Outcome.Superseded],
  ])('says why without an answer: %s', (end, status, outcome) => {
    expectStatus((encoder, origin) => encoder.ended(origin, end), status, outcome, CALL_END_TEXTS[end]);
  });

  it('says what is wrong with its message, as gRPC for Go does', () => {
    const proto = `${UNMARSHALLING} proto: cannot parse invalid wire-format data`;
    const utf8 = `${UNMARSHALLING} string field contains invalid UTF-8`;
    const [status, outcome] = [GrpcStatus.Internal, Outcome.Malformed];
    expectStatus((encoder, origin) => encoder.malformed(origin), status, outcome, proto);
    expectStatus((encoder, origin) => encoder.invalidUtf8(origin), status, outcome, utf8);
  });

  it('says that it is too late', () => {
    const [status, outcome] = [GrpcStatus.DeadlineExceeded, Outcome.Deadline];
    const text = 'context deadline exceeded';
    expectStatus((encoder, origin) => encoder.deadlineExceeded(origin), status, outcome, text);
  });

  /** One frame that ends the stream; in the bare form, the text alone. */
  function expectStatus(
    tell: (encoder: ReplyEncoder, origin: Origin) => void,
    status: GrpcStatus,
    outcome: Outcome,
    text: string,
  ): void {
    const framed = encode(ReplyForm.GrpcFrames, tell);
    expect(framed).toMatchObject({ status, outcome, granted: false });
    expect([framed.headers.length, framed.data.length]).toEqual([0, 0]);
    const [frame, ...more] = parseFrames(framed.trailers);
    expect(more).toEqual([]);
    expect(frame).toMatchObject({ type: FrameType.Headers, streamId: CALL });
    expect(frame!.flags).toBe(FrameFlag.EndHeaders | FrameFlag.EndStream);
    const fields = new Map(decodeAlone(frame!.payload) as [string, string][]);
    expect(fields.get('grpc-status')).toBe(String(status));
    expect(decodeURIComponent(fields.get('grpc-message')!)).toBe(text);
    const bare = encode(ReplyForm.Protobuf, tell);
    expect(bare).toMatchObject({ status, outcome, granted: false });
    expect([bare.headers.length, String(bare.data), bare.trailers.length]).toEqual([0, text, 0]);
  }
});
