import { describe, expect, it } from 'vitest';
import { AdminMessages, serverInfoMessage } from '../../../src/server/services/admin-messages.ts';
import { FakeSource, holder, KEY, lock, waiter } from './fake-source.ts';

const whole = new AdminMessages(true);
const cut = new AdminMessages(false);

const holderMessage = {
  key: KEY,
  session: {
    session_id: '11111111-2222-4333-8444-555555555555',
    address: '10.0.0.7:4711',
    protocol: 'grpc',
  },
  holder: 'worker 7',
  mode: 'EXCLUSIVE',
  permits: 1,
  age_ms: 1_000,
  remaining_ms: 60_000,
  lock_timeout_ms: 61_000,
  fencing_token: '9223372036854775807',
  claim_id: '3-17',
  age_at_most: false,
};

const waiterMessage = {
  session: { session_id: '', address: '', protocol: '' },
  holder: '',
  mode: 'SHARED',
  permits: 1,
  age_ms: 99,
  claim_id: '3-18',
};

describe('AdminMessages', () => {
  it('tells a lock with ages in place of times', () => {
    expect(whole.lock(lock, 10_000)).toEqual({
      name: 'work',
      size: 1,
      shard: 1,
      holder_count: 1,
      waiter_count: 1,
      holders: [holderMessage],
      waiters: [waiterMessage],
    });
  });

  it('says where an age counts from the request', () => {
    const [first] = whole.holders([{ ...holder, isSinceAsked: true }], 10_000);
    expect(first).toEqual({ ...holderMessage, age_at_most: true });
  });

  it('cuts keys where readers may not use them, everywhere', () => {
    const key = KEY.slice(0, 8);
    const outcome = {
      released: [holder],
      releasedCount: 1,
      refusal: null,
      holders: [holder],
      holderCount: 1,
    };
    const event = {
      type: 'granted',
      name: 'a',
      size: 1,
      holderCount: 1,
      waiterCount: 0,
      claim: holder,
    } as const;
    expect(cut.lock(lock, 10_000)).toMatchObject({ holders: [{ key }] });
    expect(cut.unlock(outcome, 10_000)).toMatchObject({ released: [{ key }], holders: [{ key }] });
    expect(cut.step({ shard: 0, sequence: 1, kind: 'event', timeMs: 0, event }, 0)).toMatchObject({
      event: { holder: { key } },
    });
    expect(JSON.stringify(cut.step({ shard: 0, sequence: 1, kind: 'lock', lock }, 0))).not.toContain(KEY);
  });

  it('never tells of times below zero', () => {
    const message = whole.lock(
      { ...lock, holders: [{ ...holder, sinceMs: 10_002, deadlineMs: 9_999 }] },
      10_000,
    );
    expect(message).toMatchObject({ holders: [{ age_ms: 0, remaining_ms: 0 }] });
  });

  it('tells of times that fit the message', () => {
    const endless = { ...holder, deadlineMs: 1.8e22, lockTimeoutMs: 1.8e22 };
    expect(whole.lock({ ...lock, holders: [endless] }, 10_000)).toMatchObject({
      holders: [{ remaining_ms: 2 ** 53 - 1, lock_timeout_ms: 2 ** 53 - 1 }],
    });
  });

  it('tells why nothing was released only where nothing was', () => {
    const refusal = { code: 2, message: 'invalid lock key' } as const;
    expect(whole.unlock({ released: [], releasedCount: 0, refusal, holders: [], holderCount: 0 }, 0)).toEqual(
      {
        released: [],
        released_count: 0,
        holders: [],
        holder_count: 0,
        error: refusal,
      },
    );
    expect(
      whole.unlock({ released: [holder], releasedCount: 1, refusal: null, holders: [], holderCount: 0 }, 0),
    ).not.toHaveProperty('error');
  });

  it('tells each kind of step', () => {
    const at = { shard: 2, sequence: 7 };
    expect(whole.step({ ...at, kind: 'snapshotBegin' }, 0)).toEqual({ ...at, snapshot_begin: {} });
    expect(whole.step({ ...at, kind: 'snapshotEnd' }, 0)).toEqual({ ...at, snapshot_end: {} });
    expect(whole.step({ ...at, kind: 'missed', count: 12 }, 0)).toEqual({ ...at, missed: { count: 12 } });
    expect(whole.step({ ...at, kind: 'lock', lock }, 10_000)).toEqual({
      ...at,
      lock: whole.lock(lock, 10_000),
    });
  });

  it('reckons ages in an event from the time of the event, and tells holders from waiters', () => {
    const counts = { size: 1, holderCount: 0, waiterCount: 1 };
    const step = (type: 'released' | 'left', claim: typeof holder | typeof waiter) =>
      whole.step(
        {
          shard: 0,
          sequence: 1,
          kind: 'event',
          timeMs: 10_000.4,
          event: { type, name: 'a', ...counts, claim },
        },
        99_999,
      );
    expect(step('released', holder)).toEqual({
      shard: 0,
      sequence: 1,
      event: {
        type: 'RELEASED',
        name: 'a',
        size: 1,
        holder_count: 0,
        waiter_count: 1,
        time_ms: 10_000,
        holder: holderMessage,
      },
    });
    expect(step('left', waiter)).toMatchObject({ event: { type: 'LEFT', waiter: { age_ms: 100 } } });
  });
});

describe('serverInfoMessage', () => {
  it('adds what only the process knows', () => {
    expect(serverInfoMessage(new FakeSource().info())).toMatchObject({
      version: '1.2.3',
      node_version: process.version,
      pid: process.pid,
      started_at_ms: 4_001,
      uptime_ms: 6_000,
      grpc_addresses: ['127.0.0.1:3144'],
      state_file: '/var/lib/ldlm/state',
      serving: true,
      grpc_connections: 3,
      shards: [{ shard: 0, locks: 2, holders: 1, waiters: 4, grants: 2 ** 40, expiries: 5 }],
      engine: 'embedded',
      ensemble: '',
    });
  });
});
