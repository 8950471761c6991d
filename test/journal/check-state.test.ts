import { describe, expect, it } from 'vitest';
import { checkState } from '../../src/journal/check-state.ts';
import { openStateFiles } from '../../src/journal/state-files.ts';
import { seededIntegers } from '../core/random.ts';
import { encodeLdlmState } from './ldlm-state-encoder.ts';
import { RecordedJournal } from './recorded-journal.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const PATH = '/state/locks';

/** A state of two shards, of which the first has one held and one idle lock. */
function withState() {
  const disk = new SimulatedDisk(seededIntegers(1));
  const options = { disk, path: PATH, shards: 2, newSeed: 5, repair: false, nowMs: 1, notice: () => {} };
  const { data } = openStateFiles(options);
  const journal = new RecordedJournal(disk, data[0]!);
  const { scenario } = journal;
  scenario.lock('held');
  scenario.unlock('idle', scenario.lock('idle'));
  journal.commit();
  journal.commit();
  disk.put(data[0]!.path, journal.bytes);
  return { disk, journal, path: data[0]!.path };
}

describe('checkState', () => {
  it('says what each data file holds, and changes nothing', () => {
    const { disk, journal, path } = withState();
    const { bytes } = journal;
    const { operations } = disk;
    expect(checkState(disk, PATH)).toEqual({
      isSound: true,
      lines: [
        `${PATH}: sound`,
        `${path}: 2 locks, 1 holders, 2 batches of 3 records in ${bytes.length} bytes; not closed in order`,
        expect.stringMatching(/locks\.1\.1: 0 locks, 0 holders, .*; closed in order$/),
      ],
    });
    // It has opened the manifest and two data files.
    expect(disk.operations).toBe(operations + 3);
    expect(disk.contentOf(path).equals(bytes)).toBe(true);
  });

  it('tells what a crash has torn from damage', () => {
    const { disk, journal, path } = withState();
    const { bytes } = journal;
    disk.put(path, bytes.subarray(0, bytes.length - 1));
    expect(checkState(disk, PATH)).toMatchObject({ isSound: true });
    expect(checkState(disk, PATH).lines[1]).toMatch(
      /55 bytes that a crash has torn, which the next start cuts off$/,
    );
    bytes[70]! ^= 1;
    disk.put(path, bytes);
    expect(checkState(disk, PATH)).toMatchObject({ isSound: false });
    expect(checkState(disk, PATH).lines[0]).toBe(`${PATH}: damaged`);
    expect(checkState(disk, PATH).lines[1]).toMatch(/; damaged at offset 0$/);
  });

  it('misses a data file that is not there', () => {
    const { disk, path } = withState();
    disk.remove(path);
    const { isSound, lines } = checkState(disk, PATH);
    expect([isSound, lines[0], lines[1]]).toEqual([false, `${PATH}: damaged`, `${path}: missing`]);
  });

  it('knows an empty state, one of LDLM, and one that is none', () => {
    const { disk } = withState();
    disk.put(PATH, Buffer.alloc(0));
    expect(checkState(disk, PATH)).toEqual({ isSound: true, lines: [`${PATH}: empty`] });
    const key = '01234567-89ab-4def-8123-456789abcdef';
    disk.put(PATH, encodeLdlmState([{ sessionId: 's', locks: [{ name: 'a', key, size: 1 }] }]));
    expect(checkState(disk, PATH)).toMatchObject({ isSound: true });
    disk.put(PATH, Buffer.from('something else'));
    expect(() => checkState(disk, PATH)).toThrow(expect.objectContaining({ code: 'LDLM_STATE_FOREIGN' }));
  });
});
