import { expect, it } from 'vitest';
import { Origin } from '../../src/core/origin.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { FRAME_HEADER_BYTES } from '../../src/protocol/http2/frame.ts';
import { CALL_END_TEXTS } from '../../src/shard/call-end-text.ts';
import { ReplyEncoder } from '../../src/shard/reply-encoder.ts';
import { RequestLog } from '../../src/shard/request-log.ts';
import { decodeAlone } from '../protocol/hpack/decode-block.ts';

it('is what the log and the caller are told alike of a call that ends without an answer', () => {
  const bytes = Buffer.alloc(4_096);
  const logged: unknown[] = [];
  const replied: unknown[] = [];
  const target = {
    bytes,
    reserve: () => 0,
    commit: (
      _origin: Origin,
      _status: number,
      _granted: boolean,
      _outcome: number,
      headersBytes: number,
      dataBytes: number,
      trailersBytes: number,
    ) => {
      const end = headersBytes + dataBytes + trailersBytes;
      replied.push(decodeAlone(bytes.subarray(FRAME_HEADER_BYTES, end)));
    },
  };
  const lines = {
    debug: (_session: number, _message: string, { error }: Readonly<Record<string, unknown>>) =>
      void logged.push(error),
  };
  const log = new RequestLog(lines, new ReplyEncoder(target));
  const origin = Object.assign(new Origin(), { form: ReplyForm.GrpcFrames });
  for (const end of Object.values(CallEnd)) {
    log.ended(origin, end);
    expect(logged.pop()).toBe(CALL_END_TEXTS[end]);
    expect(replied.pop()).toContainEqual(['grpc-message', CALL_END_TEXTS[end]]);
  }
});
