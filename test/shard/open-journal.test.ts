import { describe, expect, it } from 'vitest';
import { scanJournal } from '../../src/journal/scan.ts';
import { StateFileError } from '../../src/journal/state-error.ts';
import { seededIntegers } from '../core/random.ts';
import { DATA_FILE, ShardCaller } from '../journal/shard-caller.ts';
import { SimulatedDisk } from '../journal/simulated-disk.ts';

const { path, generation, seed } = DATA_FILE;

function scan(disk: SimulatedDisk) {
  return scanJournal(disk.open(path, false), generation, seed, () => {});
}

describe('openJournal', () => {
  it('finds what was held, with its key, and what was released', () => {
    const caller = new ShardCaller(new SimulatedDisk(seededIntegers(1)));
    const key = caller.lock('a');
    const released = caller.lock('b');
    expect(caller.unlock('b', released)).toBe(true);
    caller.restart();
    expect(caller.tryLock('a')).toBe(false);
    expect(caller.tryLock('b')).toBe(true);
    expect(caller.unlock('a', key)).toBe(true);
    expect(caller.notices).toEqual([]);
  });

  it('cuts off what a crash has torn, durably, and says so', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const caller = new ShardCaller(disk);
    const key = caller.lock('a');
    const { offset } = scan(disk);
    disk.failAfter(0, 'EIO', 'write');
    caller.send('Lock', { name: 'b', holder: 'h'.repeat(200) });
    expect(() => caller.settle()).toThrow('EIO');
    // Part of the batch, which no one was told of.
    disk.put(path, Buffer.concat([disk.contentOf(path).subarray(0, offset), Buffer.alloc(100, 7)]));
    caller.restart();
    expect(caller.notices).toEqual(['cut off what a crash left at the end of a state file']);
    expect(scan(disk)).toMatchObject({ tornBytes: 0, damagedOffset: -1 });
    expect(caller.tryLock('b')).toBe(true);
    expect(caller.unlock('a', key)).toBe(true);
    disk.losePower();
    expect(scan(disk).tornBytes).toBe(0);
  });

  it('writes once more what a failed fdatasync may not have written, though the system shows it', () => {
    const lost: number[] = [];
    for (let randomSeed = 0; randomSeed < 60; randomSeed++) {
      const disk = new SimulatedDisk(seededIntegers(randomSeed));
      const caller = new ShardCaller(disk);
      caller.lock('first');
      disk.failAfter(0, 'EIO', 'sync');
      // Longer than a page, so that what comes behind it does not write it by the way.
      const long = 'n'.repeat(5_000);
      caller.send('Lock', { name: long });
      expect(() => caller.settle()).toThrow('EIO');
      caller.restart();
      const key = caller.lock('second');
      disk.losePower();
      if (scan(disk).damagedOffset >= 0) lost.push(randomSeed);
      else {
        caller.restart();
        expect(caller.unlock('second', key)).toBe(true);
      }
    }
    expect(lost).toEqual([]);
  });

  it('refuses a damaged file, and leaves it as it is', () => {
    const disk = new SimulatedDisk(seededIntegers(1));
    const caller = new ShardCaller(disk);
    for (const name of ['a', 'b', 'c']) caller.lock(name);
    const bytes = disk.contentOf(path);
    bytes[100]! ^= 1;
    disk.put(path, bytes);
    expect(() => caller.restart()).toThrow(StateFileError);
    expect(disk.contentOf(path)).toEqual(bytes);
  });

  it('does not let time pass before all shards are ready', () => {
    const caller = new ShardCaller(new SimulatedDisk(seededIntegers(1)));
    const key = caller.lock('a', { lock_timeout_ms: '5000' });
    caller.clock.ms += 3_600_000;
    caller.restart();
    caller.pass(4_900);
    expect(caller.tryLock('a')).toBe(false);
    expect(caller.ask('Renew', { name: 'a', key, lock_timeout_ms: '5000' })?.message?.locked).toBe(true);
    caller.pass(5_001);
    expect(caller.tryLock('a')).toBe(true);
  });

  it('has the deadlines that it gave in the journal, for the next start', () => {
    const caller = new ShardCaller(new SimulatedDisk(seededIntegers(1)), { defaultLockTimeoutMs: 20_000 });
    caller.lock('a');
    caller.restart();
    caller.pass(5_000);
    caller.restart();
    caller.pass(14_000);
    expect(caller.tryLock('a')).toBe(false);
    caller.pass(1_001);
    expect(caller.tryLock('a')).toBe(true);
  });
});
