import { describe, expect, it } from 'vitest';
import { RecordTooLongError, RING_DATA_OFFSET, RingWord } from '../../src/ring/ring-layout.ts';
import { openRingPair, readRecord, writeRecord } from './ring-pair.ts';

/** The payload that makes a record of 256 bytes, a quarter of the smallest ring. */
const QUARTER = 248;

describe('RingWriter', () => {
  it('shows nothing before publish and everything after', () => {
    const { writer, reader } = openRingPair(1024);
    writeRecord(writer, 1, 10);
    writeRecord(writer, 2, 0);
    expect(reader.isEmpty()).toBe(true);
    expect(readRecord(reader)).toBeNull();
    writer.publish();
    expect(reader.isEmpty()).toBe(false);
    expect(readRecord(reader)).toEqual([1, 10]);
    expect(readRecord(reader)).toEqual([2, 0]);
    expect(readRecord(reader)).toBeNull();
  });

  it('takes exactly as many bytes as the ring has', () => {
    const { writer, reader } = openRingPair(1024);
    for (let kind = 1; kind <= 4; kind++) expect(writeRecord(writer, kind, QUARTER)).toBe(true);
    expect(writer.reserve(0)).toBe(-1);
    writer.publish();
    expect(readRecord(reader)).toEqual([1, QUARTER]);
    expect(writer.reserve(0)).toBe(-1);
    reader.release();
    expect(writeRecord(writer, 5, QUARTER)).toBe(true);
    expect(writer.reserve(0)).toBe(-1);
    writer.publish();
    for (let kind = 2; kind <= 5; kind++) expect(readRecord(reader)).toEqual([kind, QUARTER]);
  });

  it('skips the end of the ring when a record does not fit before it, and counts what it skips', () => {
    const { writer, reader } = openRingPair(1024);
    for (let kind = 1; kind <= 3; kind++) writeRecord(writer, kind, QUARTER);
    writeRecord(writer, 4, 120);
    writer.publish();
    for (let kind = 1; kind <= 3; kind++) readRecord(reader);
    reader.release();
    // 128 bytes are left before the end; a record of 136 goes to the beginning.
    expect(writer.reserve(128)).toBe(RING_DATA_OFFSET + 8);
    writer.commit(5, 128);
    // 896 bytes were free; 128 were skipped, and the records take 136, 256, 256 and 120.
    expect(writeRecord(writer, 6, QUARTER)).toBe(true);
    expect(writeRecord(writer, 7, QUARTER)).toBe(true);
    expect(writer.reserve(113)).toBe(-1);
    expect(writeRecord(writer, 8, 112)).toBe(true);
    expect(writer.reserve(0)).toBe(-1);
    writer.publish();
    expect(readRecord(reader)).toEqual([4, 120]);
    expect(reader.next()).toBe(RING_DATA_OFFSET + 8);
    expect([reader.kind, reader.length]).toEqual([5, 128]);
    expect(readRecord(reader)).toEqual([6, QUARTER]);
    expect(readRecord(reader)).toEqual([7, QUARTER]);
    expect(readRecord(reader)).toEqual([8, 112]);
    expect(readRecord(reader)).toBeNull();
  });

  it('fills the last 8 bytes before the end with an empty record or with the mark of a skip', () => {
    for (const bytes of [0, 1]) {
      const { writer, reader } = openRingPair(1024, 1016);
      expect(writeRecord(writer, 1, bytes)).toBe(true);
      expect(writeRecord(writer, 2, 3)).toBe(true);
      writer.publish();
      expect(readRecord(reader)).toEqual([1, bytes]);
      expect(readRecord(reader)).toEqual([2, 3]);
      expect(reader.unreleasedBytes()).toBe(bytes === 0 ? 8 + 16 : 8 + 16 + 16);
    }
  });

  it('goes on across the overflow of its counters', () => {
    const { writer, reader, words } = openRingPair(1024, -1024);
    for (let i = 0; i < 100; i++) {
      expect(writeRecord(writer, i, 50 + i)).toBe(true);
      writer.publish();
      expect(readRecord(reader)).toEqual([i, 50 + i]);
      reader.release();
    }
    expect(words[RingWord.Tail]).toBeGreaterThan(0);
  });

  it.each([-512, 2 ** 31 - 512])('knows full and empty apart at the overflow after %s', (counter) => {
    const { writer, reader } = openRingPair(1024, counter | 0);
    for (let kind = 1; kind <= 4; kind++) expect(writeRecord(writer, kind, QUARTER)).toBe(true);
    expect(writer.reserve(0)).toBe(-1);
    writer.publish();
    expect(writer.awaitRoom()).toBe(true);
    for (let kind = 1; kind <= 4; kind++) expect(readRecord(reader)).toEqual([kind, QUARTER]);
    expect(readRecord(reader)).toBeNull();
    expect(reader.unreleasedBytes()).toBe(1024);
    expect(reader.release()).toBe(true);
    expect(writer.isDrained()).toBe(true);
    for (let kind = 1; kind <= 4; kind++) expect(writeRecord(writer, kind, QUARTER)).toBe(true);
  });

  it('commits less than was reserved', () => {
    const { writer, reader } = openRingPair(1024);
    writeRecord(writer, 1, 3, 200);
    writeRecord(writer, 2, 5, 200);
    writer.publish();
    expect(readRecord(reader)).toEqual([1, 3]);
    expect(readRecord(reader)).toEqual([2, 5]);
    expect(reader.unreleasedBytes()).toBe(32);
  });

  it('leaves no trace of a reservation without a commit, also of one that skips', () => {
    const { writer, reader } = openRingPair(1024, 1000);
    expect(writer.reserve(0)).toBe(RING_DATA_OFFSET + 1000 + 8);
    expect(writer.reserve(100)).toBe(RING_DATA_OFFSET + 8);
    writer.publish();
    expect(reader.isEmpty()).toBe(true);
    expect(readRecord(reader)).toBeNull();
    expect(writeRecord(writer, 7, 16)).toBe(true);
    writer.publish();
    expect(readRecord(reader)).toEqual([7, 16]);
    expect(reader.unreleasedBytes()).toBe(24);
  });

  it('refuses a record that a half-empty ring might not take', () => {
    const { writer } = openRingPair(1024);
    expect(() => writer.reserve(QUARTER + 1)).toThrow(RecordTooLongError);
    // The worst case: half the ring is full, and the record misses the end by 8 bytes.
    const { writer: other, reader } = openRingPair(1024, 1024 - QUARTER - 512);
    for (let i = 0; i < 2; i++) writeRecord(other, i, QUARTER);
    other.publish();
    expect(other.awaitRoom()).toBe(false);
    expect(other.reserve(QUARTER)).toBe(RING_DATA_OFFSET + 8);
    other.commit(9, QUARTER);
    other.publish();
    for (const kind of [0, 1, 9]) expect(readRecord(reader)?.[0]).toBe(kind);
  });

  it('asks for room only while less than half the ring is free, and is told once', () => {
    const { writer, reader } = openRingPair(1024);
    for (let kind = 1; kind <= 4; kind++) writeRecord(writer, kind, QUARTER);
    writer.publish();
    expect(reader.release()).toBe(false);
    expect(writer.awaitRoom()).toBe(true);
    expect(writer.isAwaitingRoom()).toBe(true);
    readRecord(reader);
    expect(reader.release()).toBe(false);
    expect(writer.isAwaitingRoom()).toBe(true);
    readRecord(reader);
    expect(reader.release()).toBe(true);
    expect(writer.isAwaitingRoom()).toBe(false);
    readRecord(reader);
    expect(reader.release()).toBe(false);
    expect(writer.awaitRoom()).toBe(false);
    expect(writer.isAwaitingRoom()).toBe(false);
  });

  it('blocks for room no longer than it was told to', () => {
    const { writer } = openRingPair(1024);
    const startMs = performance.now();
    writer.sleepForRoom(1_000);
    expect(performance.now() - startMs).toBeLessThan(500);
    for (let kind = 1; kind <= 4; kind++) writeRecord(writer, kind, QUARTER);
    writer.publish();
    const fullMs = performance.now();
    writer.sleepForRoom(30);
    expect(performance.now() - fullMs).toBeGreaterThan(20);
  });
});
