import { describe, expect, it } from 'vitest';
import { BatchHeader, BatchKind, encodeHeader, HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { replayFile } from '../../src/journal/replay.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';
import { type ScanResult, scanJournal } from '../../src/journal/scan.ts';
import { seededIntegers } from '../core/random.ts';
import { FileImage } from './file-image.ts';
import { RECORDED_FILE, RecordedJournal } from './recorded-journal.ts';
import { stateText } from './state-text.ts';

const { generation, seed } = RECORDED_FILE;

function scan(bytes: Uint8Array, size = bytes.length): ScanResult {
  return scanJournal(new FileImage(bytes, size), generation, seed, () => {});
}

/** A journal of at least so many bytes. */
function record(
  bytesMin: number,
  randomSeed: number,
  syncOneIn = 1,
  stepsMax = 4,
  nameBytes = 8,
): RecordedJournal {
  const draw = seededIntegers(randomSeed);
  const journal = new RecordedJournal();
  while (journal.file.offset < bytesMin) {
    if (journal.turn(draw, stepsMax, nameBytes)) journal.commit(draw(syncOneIn) === 0);
  }
  return journal;
}

/** What a journal without records looks like: batches of a given number of bytes each, every one synced. */
function plainBatches(count: number, recordBytes: number, fields: Partial<BatchHeader> = {}): Buffer {
  const length = HEADER_BYTES + recordBytes;
  const bytes = Buffer.alloc(count * length, 0x77);
  for (let i = 0; i < count; i++) {
    const batch = bytes.subarray(i * length, (i + 1) * length);
    const own = { generation, run: 1, sequence: i + 1, length: recordBytes, durableOffset: i * length };
    encodeHeader(batch, 0, Object.assign(new BatchHeader(), own, fields), seed);
  }
  return bytes;
}

describe('scanJournal', () => {
  it.each([
    ['of many small batches', 8 * 1024, 4, 8],
    ['of batches of some KiB', 64 * 1024, 40, 600],
  ])(
    'finds in every prefix of a journal %s the whole ones, and no damage',
    (_, bytesMin, stepsMax, nameBytes) => {
      const { bytes, batches } = record(bytesMin, 1, 3, stepsMax, nameBytes);
      const wrong: number[] = [];
      let whole = 0;
      for (let size = 0; size <= bytes.length; size++) {
        if (batches[whole]?.end === size) whole++;
        const result = scan(bytes, size);
        const offset = whole === 0 ? 0 : batches[whole - 1]!.end;
        if (result.batches !== whole || result.offset !== offset || result.damagedOffset >= 0)
          wrong.push(size);
      }
      expect(wrong).toEqual([]);
      expect(whole).toBe(batches.length);
      expect(batches.length).toBeGreaterThan(10);
    },
  );

  it('leads from every whole batch to the state that was then', () => {
    const { bytes, batches, id } = record(16 * 1024, 2);
    for (const { end, text } of batches) {
      const restorer = new RoutingRestorer(1, seed);
      const { nowMs, offset } = replayFile(new FileImage(bytes, end), id, restorer);
      expect(offset).toBe(end);
      expect(stateText(restorer.cores[0]!, nowMs)).toBe(text);
    }
  });

  describe.each([
    ['every batch synced', 1, false],
    ['some batches synced', 3, false],
    ['a footer', 1, true],
    ['some batches synced, then a footer', 3, true],
  ])('with a bit changed in a journal with %s', (_, syncOneIn, withFooter) => {
    const journal = record(1_500, 7, syncOneIn);
    if (withFooter) journal.finish();
    const { batches } = journal;
    const bytes = Buffer.concat([journal.bytes, Buffer.alloc(256)]);
    const used = journal.file.offset;

    it('cuts off what may be torn, and tells damage to what was durable', () => {
      const wrong: string[] = [];
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const result = scan(bytes);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const hit = batches.findIndex(({ end }) => end > bit >> 3);
        const good = hit < 0 ? batches.length : hit;
        const offset = good === 0 ? 0 : batches[good - 1]!.end;
        // The rule, said the other way round: any later batch knows that the first bad byte was durable.
        const isDamaged = batches.slice(good + 1).some(({ durableOffset }) => durableOffset > offset);
        const isRight =
          result.batches === good &&
          result.offset === offset &&
          result.tornBytes > 0 &&
          result.damagedOffset === (isDamaged ? offset : -1) &&
          result.isClean === (withFooter && hit < 0);
        if (!isRight) wrong.push(`bit ${bit & 7} of byte ${bit >> 3}`);
      }
      expect(wrong).toEqual([]);
    });

    it('finds every change in front of the footer', () => {
      if (!withFooter) return;
      const footer = used - HEADER_BYTES;
      for (let at = 0; at < footer; at++) {
        bytes[at]! ^= 0x10;
        expect(scan(bytes).damagedOffset).toBeGreaterThanOrEqual(0);
        bytes[at]! ^= 0x10;
      }
    });
  });

  it('sees a footer that ends in zeros behind damage', () => {
    for (let nowMs = 1, found = 0; found < 3; nowMs++) {
      const footer = Buffer.alloc(HEADER_BYTES);
      const fields = { kind: BatchKind.Footer, generation, run: 1, sequence: 2, durableOffset: 96, nowMs };
      encodeHeader(footer, 0, Object.assign(new BatchHeader(), fields), seed);
      if (footer.at(-1) !== 0) continue;
      found++;
      const bytes = Buffer.concat([plainBatches(1, 40), footer]);
      expect(scan(bytes)).toMatchObject({ batches: 2, damagedOffset: -1, isClean: true });
      bytes[70]! ^= 1;
      expect(scan(bytes)).toMatchObject({ batches: 0, damagedOffset: 0 });
      // The same with zeros behind it.
      expect(scan(Buffer.concat([bytes, Buffer.alloc(4096)]))).toMatchObject({
        damagedOffset: 0,
        tornBatches: 1,
      });
    }
  });

  it('does not read on into what an earlier opening has left behind a cut', () => {
    const old = plainBatches(5, 40);
    const length = HEADER_BYTES + 40;
    // The second opening has cut off the last two and written one anew: the fifth would follow it.
    const fourth = plainBatches(4, 40, { run: 2 }).subarray(3 * length);
    const bytes = Buffer.concat([old.subarray(0, 3 * length), fourth, old.subarray(4 * length)]);
    const result = scan(bytes);
    expect(result).toMatchObject({ batches: 4, offset: 4 * length, run: 3, sequence: 4, damagedOffset: -1 });
    expect(result).toMatchObject({ tornBytes: length, tornBatches: 0 });
  });

  it('does not take a batch of another generation, place or number for one of its own', () => {
    const length = HEADER_BYTES + 8;
    const whole = plainBatches(3, 8);
    expect(scan(plainBatches(3, 8, { generation: generation + 1 })).batches).toBe(0);
    expect(scan(Buffer.concat([whole.subarray(0, length), whole])).batches).toBe(1);
    const unsynced = plainBatches(3, 8, { durableOffset: 0 });
    const gap = Buffer.concat([unsynced.subarray(0, length), unsynced.subarray(2 * length)]);
    expect(scan(gap)).toMatchObject({ batches: 1, tornBatches: 1, damagedOffset: -1 });
    expect(scan(whole.subarray(length))).toMatchObject({ batches: 0, tornBatches: 0 });
    expect(scanJournal(new FileImage(whole), generation, seed + 1, () => {}).batches).toBe(0);
  });

  it.each([0, 1, HEADER_BYTES - 1, HEADER_BYTES, 4096, 512 * 1024])(
    'takes %d bytes of zeros for an empty file',
    (size) => {
      const nothing = {
        offset: 0,
        durableOffset: 0,
        sequence: 0,
        run: 1,
        nowMs: 0,
        batches: 0,
        records: 0,
        isClean: false,
      };
      expect(scan(Buffer.alloc(size))).toEqual({
        ...nothing,
        tornBytes: 0,
        tornBatches: 0,
        damagedOffset: -1,
      });
    },
  );

  it('finds nothing torn in zeros behind the last batch', () => {
    const { bytes, batches } = record(2_000, 3);
    for (const zeros of [1, 55, 56, 57, 4096, 1024 * 1024 + 3]) {
      const extended = Buffer.concat([bytes, Buffer.alloc(zeros)]);
      expect(scan(extended)).toMatchObject({ batches: batches.length, tornBytes: 0, damagedOffset: -1 });
    }
  });

  it('reads batches and tails that are longer than its window', () => {
    const window = 1024 * 1024;
    const lengths = [10, window - 2 * HEADER_BYTES - 10, window, 3 * window, 10];
    const batches = lengths.map((recordBytes, i) => {
      const batch = Buffer.alloc(HEADER_BYTES + recordBytes, 0x77);
      const fields = { generation, run: 1, sequence: i + 1, length: recordBytes, records: 1 };
      encodeHeader(batch, 0, Object.assign(new BatchHeader(), fields), seed);
      return batch;
    });
    const bytes = Buffer.concat(batches);
    const seen: number[] = [];
    const result = scanJournal(new FileImage(bytes), generation, seed, (window, start, end) => {
      expect(window.subarray(start, end).every((byte) => byte === 0x77)).toBe(true);
      seen.push(end - start);
    });
    expect(seen).toEqual(lengths);
    expect(result).toMatchObject({ batches: 5, offset: bytes.length, tornBytes: 0 });
    bytes[100]! ^= 1;
    expect(scan(bytes)).toMatchObject({
      batches: 1,
      tornBatches: 3,
      tornBytes: bytes.length - batches[0]!.length,
    });
  });

  it('is not deceived by lock names that contain batches', () => {
    // Whole batches, right in all but the seed, which nobody knows outside of the server.
    const forged = Buffer.alloc(3 * (HEADER_BYTES + 8));
    const length = HEADER_BYTES + 8;
    for (let i = 0; i < 3; i++) {
      const fields = { generation, run: 9, sequence: 2 + i, length: 8, records: 1, durableOffset: 1e6 };
      encodeHeader(forged, i * length, Object.assign(new BatchHeader(), fields), seed ^ 1);
    }
    const journal = new RecordedJournal();
    journal.scenario.lock('first');
    journal.commit();
    const name = forged.toString('latin1').repeat(8);
    journal.scenario.lock(name);
    journal.commit(false);
    const { bytes, batches } = journal;
    expect(scan(bytes)).toMatchObject({ batches: 2, tornBytes: 0 });
    for (let size = batches[1]!.start + 1; size < bytes.length; size++) {
      const result = scan(bytes, size);
      if (result.batches !== 1 || result.tornBatches !== 0 || result.damagedOffset >= 0)
        expect(size).toBe(-1);
    }
  });

  it('reads no more than there is, whatever length a header claims', () => {
    for (const length of [0xffff_ffff, 0x8000_0000, 2 ** 30, 5000]) {
      const header = Buffer.alloc(4096);
      // The length alone is checked before the records are read, so it must be right for this to say something.
      const whole = Buffer.concat([header], HEADER_BYTES + Math.min(length, 8192));
      const fields = { generation, run: 1, sequence: 1, length: 0 };
      encodeHeader(whole, 0, Object.assign(new BatchHeader(), fields), seed);
      whole.writeUInt32LE(length, 8);
      const file = new FileImage(whole.subarray(0, 4096));
      expect(scanJournal(file, generation, seed, () => {})).toMatchObject({ batches: 0, damagedOffset: -1 });
      expect(file.longestRead).toBeLessThanOrEqual(4096);
    }
  });

  it('reads a long file behind damage a few times at most', () => {
    const bytes = plainBatches(40_000, 40);
    bytes[60]! ^= 1;
    const file = new FileImage(bytes);
    expect(scanJournal(file, generation, seed, () => {})).toMatchObject({ batches: 0, damagedOffset: 0 });
    expect(file.bytesRead).toBeLessThan(4 * bytes.length);
  });
});
