import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FRAME_HEADER_BYTES, readUint32, writeFrameHeader } from '../../../src/protocol/http2/frame.ts';
import { frame } from './wire-frames.ts';

it('writes the frame header of RFC 9113 section 4.1', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const length = fc.integer({ min: 0, max: 70_000 });
  fc.assert(
    fc.property(
      length,
      byte,
      byte,
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      (payloadBytes, type, flags, id) => {
        const out = new Uint8Array(2 + FRAME_HEADER_BYTES);
        expect(writeFrameHeader(out, 2, payloadBytes, type, flags, id)).toBe(11);
        const expected = frame(type, flags, id, new Uint8Array(payloadBytes)).subarray(0, 9);
        expect(Buffer.from(out.subarray(2))).toEqual(expected);
        expect(readUint32(out, 7)).toBe(id);
      },
    ),
    { numRuns: 50 },
  );
});

it('reads 32 bits without a sign', () => {
  expect(readUint32(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0)).toBe(2 ** 32 - 1);
});
