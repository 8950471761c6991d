import { describe, expect, it } from 'vitest';
import { Journal, type JournalOptions } from '../../src/journal/journal.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { RecordReader } from '../../src/journal/record-reader.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { scanJournal } from '../../src/journal/scan.ts';
import { seededIntegers } from '../core/random.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const PATH = '/state/data';
const BEGINNING = { offset: 0, sequence: 0, run: 1 };

function openJournal(sync: JournalOptions['sync'], syncIntervalMs = 100) {
  const disk = new SimulatedDisk(seededIntegers(1));
  const openFile = (path: string): JournalFile => new JournalFile(disk.open(path, true), BEGINNING, 1, 2);
  const journal = new Journal(openFile(PATH), new RecordWriter(), { sync, syncIntervalMs });
  /** Commits a record about a lock. */
  const commit = (name: string, nowMs = 0): boolean => {
    journal.records.lockClosed(name);
    return journal.commit(nowMs);
  };
  const scan = (path = PATH) => {
    const reader = new RecordReader();
    const names: string[] = [];
    const result = scanJournal(disk.open(path, false), 1, 2, (bytes, start, end) => {
      reader.open(bytes, start, end);
      while (reader.next()) names.push(reader.name);
    });
    return { ...result, names };
  };
  return { disk, journal, commit, scan, openFile };
}

describe('Journal', () => {
  it('writes what was recorded as one batch, and nothing when nothing was', () => {
    const { journal, commit, scan } = openJournal('always');
    journal.records.lockClosed('a');
    expect(commit('b', 7)).toBe(true);
    expect(journal.records.count).toBe(0);
    const { bytes } = journal;
    expect(journal.commit(8)).toBe(true);
    expect(journal.bytes).toBe(bytes);
    expect(scan()).toMatchObject({ batches: 1, nowMs: 7, names: ['a', 'b'], offset: bytes });
  });

  it('with `always` has each batch durable when it returns', () => {
    const { disk, journal, commit, scan } = openJournal('always');
    disk.syncFolderOf();
    for (let i = 1; i <= 5; i++) {
      expect(commit(`${i}`)).toBe(true);
      expect(disk.counts.sync).toBe(i);
      expect(journal.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
    }
    disk.losePower();
    expect(scan().names).toEqual(['1', '2', '3', '4', '5']);
  });

  it('with `interval` has it durable after the interval at the latest, if it is called then', () => {
    const { disk, journal, commit } = openJournal('interval', 100);
    expect(journal.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
    commit('a', 1000);
    expect([disk.counts.sync, journal.nextWakeMs()]).toEqual([1, Number.POSITIVE_INFINITY]);
    commit('b', 1050);
    commit('c', 1099);
    expect([disk.counts.sync, journal.nextWakeMs()]).toEqual([1, 1100]);
    journal.commit(1099.9);
    expect(disk.counts.sync).toBe(1);
    journal.commit(1100);
    expect([disk.counts.sync, journal.nextWakeMs()]).toEqual([2, Number.POSITIVE_INFINITY]);
    journal.commit(5000);
    expect(disk.counts.sync).toBe(2);
  });

  it('with `never` leaves it to the system', () => {
    const { disk, journal, commit } = openJournal('never');
    for (let i = 0; i < 5; i++) commit('a', i * 1000);
    expect([disk.counts.sync, journal.nextWakeMs()]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('keeps what finds no room, and writes it when there is some', () => {
    const { disk, journal, commit, scan } = openJournal('always');
    commit('a');
    disk.bytesMax = disk.bytesUsed;
    const name = 'n'.repeat(600_000);
    expect(commit(name)).toBe(false);
    expect(journal.commit(1)).toBe(false);
    expect(journal.records.count).toBe(1);
    disk.bytesMax = Number.POSITIVE_INFINITY;
    expect(commit('b', 2)).toBe(true);
    expect(scan().names).toEqual(['a', name, 'b']);
  });

  it('finds room when there is some for the longest request, though nothing is to be written', () => {
    const { disk, journal, commit, scan } = openJournal('always');
    commit('a');
    disk.bytesMax = disk.bytesUsed;
    expect(commit('n'.repeat(600_000))).toBe(false);
    journal.records.clear();
    while (commit('n'.repeat(1000)));
    journal.records.clear();
    expect(journal.commit(1)).toBe(true);
    expect(journal.hasRoom()).toBe(false);
    disk.bytesMax += 100 * 1024;
    expect(journal.hasRoom()).toBe(false);
    disk.bytesMax += 100 * 1024;
    expect(journal.hasRoom()).toBe(true);
    expect(commit('m'.repeat(128 * 1024))).toBe(true);
    expect(scan().tornBytes).toBe(0);
  });

  it('fails for good when a disk is broken, or a sync fails for whatever reason', () => {
    for (const [code, operation] of [
      ['EIO', 'write'],
      ['EIO', 'sync'],
      ['ENOSPC', 'sync'],
    ] as const) {
      const { disk, commit } = openJournal('always');
      commit('a');
      disk.failAfter(0, code, operation);
      expect(() => commit('b')).toThrow(code);
    }
  });

  it('tells its listener of each batch that is written, with the records still there', () => {
    const { disk, journal, commit } = openJournal('always');
    const told: [number, number][] = [];
    journal.listener = { batchWritten: (records, nowMs) => told.push([records.count, nowMs]) };
    commit('a', 1);
    journal.commit(2);
    disk.failAfter(0, 'ENOSPC', 'write');
    expect(commit('b', 3)).toBe(false);
    commit('c', 4);
    journal.listener = null;
    commit('d', 5);
    expect(told).toEqual([
      [1, 1],
      [2, 4],
    ]);
  });

  it('goes on in another file', () => {
    const { journal, commit, scan, openFile } = openJournal('always');
    commit('a');
    journal.continueIn(openFile('/state/other'));
    commit('b');
    expect(scan().names).toEqual(['a']);
    expect(scan('/state/other').names).toEqual(['b']);
  });

  describe('when it is closed', () => {
    it.each(['always', 'interval', 'never'] as const)(
      'with `%s` makes all durable, trims the file and says that nothing is missing',
      (sync) => {
        const { disk, journal, commit, scan } = openJournal(sync);
        disk.syncFolderOf();
        commit('a', 1);
        journal.records.lockClosed('b');
        journal.close(2);
        disk.losePower();
        expect(scan()).toMatchObject({ names: ['a', 'b'], isClean: true, tornBytes: 0 });
        expect(scan().offset).toBe(disk.contentOf(PATH).length);
      },
    );

    it('leaves no footer when what is owed finds no room', () => {
      const { disk, journal, commit, scan } = openJournal('always');
      commit('a');
      journal.records.lockClosed('n'.repeat(600_000));
      disk.bytesMax = disk.bytesUsed;
      journal.close(1);
      expect(scan()).toMatchObject({ names: ['a'], isClean: false, damagedOffset: -1 });
    });

    it('leaves no footer when only that finds no room', () => {
      const { disk, journal, commit, scan } = openJournal('always');
      disk.bytesMax = 200;
      commit('n'.repeat(200 - 56 - 12));
      journal.close(1);
      expect(scan()).toMatchObject({ batches: 1, isClean: false, tornBytes: 0 });
    });
  });
});
