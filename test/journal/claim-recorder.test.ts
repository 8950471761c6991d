import { describe, expect, it } from 'vitest';
import { ReleaseCause } from '../../src/core/claim-observer.ts';
import { requestKey } from '../../src/core/request-key.ts';
import { HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { ClaimRecorder } from '../../src/journal/claim-recorder.ts';
import { RecordType } from '../../src/journal/record.ts';
import { RecordReader } from '../../src/journal/record-reader.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { Scenario } from '../core/scenario.ts';

describe('ClaimRecorder', () => {
  it('records each change of who holds what, in order', () => {
    const records = new RecordWriter();
    const s = new Scenario({ gcIntervalMs: 100, gcMinIdleMs: 10 }, new ClaimRecorder(records));
    const first = s.lock('a', { lockTimeoutMs: 50 });
    s.lock('a');
    s.renew('a', first, 70);
    s.unlock('a', first);
    s.endSession(1);
    s.lock('b', { session: 2, lockTimeoutMs: 5 });
    s.pass(300);
    s.unlockRequest('b', 'request 1');
    const reader = new RecordReader();
    reader.open(records.bytes, HEADER_BYTES, records.end);
    const seen: unknown[] = [];
    while (reader.next())
      seen.push([reader.type, reader.name, reader.type === RecordType.Release ? reader.cause : 0]);
    expect(seen).toEqual([
      [RecordType.Grant, 'a', 0],
      [RecordType.Renew, 'a', 0],
      [RecordType.Release, 'a', ReleaseCause.Unlocked],
      [RecordType.Grant, 'a', 0],
      [RecordType.Release, 'a', ReleaseCause.SessionEnded],
      [RecordType.Grant, 'b', 0],
      [RecordType.Release, 'b', ReleaseCause.Expired],
      [RecordType.LockClosed, 'a', 0],
      [RecordType.LockClosed, 'b', 0],
      [RecordType.ReleasedRequest, '', 0],
    ]);
    expect([reader.memoryKey, reader.forgetAtMs]).toEqual([requestKey('b', 'request 1', 0), 60_300]);
  });
});
