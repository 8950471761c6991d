import { describe, expect, it } from 'vitest';
import { LockCore } from '../../src/core/lock-core.ts';
import { HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { RecordType } from '../../src/journal/record.ts';
import { RecordReader } from '../../src/journal/record-reader.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { Snapshot } from '../../src/journal/snapshot.ts';
import { seededIntegers } from '../core/random.ts';
import { Scenario } from '../core/scenario.ts';
import { RecordedJournal } from './recorded-journal.ts';
import { heldClaims, idleLocks, releasedRequests } from './state-text.ts';

/** What the records of a writer are about, by type. */
function read(records: RecordWriter) {
  const reader = new RecordReader();
  reader.open(records.bytes, HEADER_BYTES, records.end);
  const types: RecordType[] = [];
  const held: string[] = [];
  const idle: string[] = [];
  const released: string[] = [];
  while (reader.next()) {
    types.push(reader.type);
    if (reader.type === RecordType.Held) held.push(reader.name);
    if (reader.type === RecordType.IdleLock) idle.push(`${reader.name} ${reader.command.size}`);
    if (reader.type === RecordType.ReleasedRequest) released.push(`${reader.memoryKey} ${reader.forgetAtMs}`);
  }
  return { types, held: held.sort(), idle: idle.sort(), released: released.sort() };
}

/** A core whose locks `a` and `b` were released, each with a request id. */
function withReleasedRequests() {
  const s = new Scenario();
  for (const name of ['a', 'b']) s.unlock(name, s.lock(name, { requestId: `request-${name}` }));
  return s;
}

describe('Snapshot', () => {
  it.each([1, 3, 1000])('records all that a core knows, %d rows at a time', (rows) => {
    const draw = seededIntegers(rows);
    const { scenario, turn } = (() => {
      const journal = new RecordedJournal();
      return { scenario: journal.scenario, turn: () => journal.turn(draw, 4) };
    })();
    for (let i = 0; i < 60; i++) turn();
    const { core, nowMs } = scenario;
    const records = new RecordWriter();
    const snapshot = new Snapshot(core);
    let steps = 0;
    for (; !snapshot.done; steps++) snapshot.step(records, rows);
    const { types, held, idle, released } = read(records);
    expect(held).toEqual(
      heldClaims(core)
        .map(({ name }) => name)
        .sort(),
    );
    expect(held.length).toBeGreaterThan(1);
    expect(idle).toEqual(idleLocks(core));
    expect(released).toEqual(releasedRequests(core, nowMs));
    expect(types.slice(-2)).toEqual([RecordType.Tokens, RecordType.SnapshotEnd]);
    expect(steps).toBeGreaterThanOrEqual(Math.floor(types.length / rows));
  });

  it('records the last token of a core that knows nothing else', () => {
    const s = new Scenario({ tokenSeed: 5 });
    const records = new RecordWriter();
    new Snapshot(s.core).step(records, 1);
    expect(read(records).types).toEqual([RecordType.Tokens, RecordType.SnapshotEnd]);
  });

  it('leaves out who waits', () => {
    const s = new Scenario();
    s.lock('a');
    s.lock('a', { requestId: 'request-1' });
    const records = new RecordWriter();
    new Snapshot(s.core).step(records, 100);
    expect(read(records)).toMatchObject({ held: ['a'], idle: [], released: [] });
  });

  it('goes on where a request is forgotten between two slices', () => {
    const s = withReleasedRequests();
    const records = new RecordWriter();
    const snapshot = new Snapshot(s.core);
    // A row of claims, two of locks, the first of the requests.
    snapshot.step(records, 4);
    const { requests } = LockCore.stateOf(s.core);
    requests.forgetOldest();
    requests.forgetOldest();
    s.unlock('c', s.lock('c', { requestId: 'request-c' }));
    s.unlock('d', s.lock('d', { requestId: 'request-d' }));
    while (!snapshot.done) snapshot.step(records, 1);
    const { released } = read(records);
    for (const request of releasedRequests(s.core, s.nowMs)) expect(released).toContain(request);
  });

  it('does not take a request for a released one that has come to its place between two slices', () => {
    const s = withReleasedRequests();
    const before = releasedRequests(s.core, s.nowMs);
    const records = new RecordWriter();
    const snapshot = new Snapshot(s.core);
    snapshot.step(records, 4);
    s.pass(60_000);
    expect(releasedRequests(s.core, 0)).toEqual([]);
    s.lock('c');
    s.lock('c', { requestId: 'request-c' });
    s.lock('d', { requestId: 'request-d' });
    while (!snapshot.done) snapshot.step(records, 1);
    expect(read(records).released).toEqual([before[0]]);
  });
});
