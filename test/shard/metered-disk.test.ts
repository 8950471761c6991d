import { describe, expect, it } from 'vitest';
import { readDurations } from '../../src/base/duration-counts.ts';
import {
  createMetricMemory,
  MetricBlock,
  MetricWord,
  metricBlockOf,
  metricWordsOf,
  SYNC_UNIT_MS,
} from '../../src/base/metric-words.ts';
import type { Disk } from '../../src/journal/disk.ts';
import { MeteredDisk } from '../../src/shard/metered-disk.ts';
import { seededIntegers } from '../core/random.ts';
import { SimulatedDisk } from '../journal/simulated-disk.ts';

const PATH = '/state/file';

/** A disk whose syncs take so long, by a clock that moves for nothing else. */
function openMetered(syncMs: number) {
  const simulated = new SimulatedDisk(seededIntegers(3));
  const time = { nowMs: 1_800_000_000_000 };
  const slow: Disk = {
    open: (path, create) => {
      const file = simulated.open(path, create);
      return Object.assign(Object.create(file), {
        size: () => file.size(),
        read: file.read.bind(file),
        write: file.write.bind(file),
        truncate: file.truncate.bind(file),
        close: () => file.close(),
        sync: () => {
          time.nowMs += syncMs;
          file.sync();
        },
      });
    },
    exists: (path) => simulated.exists(path),
    rename: (from, to) => simulated.rename(from, to),
    remove: (path) => simulated.remove(path),
    listBeside: () => simulated.listBeside(),
    syncFolderOf: () => simulated.syncFolderOf(),
  };
  const metrics = metricWordsOf(createMetricMemory(1), 0);
  const disk = new MeteredDisk(slow, { nowMs: () => time.nowMs }, metrics);
  const syncs = () => readDurations([metricBlockOf(metrics, MetricBlock.Syncs)], SYNC_UNIT_MS);
  return { simulated, disk, metrics, syncs };
}

describe('MeteredDisk', () => {
  it('is the disk below it', () => {
    const { disk, simulated } = openMetered(0);
    const file = disk.open(PATH, true);
    expect(file.write(Buffer.from('--hello'), 2, 5, 0)).toBe(5);
    const into = Buffer.alloc(8, '.');
    expect(file.read(into, 1, 4, 0)).toBe(4);
    expect(into.toString()).toBe('.hell...');
    file.truncate(3);
    expect(file.size()).toBe(3);
    file.sync();
    file.close();
    expect(disk.exists(PATH)).toBe(true);
    disk.rename(PATH, '/state/other');
    disk.syncFolderOf(PATH);
    expect(disk.listBeside(PATH)).toEqual(['other']);
    expect(simulated.counts).toMatchObject({
      open: 1,
      write: 1,
      sync: 1,
      truncate: 1,
      rename: 1,
      syncFolder: 1,
    });
    disk.remove('/state/other');
    expect(disk.exists('/state/other')).toBe(false);
  });

  it('counts the bytes that were really written, of all its files', () => {
    const { disk, simulated, metrics } = openMetered(0);
    const [one, two] = [disk.open(PATH, true), disk.open('/state/two', true)];
    one.write(Buffer.alloc(100), 10, 50, 0);
    two.write(Buffer.alloc(100), 0, 100, 7);
    expect(metrics[MetricWord.WrittenBytes]).toBe(150);
    simulated.writesAreShort = true;
    const written = one.write(Buffer.alloc(100), 0, 100, 0);
    expect(metrics[MetricWord.WrittenBytes]).toBe(150 + written);
    simulated.failAfter(0, 'ENOSPC', 'write');
    expect(() => one.write(Buffer.alloc(100), 0, 100, 0)).toThrow('ENOSPC');
    expect(metrics[MetricWord.WrittenBytes]).toBe(150 + written);
  });

  it('counts how long each sync took that succeeded', () => {
    const { disk, simulated, syncs } = openMetered(0.2);
    const file = disk.open(PATH, true);
    for (let i = 0; i < 3; i++) file.sync();
    expect(syncs().count).toBe(3);
    expect(syncs().sumMs).toBeCloseTo(0.6, 2);
    expect(
      syncs()
        .upTo.slice(0, 3)
        .map(({ count }) => count),
    ).toEqual([0, 0, 3]);
    simulated.failAfter(0, 'EIO', 'sync');
    expect(() => file.sync()).toThrow('EIO');
    expect(syncs().count).toBe(3);
  });
});
