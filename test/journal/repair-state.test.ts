import { describe, expect, it } from 'vitest';
import { repairDataFiles } from '../../src/journal/repair-state.ts';
import { replayFile } from '../../src/journal/replay.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';
import { seededIntegers } from '../core/random.ts';
import { RECORDED_FILE, RecordedJournal } from './recorded-journal.ts';
import { PowerCutError, SimulatedDisk } from './simulated-disk.ts';
import { stateText } from './state-text.ts';

const { path, seed } = RECORDED_FILE;

function withDamage(damage = true) {
  const draw = seededIntegers(1);
  const disk = new SimulatedDisk(draw);
  const journal = new RecordedJournal(disk);
  while (journal.batches.length < 12) if (journal.turn(draw, 3)) journal.commit();
  const bytes = Buffer.from(journal.bytes);
  if (damage) bytes[journal.batches[5]!.start + 60]! ^= 1;
  disk.put(path, bytes);
  return { disk, journal, bytes };
}

function repair(disk: SimulatedDisk) {
  const notices: { message: string; attributes: object }[] = [];
  repairDataFiles(disk, [RECORDED_FILE], (message, attributes) => notices.push({ message, attributes }));
  return notices;
}

function recovered(disk: SimulatedDisk) {
  const restorer = new RoutingRestorer(1, seed);
  const scan = replayFile(disk.open(path, false), RECORDED_FILE, restorer);
  return { scan, text: stateText(restorer.cores[0]!, scan.nowMs) };
}

describe('repairDataFiles', () => {
  it('keeps what was before the damage, and the whole file aside', () => {
    const { disk, journal, bytes } = withDamage();
    const offset = journal.batches[5]!.start;
    expect(repair(disk)).toEqual([
      {
        message: 'repaired a state file: what was behind the damage is lost',
        attributes: { path, offset, lostBytes: bytes.length - offset, kept: `${path}.damaged` },
      },
    ]);
    expect(disk.contentOf(`${path}.damaged`).equals(bytes)).toBe(true);
    expect(recovered(disk)).toMatchObject({
      scan: { damagedOffset: -1, offset },
      text: journal.batches[4]!.text,
    });
    disk.losePower();
    expect(recovered(disk).scan).toMatchObject({ offset, tornBytes: 0 });
    expect(disk.contentOf(`${path}.damaged`).equals(bytes)).toBe(true);
  });

  it('leaves a sound file alone, and says nothing', () => {
    const { disk, bytes } = withDamage(false);
    expect(repair(disk)).toEqual([]);
    expect(disk.contentOf(path).equals(bytes)).toBe(true);
    expect(disk.names).toEqual(['data']);
  });

  it('keeps what an earlier repair has kept', () => {
    const { disk, bytes } = withDamage();
    disk.put(`${path}.damaged`, Buffer.from('earlier'));
    repair(disk);
    expect(disk.contentOf(`${path}.damaged`).toString()).toBe('earlier');
    expect(disk.contentOf(`${path}.damaged.2`).equals(bytes)).toBe(true);
  });

  it('begins a missing file anew, durably', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    expect(repair(disk)).toMatchObject([{ message: 'a state file is missing: its locks are lost' }]);
    disk.losePower();
    expect(recovered(disk).scan).toMatchObject({ batches: 0, damagedOffset: -1 });
  });

  it('may lose the power at any operation: the damage is repaired, or still whole', () => {
    let cuts = 0;
    for (let operation = 0; ; operation++) {
      const { disk, journal, bytes } = withDamage();
      disk.failAfter(operation, 'power');
      try {
        repair(disk);
        break;
      } catch (error) {
        if (!(error instanceof PowerCutError)) throw error;
      }
      cuts++;
      disk.losePower();
      const copies = disk.names.filter((name) => disk.contentOf(`/state/${name}`).equals(bytes));
      expect(copies.length, `operation ${operation}`).toBeGreaterThan(0);
      repair(disk);
      expect(recovered(disk).text).toBe(journal.batches[4]!.text);
    }
    expect(cuts).toBeGreaterThan(4);
  });
});
