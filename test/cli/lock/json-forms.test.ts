import { describe, expect, it } from 'vitest';
import { infoJson, lockJson, stepJson } from '../../../src/cli/lock/json-forms.ts';
import { holderReply, lockReply, waiterReply } from './example-replies.ts';

const waiter = {
  session_id: 'a-session',
  address: '10.0.0.8:50',
  protocol: 'grpc',
  holder: 'patient',
  mode: 'EXCLUSIVE',
  permits: 1,
  age_ms: 1_500,
  remaining_ms: null,
  claim_id: '0-2-1',
};
const holder = {
  ...waiter,
  key: holderReply.key,
  session_id: 'b-session',
  address: '10.0.0.7:40',
  protocol: 'rest',
  holder: 'worker 7',
  age_ms: 125_000,
  remaining_ms: 60_000,
  claim_id: '0-1-1',
  lock_timeout_ms: 185_000,
  fencing_token: '9223372036854775807',
  age_at_most: false,
};
const lock = { name: 'work', size: 1, shard: 0, holder_count: 1, waiter_count: 1, holders: [holder] };

describe('the JSON forms', () => {
  it('of a lock have waiters only where they were asked for', () => {
    expect(lockJson(lockReply, false)).toEqual(lock);
    expect(lockJson(lockReply, true)).toEqual({ ...lock, waiters: [waiter] });
  });

  it('of a session that is gone are empty', () => {
    const { session: _, ...rest } = waiterReply;
    expect(lockJson({ ...lockReply, waiters: [{ ...rest, session: null }] }, true)).toMatchObject({
      waiters: [{ session_id: '', address: '', protocol: '' }],
    });
  });

  it('of steps say which step it is', () => {
    const at = { shard: 1, sequence: '7' };
    const plain = { shard: 1, sequence: 7 };
    const counts = { size: 1, holder_count: '1', waiter_count: '0', time_ms: '99' };
    expect(stepJson({ ...at, snapshot_begin: {} })).toEqual({ ...plain, step: 'snapshot_begin' });
    expect(stepJson({ ...at, snapshot_end: {} })).toEqual({ ...plain, step: 'snapshot_end' });
    expect(stepJson({ ...at, missed: { count: '5' } })).toEqual({ ...plain, step: 'missed', count: 5 });
    expect(stepJson({ ...at, lock: lockReply })).toEqual({
      ...plain,
      step: 'lock',
      lock: { ...lock, waiters: [waiter] },
    });
    const event = {
      ...plain,
      step: 'event',
      name: 'a',
      size: 1,
      holder_count: 1,
      waiter_count: 0,
      time_ms: 99,
    };
    expect(
      stepJson({ ...at, event: { type: 'GRANTED', name: 'a', ...counts, holder: holderReply } }),
    ).toEqual({
      ...event,
      type: 'granted',
      holder,
    });
    expect(stepJson({ ...at, event: { type: 'LEFT', name: 'a', ...counts, waiter: waiterReply } })).toEqual({
      ...event,
      type: 'left',
      waiter,
    });
  });

  it('of the server have numbers', () => {
    const addresses = { grpc_addresses: ['a:1'], rest_addresses: [], admin_addresses: [] };
    const kept = { state_file: '', engine: 'embedded', ensemble: '' };
    const texts = { version: '1', node_version: 'v20', serving: true, ...kept, ...addresses };
    const info = infoJson({
      ...texts,
      pid: '7',
      started_at_ms: '8',
      uptime_ms: '9',
      grpc_connections: '10',
      rest_sessions: '11',
      shards: [{ shard: 0, locks: '1', holders: '2', waiters: '3', grants: '4', expiries: '5' }],
    });
    expect(info).toEqual({
      ...texts,
      pid: 7,
      started_at_ms: 8,
      uptime_ms: 9,
      grpc_connections: 10,
      rest_sessions: 11,
      shards: [{ shard: 0, locks: 1, holders: 2, waiters: 3, grants: 4, expiries: 5 }],
    });
  });
});
