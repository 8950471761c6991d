import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { scanJournal } from '../../../src/journal/scan.ts';
import type { StepRow } from '../../../src/shard/inspection/inspect-reply.ts';
import { encodeInspectRequest, InspectOp } from '../../../src/shard/inspection/inspect-request.ts';
import { seededIntegers } from '../../core/random.ts';
import { DATA_FILE, ShardCaller } from '../../journal/shard-caller.ts';
import { SimulatedDisk } from '../../journal/simulated-disk.ts';

const WATCH = 7;
const QUESTION = 9;

function openWatched() {
  const disk = new SimulatedDisk(seededIntegers(1));
  const caller = new ShardCaller(disk);
  caller.settle();
  caller.shard.inspect(WATCH, encodeInspectRequest({ op: InspectOp.Watch }));
  caller.settle();
  const { path, generation, seed } = DATA_FILE;
  return {
    caller,
    /** There is no room for another byte. */
    fill() {
      disk.open(path, false).truncate(scanJournal(disk.open(path, false), generation, seed, () => {}).offset);
      disk.bytesMax = disk.bytesUsed;
    },
    makeRoom() {
      disk.bytesMax = Number.POSITIVE_INFINITY;
    },
    /** The kinds and types of the steps since the last call. */
    steps(): string[] {
      const told = caller.inspections.splice(0).filter(([inspection]) => inspection === WATCH);
      return told.flatMap(([, , text]) => (JSON.parse(text) as StepRow[]).map(describeStep));
    },
  };
}

function describeStep(step: StepRow): string {
  if (step[0] === 3) return `event ${step[3]} ${step[4]}`;
  if (step[0] === 1) return `lock ${step[2][0]}`;
  return step[0] === 4 ? `missed ${step[2]}` : `snapshot ${step[0]}`;
}

describe('a watch of a shard with a journal', () => {
  it('is told what is in the journal', () => {
    const { caller, steps } = openWatched();
    expect(steps()).toEqual(['snapshot 0', 'snapshot 2']);
    caller.lock('a');
    expect(steps()).toEqual(['event 1 a']);
  });

  it('is told nothing once it is closed', () => {
    const { caller, steps } = openWatched();
    steps();
    caller.shard.inspect(WATCH, encodeInspectRequest({ op: InspectOp.Unwatch }));
    caller.settle();
    caller.lock('a');
    expect(caller.inspections).toEqual([[WATCH, GrpcStatus.Ok, '[]']]);
  });

  it('is not told of a grant that was undone, and gets a new snapshot', () => {
    const { caller, steps, fill, makeRoom } = openWatched();
    caller.lock('kept');
    steps();
    fill();
    expect(caller.ask('Lock', { name: 'undone' })?.status).toBe(GrpcStatus.Unavailable);
    expect(steps()).not.toContainEqual(expect.stringMatching(/undone/));
    makeRoom();
    caller.pass(5_000);
    expect(steps()).toEqual(['missed 1', 'snapshot 0', 'lock kept', 'snapshot 2']);
  });
});

describe('a forced unlock of a shard with a journal', () => {
  const unlock = encodeInspectRequest({ op: InspectOp.Unlock, name: 'a' });

  it('is in the journal before it is answered', () => {
    const { caller } = openWatched();
    caller.lock('a', { lock_timeout_ms: '60000' });
    caller.shard.inspect(QUESTION, unlock);
    caller.settle();
    expect(caller.inspections.at(-2)).toMatchObject([
      QUESTION,
      GrpcStatus.Ok,
      expect.stringMatching(/^\[-1,/),
    ]);
    caller.restart();
    expect(caller.tryLock('a')).toBe(true);
  });

  it('is refused while nothing can be recorded, and the lock stays', () => {
    const { caller, fill, makeRoom } = openWatched();
    caller.lock('a');
    fill();
    caller.ask('Lock', { name: 'b' });
    caller.shard.inspect(QUESTION, unlock);
    caller.settle();
    expect(caller.inspections.filter(([inspection]) => inspection === QUESTION)).toEqual([
      [QUESTION, GrpcStatus.Unavailable, ''],
    ]);
    makeRoom();
    caller.pass(1_000);
    expect(caller.tryLock('a')).toBe(false);
  });

  it('is answered with UNAVAILABLE when the batch that it is in finds no room', () => {
    const { caller, fill } = openWatched();
    caller.lock('a');
    fill();
    caller.shard.inspect(QUESTION, unlock);
    caller.settle();
    expect(caller.inspections.filter(([inspection]) => inspection === QUESTION)).toEqual([
      [QUESTION, GrpcStatus.Unavailable, ''],
    ]);
  });
});
