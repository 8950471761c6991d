import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import {
  endingHeadersFrame,
  prefixMessage,
  REPLY_HEADERS_BYTES,
  REPLY_TRAILERS_BYTES,
  statusFields,
  trailerBlock,
  trailersOnlyBlock,
  unaryReplyBytes,
  writeEndingFrame,
  writeReplyPrefix,
  writeReplyTrailers,
} from '../../../src/protocol/grpc/reply-frames.ts';
import { decodeAlone } from '../hpack/decode-block.ts';
import { describeFrame, parseFrames } from '../http2/wire-frames.ts';

describe('a unary reply', () => {
  it.each([1, 77, 65_537, 2 ** 31 - 1])(
    'for stream %i is three frames of the lengths announced',
    (streamId) => {
      const text = 'x'.repeat(300);
      const out = Buffer.alloc(7 + unaryReplyBytes(text.length));
      const start = writeReplyPrefix(out, 7, streamId, text.length);
      out.write(text, start, 'latin1');
      expect(writeReplyTrailers(out, start + text.length, streamId)).toBe(out.length);
      const frames = parseFrames(out.subarray(7));
      expect(frames.map(describeFrame)).toEqual([
        `HEADERS ${streamId}`,
        `DATA ${streamId} 305`,
        `HEADERS ${streamId} END`,
      ]);
      expect(9 + frames[0]!.payload.length).toBe(REPLY_HEADERS_BYTES);
      expect(9 + frames[2]!.payload.length).toBe(REPLY_TRAILERS_BYTES);
      expect(decodeAlone(frames[0]!.payload)).toEqual([
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]);
      expect(frames[1]!.payload.toString('latin1')).toBe(`\0\0\0\x01\x2c${text}`);
      expect(decodeAlone(frames[2]!.payload)).toEqual([['grpc-status', '0']]);
    },
  );
});

it('puts the length before a message', () => {
  expect(Buffer.from(prefixMessage(Buffer.from('abc')))).toEqual(Buffer.from('\0\0\0\0\x03abc'));
});

it('makes an ending frame for any stream', () => {
  const frame = endingHeadersFrame(trailersOnlyBlock(GrpcStatus.Internal, 'why'));
  const out = Buffer.alloc(frame.length + 1);
  expect(writeEndingFrame(out, 1, frame, 9)).toBe(out.length);
  const [parsed] = parseFrames(out.subarray(1));
  expect(describeFrame(parsed!)).toBe('HEADERS 9 END');
  expect(decodeAlone(parsed!.payload)).toEqual([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', '13'],
    ['grpc-message', 'why'],
  ]);
});

describe('a status', () => {
  it('has no message when there is none', () => {
    expect(statusFields(GrpcStatus.Ok, '')).toEqual([['grpc-status', '0']]);
    expect(decodeAlone(trailerBlock(GrpcStatus.Ok, ''))).toEqual([['grpc-status', '0']]);
  });

  it('has a message that is percent-encoded and cut', () => {
    expect(statusFields(GrpcStatus.Unknown, 'a%\n')).toEqual([
      ['grpc-status', '2'],
      ['grpc-message', 'a%25%0A'],
    ]);
    expect(statusFields(GrpcStatus.Unknown, 'ä'.repeat(9999))[1]![1].length).toBeLessThan(4000);
  });
});
