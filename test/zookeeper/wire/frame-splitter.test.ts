import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameSplitter } from '../../../src/zookeeper/wire/frame-splitter.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';

const MAX = 1_000;

function framed(content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length);
  return Buffer.concat([length, content]);
}

describe('what splits frames', () => {
  it('finds them wherever the chunks end', () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 });
    fc.assert(
      fc.property(contents, fc.array(fc.integer({ min: 1, max: 60 })), (frames, sizes) => {
        const bytes = Buffer.concat(frames.map(framed));
        const found: string[] = [];
        const splitter = new FrameSplitter(MAX, (all, start, end) => {
          found.push(all.toString('hex', start, end));
        });
        const chunk = Buffer.alloc(bytes.length + 1);
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? bytes.length;
          // What was read into the same bytes before is gone, and what stands behind it has not arrived.
          chunk.fill(0xff);
          splitter.push(chunk, bytes.copy(chunk, 0, at, at + size));
          at += size;
        }
        expect(found).toEqual(frames.map((frame) => Buffer.from(frame).toString('hex')));
      }),
    );
  });

  it('takes one of the longest length, and refuses one beyond before it has come', () => {
    const found: number[] = [];
    const splitter = new FrameSplitter(MAX, (_, start, end) => found.push(end - start));
    splitter.push(framed(Buffer.alloc(MAX)));
    expect(found).toEqual([MAX]);
    const refused = new MalformedReplyError('a frame of 1001 bytes; the limit is 1000');
    expect(() => splitter.push(Buffer.from('000003e9', 'hex'))).toThrow(refused);
  });

  it('refuses one of less than nothing', () => {
    const splitter = new FrameSplitter(MAX, () => {});
    splitter.push(Buffer.from('ffff', 'hex'));
    expect(() => splitter.push(Buffer.from('ffff', 'hex'))).toThrow('a frame of -1 bytes');
  });
});
