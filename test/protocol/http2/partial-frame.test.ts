import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PartialFrame } from '../../../src/protocol/http2/partial-frame.ts';
import { frame } from './wire-frames.ts';

it('is whole when the last byte has come, and takes no byte of the next frame', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), cuts, (payload, sizes) => {
      const whole = frame(0, 1, 5, payload);
      const stream = Buffer.concat([whole, Buffer.from('next')]);
      const partial = new PartialFrame();
      let position = 0;
      for (const size of [...sizes, stream.length]) {
        expect(partial.isWhole()).toBe(position === whole.length);
        const end = Math.min(stream.length, position + size);
        position = partial.fill(stream, position, end);
        expect(position).toBe(Math.min(end, whole.length));
      }
      expect(partial.isWhole()).toBe(true);
      expect(partial.bytes).toEqual(whole);
    }),
  );
});

it('tells the announced length as soon as it is known', () => {
  const partial = new PartialFrame();
  const header = Buffer.of(0x01, 0x02, 0x03);
  partial.fill(header, 0, 2);
  expect(partial.payloadBytes()).toBe(-1);
  partial.fill(header, 2, 3);
  expect(partial.payloadBytes()).toBe(0x010203);
});

it('grows with what has arrived, not with what is announced', () => {
  const partial = new PartialFrame();
  partial.fill(Buffer.of(0, 0x40, 0, 0, 0, 0, 0, 0, 1), 0, 9);
  expect(partial.bytes.buffer.byteLength).toBeLessThan(1024);
});
