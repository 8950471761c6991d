import { describe, expect, it } from 'vitest';
import { BatchKind, HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { scanJournal } from '../../src/journal/scan.ts';
import { seededIntegers } from '../core/random.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const PATH = '/state/data';
const EXTENSION_BYTES = 512 * 1024;
const BEGINNING = { offset: 0, sequence: 0, run: 1 };

function openFile(position = BEGINNING) {
  const disk = new SimulatedDisk(seededIntegers(1));
  const file = new JournalFile(disk.open(PATH, true), position, 1, 2);
  const append = (recordBytes: number, nowMs = 0): void => {
    const bytes = Buffer.alloc(HEADER_BYTES + recordBytes, 0x77);
    file.append(BatchKind.Data, bytes, bytes.length, 1, nowMs);
  };
  const scan = () => {
    const durableOffsets: number[] = [];
    const result = scanJournal(disk.open(PATH, false), 1, 2, (_bytes, _start, _end, header) => {
      durableOffsets.push(header.durableOffset);
    });
    return { ...result, durableOffsets };
  };
  return { disk, file, append, scan };
}

describe('JournalFile', () => {
  it('puts numbered batches behind each other, each with what was durable before it', () => {
    const { file, append, scan } = openFile();
    append(10, 5);
    expect([file.offset, file.isDurable]).toEqual([66, false]);
    append(20, 6);
    file.sync();
    expect(file.isDurable).toBe(true);
    append(30, 4);
    expect(scan()).toMatchObject({
      ...{ batches: 3, records: 3, sequence: 3, run: 2, offset: file.offset, nowMs: 6, tornBytes: 0 },
      durableOffsets: [0, 0, 142],
    });
  });

  it('extends the file ahead with zeros, so that the size changes rarely', () => {
    const { disk, append, scan } = openFile();
    const size = (): number => disk.contentOf(PATH).length;
    append(1000);
    expect(size()).toBe(EXTENSION_BYTES);
    for (let i = 1; i < 400; i++) append(1000);
    expect(size()).toBe(EXTENSION_BYTES);
    for (let i = 0; i < 200; i++) append(1000);
    expect(size()).toBe(2 * EXTENSION_BYTES);
    expect(scan()).toMatchObject({ batches: 600, tornBytes: 0 });
  });

  it('takes a batch that is longer than an extension', () => {
    const { disk, file, append, scan } = openFile();
    append(10);
    append(3 * EXTENSION_BYTES);
    append(10);
    expect(scan()).toMatchObject({ batches: 3, tornBytes: 0, offset: file.offset });
    expect(disk.contentOf(PATH).length).toBeGreaterThan(file.offset);
  });

  it('writes whatever little the disk takes at a time', () => {
    const { disk, append, scan } = openFile();
    disk.writesAreShort = true;
    for (let i = 1; i < 20; i++) append(100 * i);
    expect(scan()).toMatchObject({ batches: 19, tornBytes: 0 });
  });

  it('does without an extension when only the batch finds room', () => {
    const { disk, file, append, scan } = openFile();
    disk.bytesMax = 3000;
    for (let i = 0; i < 10; i++) append(200);
    expect(file.offset).toBe(2560);
    expect(() => append(1000)).toThrow('ENOSPC');
    append(3000 - 2560 - HEADER_BYTES);
    expect(scan()).toMatchObject({ batches: 11, tornBytes: 0, offset: 3000 });
    // With room again it is extended again.
    disk.bytesMax = Number.POSITIVE_INFINITY;
    append(10);
    expect(disk.contentOf(PATH).length).toBe(3000 + EXTENSION_BYTES);
    expect(scan()).toMatchObject({ batches: 12, tornBytes: 0 });
  });

  it('does not count a batch that has failed: the next one takes its place and number', () => {
    for (const longer of [0, 500]) {
      const { disk, file, append, scan } = openFile();
      append(10);
      const { offset } = file;
      disk.failAfter(0, 'ENOSPC', 'write');
      expect(() => append(200)).toThrow('ENOSPC');
      expect(file.offset).toBe(offset);
      expect(scan().batches).toBe(1);
      append(50 + longer);
      append(10);
      expect(scan()).toMatchObject({ batches: 3, sequence: 3, offset: file.offset, damagedOffset: -1 });
    }
  });

  it('passes on what is no lack of room, also while it extends', () => {
    const { disk, append } = openFile();
    disk.failAfter(0, 'EIO', 'write');
    expect(() => append(10)).toThrow('EIO');
    disk.failAfter(1, 'EIO', 'write');
    expect(() => append(10)).toThrow('EIO');
  });

  it('does not sync what is durable', () => {
    const { disk, file, append } = openFile();
    file.sync();
    append(10);
    file.sync();
    file.sync();
    expect(disk.counts.sync).toBe(1);
    disk.failAfter(0, 'EIO', 'sync');
    append(10);
    expect(() => file.sync()).toThrow('EIO');
    expect(file.isDurable).toBe(false);
  });

  it('goes on behind the last batch of an earlier opening', () => {
    const { disk, append, file } = openFile();
    append(10);
    file.trim();
    const { offset } = file;
    const next = new JournalFile(disk.open(PATH, false), { offset, sequence: 1, run: 2 }, 1, 2);
    expect([next.offset, next.isDurable]).toEqual([offset, true]);
    next.append(BatchKind.Footer, Buffer.alloc(HEADER_BYTES), HEADER_BYTES, 0, 1);
    next.trim();
    expect(disk.contentOf(PATH).length).toBe(offset + HEADER_BYTES);
    expect(scanJournal(disk.open(PATH, false), 1, 2, () => {})).toMatchObject({
      run: 3,
      isClean: true,
      batches: 2,
    });
  });
});
