import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JuteReader } from '../../../src/zookeeper/wire/jute-reader.ts';
import { JuteWriter } from '../../../src/zookeeper/wire/jute-writer.ts';
import { written } from '../jute-by-hand.ts';

describe('a writer of jute', () => {
  it.each<[string, (writer: JuteWriter) => void, string]>([
    ['an int', (writer) => writer.int(-2), 'fffffffe'],
    ['a long', (writer) => writer.long(-2n), 'fffffffffffffffe'],
    ['a bool', (writer) => writer.bool(true), '01'],
    ['a buffer', (writer) => writer.buffer(Buffer.from('ab')), '000000026162'],
    ['an empty buffer', (writer) => writer.buffer(Buffer.alloc(0)), '00000000'],
    ['a text', (writer) => writer.string('ä'), '00000002c3a4'],
    ['a text that is ASCII but for its end', (writer) => writer.string('ab€'), '000000056162e282ac'],
    ['half a surrogate', (writer) => writer.string('\ud800'), '00000003efbfbd'],
    ['texts', (writer) => writer.strings(['a', '']), '00000002000000016100000000'],
  ])('writes %s', (_, write, hex) => {
    expect(written(write)).toBe(hex);
  });

  it('puts the length of a frame before it, and takes back one that cannot be', () => {
    const writer = new JuteWriter();
    for (const text of ['one', 'three']) {
      writer.beginFrame();
      writer.string(text);
      writer.endFrame();
      writer.beginFrame();
      writer.string('never');
      writer.dropFrame();
    }
    expect(writer.take().toString('hex')).toBe('00000007000000036f6e6500000009000000057468726565');
  });

  it('hands over what it wrote for good, however much more it writes', () => {
    const record = fc.record({ text: fc.string({ unit: 'binary', maxLength: 20_000 }), takes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const writer = new JuteWriter();
        const taken: Buffer[] = [];
        for (const { text, takes } of records) {
          writer.beginFrame();
          writer.string(text);
          writer.endFrame();
          expect(writer.isEmpty).toBe(false);
          if (takes) taken.push(writer.take());
        }
        taken.push(writer.take());
        expect(writer.isEmpty).toBe(true);
        const reader = new JuteReader(Buffer.concat(taken));
        for (const { text } of records) {
          const bytes = Buffer.from(text);
          expect([reader.int(), reader.buffer()]).toEqual([4 + bytes.length, bytes]);
        }
        expect(reader.remaining).toBe(0);
      }),
    );
  });
});
