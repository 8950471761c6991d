import { describe, expect, it } from 'vitest';
import type { SessionInfo } from '../../../src/contract/lock-info.ts';
import { RowReader } from '../../../src/server/inspection/row-reader.ts';
import {
  type ClaimRow,
  eventTypes,
  type LockRow,
  StepKind,
} from '../../../src/shard/inspection/inspect-reply.ts';

const session: SessionInfo = { sessionId: 's7', address: '10.0.0.1:9', protocol: 'grpc' };
const rows = new RowReader({ find: (number) => (number === 7 ? session : null) });

const holder: ClaimRow = [11, 2, 7, 'me', 0, 3, 1_000, 6_000, 'the-key', 5_000, '18446744073709551615'];
const waiter: ClaimRow = [12, 1, 8, '', 1, 1, 2_000, null, '', 0, ''];
const lock: LockRow = ['täsk', 4, 3, 2, [holder], [waiter]];

const HOLDER = {
  ...{ claimId: '5-11-2', ...session, holder: 'me', mode: 'EXCLUSIVE', permits: 3 },
  ...{ sinceMs: 1_000, deadlineMs: 6_000, key: 'the-key', lockTimeoutMs: 5_000 },
  fencingToken: '18446744073709551615',
};
const WAITER = {
  ...{ claimId: '5-12-1', sessionId: '', address: '', protocol: '', holder: '', mode: 'SHARED' },
  ...{ permits: 1, sinceMs: 2_000, deadlineMs: null },
};

describe('the rows of a shard', () => {
  it('make a lock, with the sessions that are known and those that are not', () => {
    expect(rows.lock(5, lock)).toEqual({
      ...{ name: 'täsk', size: 4, shard: 5, holderCount: 3, waiterCount: 2 },
      ...{ holders: [HOLDER], waiters: [WAITER] },
    });
    expect(rows.holders(5, [holder, holder])).toEqual([HOLDER, HOLDER]);
  });

  it('make the steps of a watch', () => {
    const at = { shard: 5, sequence: 9 };
    expect(rows.step(5, [StepKind.SnapshotBegin, 9])).toEqual({ ...at, kind: 'snapshotBegin' });
    expect(rows.step(5, [StepKind.SnapshotEnd, 9])).toEqual({ ...at, kind: 'snapshotEnd' });
    expect(rows.step(5, [StepKind.Missed, 9, 40])).toEqual({ ...at, kind: 'missed', count: 40 });
    expect(rows.step(5, [StepKind.Lock, 9, lock])).toEqual({ ...at, kind: 'lock', lock: rows.lock(5, lock) });
  });

  it.each(eventTypes.map((type, number) => [type, number] as const))(
    'make an event of the type %s',
    (type, number) => {
      const event = { type, name: 'n', size: 4, holderCount: 1, waiterCount: 2 };
      const of = (claim: ClaimRow) => rows.step(5, [StepKind.Event, 9, 77, number, 'n', 4, 1, 2, claim]);
      expect(of(holder)).toEqual({
        ...{ shard: 5, sequence: 9, kind: 'event', timeMs: 77, event: { ...event, claim: HOLDER } },
      });
      // Who has no key has no token either, and nothing is said of one.
      expect(of(waiter)).toMatchObject({ event: { ...event, claim: WAITER } });
      expect((of(waiter) as { event: { claim: object } }).event.claim).not.toHaveProperty('fencingToken');
    },
  );
});
