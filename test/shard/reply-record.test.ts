import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { CallEnd } from '../../src/core/sink.ts';
import {
  endingHeadersFrame,
  REPLY_HEADERS_BYTES,
  trailersOnlyBlock,
} from '../../src/protocol/grpc/reply-frames.ts';
import { CALL_END_TEXTS } from '../../src/shard/call-end-text.ts';
import { REPLY_GRANTED, ReplyField, ReplyKind } from '../../src/shard/reply-record.ts';

describe('the records of a shard', () => {
  it('have kinds that are told apart', () => {
    const kinds = Object.values(ReplyKind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds.every((kind) => Number.isInteger(kind) && kind > 0)).toBe(true);
  });

  it('have fields that do not overlap: words of 32 bits, and a session of 64 that stands where one can', () => {
    const { Flags, Route, Call, Lengths, Session, Body } = ReplyField;
    const bytes = [Flags, Route, Call, Lengths, Session].flatMap((at) =>
      Array.from({ length: at === Session ? 8 : 4 }, (_, i) => at + i),
    );
    expect(new Set(bytes).size).toBe(bytes.length);
    expect(Math.max(...bytes)).toBe(Body - 1);
    for (const at of [Flags, Route, Call, Lengths]) expect(at % 4).toBe(0);
    expect(Session % Float64Array.BYTES_PER_ELEMENT).toBe(0);
  });

  it('have a flag below the byte of the form, and forms and statuses that fit a byte each', () => {
    expect(REPLY_GRANTED & ~0xff).toBe(0);
    expect(REPLY_GRANTED).not.toBe(0);
    for (const value of [...Object.values(ReplyForm), ...Object.values(GrpcStatus)]) {
      expect(value & ~0xff).toBe(0);
    }
  });

  it('have room for the length of the longest frame that opens or ends a reply', () => {
    const endings = Object.values(CallEnd).map(
      (end) => endingHeadersFrame(trailersOnlyBlock(GrpcStatus.Unavailable, CALL_END_TEXTS[end])).length,
    );
    expect(Math.max(...endings, REPLY_HEADERS_BYTES)).toBeLessThan(2 ** 16);
  });
});
