import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { Compaction } from '../../src/journal/compaction.ts';
import { replayFile } from '../../src/journal/replay.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';
import { scanJournal } from '../../src/journal/scan.ts';
import { seededIntegers } from '../core/random.ts';
import { RECORDED_FILE, RecordedJournal } from './recorded-journal.ts';
import { PowerCutError, SimulatedDisk } from './simulated-disk.ts';
import { stateText } from './state-text.ts';

const { path, seed } = RECORDED_FILE;

/** The state that a start would find. */
function recovered(disk: SimulatedDisk, nowMs: number): string {
  const restorer = new RoutingRestorer(1, seed);
  const scan = replayFile(disk.open(path, false), RECORDED_FILE, restorer);
  expect(scan).toMatchObject({ damagedOffset: -1, tornBytes: 0 });
  return stateText(restorer.cores[0]!, nowMs);
}

/** A journal that has seen something, and the beginning of one that is to take its place. */
function openCompaction(randomSeed: number) {
  const draw = seededIntegers(randomSeed);
  const disk = new SimulatedDisk(draw);
  const journal = new RecordedJournal(disk);
  disk.syncFolderOf();
  const commit = (listener: Compaction | null): void => {
    if (journal.records.count === 0) return;
    listener?.batchWritten(journal.records, journal.scenario.nowMs);
    journal.commit();
  };
  for (let turns = 20 + draw(30); turns > 0; turns--) {
    journal.turn(draw, 4);
    commit(null);
  }
  return { draw, disk, journal, commit };
}

/** Makes the file anew, with turns between the slices. Returns how many slices it took. */
function compact({ draw, disk, journal, commit }: ReturnType<typeof openCompaction>): number {
  const compaction = new Compaction(disk, RECORDED_FILE, 1, journal.scenario.core);
  let slices = 1;
  for (; !compaction.step(journal.scenario.nowMs, 1 + draw(3)); slices++) {
    if (draw(3) === 0) continue;
    journal.turn(draw, 4);
    commit(compaction);
  }
  compaction.finish(journal.scenario.nowMs);
  return slices;
}

describe('Compaction', () => {
  it('makes a file that leads to the state of now, while that goes on changing', () => {
    let slices = 0;
    for (let randomSeed = 0; randomSeed < 150; randomSeed++) {
      const opened = openCompaction(randomSeed);
      const { disk, journal } = opened;
      expect(recovered(disk, journal.scenario.nowMs)).toBe(journal.text);
      slices += compact(opened);
      expect(recovered(disk, journal.scenario.nowMs), `seed ${randomSeed}`).toBe(journal.text);
      disk.losePower();
      expect(recovered(disk, journal.scenario.nowMs), `seed ${randomSeed}`).toBe(journal.text);
      expect(disk.names).toEqual(['data']);
    }
    expect(slices).toBeGreaterThan(1000);
  });

  it('leaves one good file at each moment, wherever the power is cut', () => {
    let cuts = 0;
    for (let operation = 0; ; operation++) {
      const opened = openCompaction(operation % 7);
      const { disk, journal } = opened;
      disk.failAfter(operation, 'power');
      let isWhole = true;
      try {
        compact(opened);
      } catch (error) {
        if (!(error instanceof PowerCutError)) throw error;
        isWhole = false;
      }
      if (isWhole) break;
      cuts++;
      disk.losePower();
      const { nowMs } = journal.scenario;
      // The last batch may not be durable yet, and what was done since then is in no file.
      const texts = [...journal.batches.slice(-2).map(({ text }) => text), journal.text];
      const restorer = new RoutingRestorer(1, seed);
      const scan = replayFile(disk.open(path, false), RECORDED_FILE, restorer);
      expect(scan.damagedOffset).toBe(-1);
      const held = (text: string): string => text.split('\nidle')[0]!;
      expect(texts.map(held), `operation ${operation}`).toContain(held(stateText(restorer.cores[0]!, nowMs)));
    }
    expect(cuts).toBeGreaterThan(15);
  });

  it('says in its next step that a batch found no room, and leaves nothing when it is abandoned', () => {
    const { disk, journal, draw, commit } = openCompaction(1);
    const compaction = new Compaction(disk, RECORDED_FILE, 1, journal.scenario.core);
    compaction.step(journal.scenario.nowMs, 1);
    disk.failAfter(0, 'ENOSPC', 'write');
    while (journal.records.count === 0) journal.turn(draw, 4);
    const { text } = journal;
    commit(compaction);
    // One that was not written is never followed by another.
    expect(() => compaction.step(journal.scenario.nowMs, 1)).toThrow('ENOSPC');
    compaction.abandon();
    expect(disk.names).toEqual(['data']);
    expect(recovered(disk, journal.scenario.nowMs)).toBe(text);
  });

  it('makes a file in which damage is not taken for a torn write, but for that of its last batch', () => {
    const opened = openCompaction(5);
    compact(opened);
    const { disk } = opened;
    const file = disk.open(path, false);
    const { offset } = scanJournal(file, RECORDED_FILE.generation, seed, () => {});
    const content = Buffer.from(disk.contentOf(path));
    for (let at = 0; at < offset - HEADER_BYTES; at += 5) {
      const flipped = Uint8Array.of(content[at]! ^ 1);
      file.write(flipped, 0, 1, at);
      const { damagedOffset } = scanJournal(file, RECORDED_FILE.generation, seed, () => {});
      expect(damagedOffset, `byte ${at} of ${offset}`).toBeGreaterThanOrEqual(0);
      file.write(content, at, 1, at);
    }
  });

  it('takes no notice of what an earlier one has left', () => {
    const opened = openCompaction(3);
    const { disk, journal } = opened;
    disk.put(`${path}.new`, Buffer.alloc(100_000, 'x'));
    compact(opened);
    expect(recovered(disk, journal.scenario.nowMs)).toBe(journal.text);
  });

  it.each(['rename', 'syncFolder'] as const)(
    'is fatal when it fails at its %s, whatever the reason',
    (operation) => {
      const opened = openCompaction(4);
      opened.disk.failAfter(0, 'ENOSPC', operation);
      expect(() => compact(opened)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_IO' }));
    },
  );
});
