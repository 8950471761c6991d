import { describe, expect, it } from 'vitest';
import { BatchKind } from '../../src/journal/batch-header.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { replayFile } from '../../src/journal/replay.ts';
import { RoutingRestorer } from '../../src/journal/routing-restorer.ts';
import { StateFileError } from '../../src/journal/state-error.ts';
import { seededIntegers } from '../core/random.ts';
import { type ClaimFields, openClaim } from './open-claim.ts';
import { RecordedJournal } from './recorded-journal.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { heldClaims, idleLocks, releasedRequests, stateText } from './state-text.ts';

const ID = { path: '/state/data', generation: 1, seed: 5 };
const NEVER = Number.POSITIVE_INFINITY;

/** Replays records, each batch at its time. */
function replay(batches: readonly (readonly [number, (into: RecordWriter) => void])[]) {
  const disk = new SimulatedDisk(() => 0);
  const file = new JournalFile(
    disk.open(ID.path, true),
    { offset: 0, sequence: 0, run: 1 },
    ID.generation,
    ID.seed,
  );
  for (const [nowMs, write] of batches) {
    const records = new RecordWriter();
    write(records);
    file.append(BatchKind.Data, records.bytes, records.end, records.count, nowMs);
  }
  const restorer = new RoutingRestorer(1, ID.seed);
  const scan = replayFile(disk.open(ID.path, false), ID, restorer);
  return { core: restorer.cores[0]!, scan };
}

const claim = (fields: Partial<ClaimFields> = {}) => openClaim(fields);

describe('replayFile', () => {
  it('leads to the state that was recorded, whatever happened', () => {
    for (let seed = 0; seed < 60; seed++) {
      const draw = seededIntegers(seed);
      const journal = new RecordedJournal();
      for (let turns = 80; turns > 0; turns--) if (journal.turn(draw, 5)) journal.commit();
      const restorer = new RoutingRestorer(1, journal.id.seed);
      replayFile(journal.disk.open(journal.id.path, false), journal.id, restorer);
      expect(stateText(restorer.cores[0]!, journal.scenario.nowMs), `seed ${seed}`).toBe(journal.text);
    }
  });

  it('counts the timeout of a grant from the time of its batch', () => {
    const { core } = replay([[1_000, (into) => into.grant(claim({ lockTimeoutMs: 50 }))]]);
    expect(heldClaims(core)).toMatchObject([{ sinceMs: 1_000, deadlineMs: 1_050, lockTimeoutMs: 50 }]);
    const forEver = replay([[1_000, (into) => into.grant(claim())]]);
    expect(heldClaims(forEver.core)).toMatchObject([{ deadlineMs: NEVER }]);
  });

  it('takes the times of a grant in a snapshot, and of a renewal, as they were', () => {
    const held = { sinceMs: 5, deadlineMs: 700, lockTimeoutMs: 50 };
    expect(heldClaims(replay([[1_000, (into) => into.held(claim(held))]]).core)).toMatchObject([held]);
    const { core } = replay([
      [1_000, (into) => into.grant(claim({ lockTimeoutMs: 50 }))],
      [1_010, (into) => into.renew(claim({ lockTimeoutMs: 80, deadlineMs: 1_099 }))],
    ]);
    expect(heldClaims(core)).toMatchObject([{ sinceMs: 1_000, deadlineMs: 1_099, lockTimeoutMs: 80 }]);
  });

  it('remembers a released request from the time of the batch on', () => {
    const request = claim({ requestId: 'request-1' });
    const { core } = replay([
      [1_000, (into) => into.grant(request)],
      [2_000, (into) => into.release(request, 1)],
    ]);
    expect(releasedRequests(core, 61_999)).toHaveLength(1);
    expect(releasedRequests(core, 62_000)).toHaveLength(0);
    expect(idleLocks(core)).toEqual(['a 1']);
  });

  it('lets a snapshot and what was decided meanwhile repeat each other, but nothing behind its end', () => {
    const repeated = (isOver: boolean) =>
      replay([
        [1_000, (into) => into.release(claim({ name: 'gone' }), 1)],
        [1_000, (into) => into.renew(claim({ name: 'gone' }))],
        [1_000, (into) => into.grant(claim())],
        [1_000, (into) => into.snapshotEnd()],
        [1_000, (into) => (isOver ? into.lockClosed('b') : into.held(claim()))],
      ]);
    expect(heldClaims(repeated(true).core)).toHaveLength(1);
    expect(() => repeated(false)).toThrow(StateFileError);
    const before = replay([
      [1_000, (into) => into.grant(claim())],
      [1_000, (into) => into.held(claim())],
      [1_000, (into) => into.snapshotEnd()],
    ]);
    expect(heldClaims(before.core)).toMatchObject([{ sinceMs: 1_000 }]);
  });

  it.each<[string, (into: RecordWriter) => void]>([
    ['a release of what is not held', (into) => into.release(claim({ name: 'b' }), 1)],
    ['a renewal of what is not held', (into) => into.renew(claim({ name: 'b' }))],
    ['a grant of what is held', (into) => into.grant(claim())],
    ['a grant of more than there is', (into) => into.grant(claim({ key: { a: 9, b: 9, c: 9, d: 9 } }))],
    ['a grant of another size', (into) => into.grant(claim({ size: 2, key: { a: 9, b: 9, c: 9, d: 9 } }))],
    ['a type that it does not know', (into) => into.copy(Buffer.alloc(8, 0xee), 0, 8)],
  ])('refuses %s, and says where', (_, write) => {
    const wrong = () =>
      replay([
        [1_000, (into) => into.snapshotEnd()],
        [1_000, (into) => into.grant(claim())],
        [1_000, write],
      ]);
    expect(wrong).toThrow(expect.objectContaining({ code: 'LDLM_STATE_VERSION' }));
    // Behind two batches: a mark, and a grant of a short name.
    expect(wrong).toThrow(/offset 177\b/);
  });

  it('closes an idle lock that it knows, and one that it does not', () => {
    const { core } = replay([
      [1_000, (into) => into.snapshotEnd()],
      [1_000, (into) => into.idleLock('idle', 3)],
      [1_000, (into) => into.idleLock('stays', 4)],
      [1_000, (into) => into.lockClosed('idle')],
      [1_000, (into) => into.lockClosed('never seen')],
    ]);
    expect(idleLocks(core)).toEqual(['stays 4']);
  });

  it('tells how far it is', () => {
    const disk = new SimulatedDisk(() => 0);
    const journal = new RecordedJournal(disk);
    const draw = seededIntegers(2);
    for (let turns = 20; turns > 0; turns--) if (journal.turn(draw, 3)) journal.commit();
    const offsets: number[] = [];
    const restorer = new RoutingRestorer(1, journal.id.seed);
    replayFile(disk.open(journal.id.path, false), journal.id, restorer, (offset) => offsets.push(offset));
    expect(offsets).toEqual(journal.batches.map(({ end }) => end));
  });
});
