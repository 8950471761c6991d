import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RingWord } from '../../src/ring/ring-layout.ts';
import { openRingPair, readRecord, writeRecord } from './ring-pair.ts';

describe('RingReader', () => {
  it('keeps what it has read until it releases it', () => {
    const { writer, reader } = openRingPair(1024);
    for (let kind = 1; kind <= 4; kind++) writeRecord(writer, kind, 248);
    writer.publish();
    const payload = reader.next();
    reader.next();
    expect(reader.unreleasedBytes()).toBe(512);
    expect(writer.reserve(0)).toBe(-1);
    expect(reader.bytes[payload]).toBe(1);
    reader.release();
    expect(reader.unreleasedBytes()).toBe(0);
    expect(writer.reserve(248)).toBe(payload);
  });

  it('goes on where an earlier reader of the same memory had released', () => {
    const { writer, reader, words } = openRingPair(1024);
    writeRecord(writer, 1, 8);
    writer.publish();
    expect(readRecord(reader)).toEqual([1, 8]);
    expect(words[RingWord.Head]).toBe(0);
    reader.release();
    expect(words[RingWord.Head]).toBe(16);
  });

  it('does not sleep when something was published, and takes its announcement back', () => {
    const { writer, reader, words } = openRingPair(1024);
    writeRecord(writer, 1, 8);
    writer.publish();
    const startMs = performance.now();
    reader.sleep(5_000);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(words[RingWord.ReaderSleeps]).toBe(0);
  });

  it('sleeps no longer than it was told to', () => {
    const { reader, words } = openRingPair(1024);
    const startMs = performance.now();
    reader.sleep(30);
    expect(performance.now() - startMs).toBeGreaterThan(20);
    expect(words[RingWord.ReaderSleeps]).toBe(0);
  });

  it('finds what is published while it spins, before it yields again', () => {
    const { writer, reader, words } = openRingPair(1024);
    let yields = 0;
    const found = reader.spin(1_000, { nowMs: () => 0 }, () => {
      if (++yields < 3) return;
      writeRecord(writer, 1, 8);
      writer.publish();
    });
    expect([found, yields]).toEqual([true, 3]);
    expect(words[RingWord.ReaderSleeps]).toBe(0);
    expect(readRecord(reader)).toEqual([1, 8]);
  });

  it('spins no longer than it was told to, and finds what came at the last moment', () => {
    const { writer, reader } = openRingPair(1024);
    const time = { nowMs: 0 };
    const clock = { nowMs: () => time.nowMs };
    expect(reader.spin(5, clock, () => time.nowMs++)).toBe(false);
    expect(time.nowMs).toBe(5);
    const late = (): void => {
      time.nowMs++;
      if (time.nowMs === 10) writeRecord(writer, 1, 8);
      writer.publish();
    };
    expect(reader.spin(5, clock, late)).toBe(true);
  });

  it('is told of a publication by the announcement that it sleeps, once', () => {
    const { writer, words } = openRingPair(1024);
    words[RingWord.ReaderSleeps] = 1;
    writer.publish();
    expect(words[RingWord.ReaderSleeps]).toBe(0);
  });
});

/** What a ring is: a queue of records, of which the published ones can be read, over a bounded number of bytes. */
interface Model {
  readonly committed: [kind: number, bytes: number][];
  readonly published: [kind: number, bytes: number][];
  kind: number;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ write: fc.nat(248), spare: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ abandon: fc.nat(248) }) },
  { weight: 2, arbitrary: fc.constant('publish' as const) },
  { weight: 4, arbitrary: fc.constant('read' as const) },
  { weight: 2, arbitrary: fc.constant('release' as const) },
  { weight: 1, arbitrary: fc.constant('await' as const) },
);

describe('a ring', () => {
  it('behaves as a queue, wherever its counters stand', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 50, maxLength: 300, size: 'max' }),
        fc.integer({ min: -400, max: 400 }),
        (steps, eighths) => {
          const { writer, reader } = openRingPair(1024, eighths * 8);
          const model: Model = { committed: [], published: [], kind: 0 };
          let waits = false;
          for (const action of steps) {
            if (action === 'publish') {
              writer.publish();
              model.published.push(...model.committed.splice(0));
            } else if (action === 'read') {
              expect(reader.isEmpty()).toBe(model.published.length === 0);
              expect(readRecord(reader)).toEqual(model.published.shift() ?? null);
            } else if (action === 'release') {
              const told = reader.release();
              if (told) expect(waits).toBe(true);
              if (told) waits = false;
              expect(writer.isDrained()).toBe(model.published.length + model.committed.length === 0);
            } else if (action === 'await') {
              writer.publish();
              model.published.push(...model.committed.splice(0));
              waits = writer.awaitRoom();
            } else if ('abandon' in action) {
              writer.reserve(action.abandon);
            } else {
              const kind = ++model.kind & 0xff;
              const reserved = Math.min(248, action.write + action.spare);
              if (writeRecord(writer, kind, action.write, reserved))
                model.committed.push([kind, action.write]);
            }
          }
          // Once everything is read and released, nobody waits any more and any record finds room.
          writer.publish();
          model.published.push(...model.committed.splice(0));
          for (const record of model.published) expect(readRecord(reader)).toEqual(record);
          expect(reader.release()).toBe(waits);
          expect(writer.reserve(248)).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
