import { describe, expect, it } from 'vitest';
import { copyRange, writeFully } from '../../src/journal/disk.ts';
import { seededIntegers } from '../core/random.ts';
import { SimulatedDisk } from './simulated-disk.ts';

describe('writeFully', () => {
  it('goes on where a short write has ended', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const file = disk.open('/state/file', true);
    disk.writesAreShort = true;
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i));
    writeFully(file, bytes, 100, 900, 50);
    expect(disk.operations).toBeGreaterThan(3);
    expect(disk.contentOf('/state/file')).toEqual(
      Buffer.concat([Buffer.alloc(50), bytes.subarray(100, 900)]),
    );
  });
});

describe('copyRange', () => {
  it('copies what stands in the range to the same place, however short the writes are', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const from = disk.open('/state/from', true);
    const bytes = Buffer.from(Array.from({ length: 3_000 }, (_, i) => i % 251));
    writeFully(from, bytes, 0, bytes.length, 0);
    disk.writesAreShort = true;
    copyRange(from, disk.open('/state/to', true), 700, 2_900);
    expect(disk.contentOf('/state/to')).toEqual(
      Buffer.concat([Buffer.alloc(700), bytes.subarray(700, 2_900)]),
    );
  });

  it('goes on behind what it reads at a time, and ends with the file', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const from = disk.open('/state/from', true);
    const bytes = Buffer.alloc(2 ** 21 + 5, 'copied again and again');
    writeFully(from, bytes, 0, bytes.length, 0);
    copyRange(from, disk.open('/state/to', true), 0, bytes.length + 1_000);
    expect(disk.contentOf('/state/to').equals(bytes)).toBe(true);
  });
});
