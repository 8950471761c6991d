import { expect, it } from 'vitest';
import { holderRow, lockRows } from '../../../src/cli/lock/lock-rows.ts';
import { holderReply, lockReply, waiterReply } from './example-replies.ts';

it('shows who holds a lock, with enough of the key to unlock it, and who waits in order', () => {
  const lock = { ...lockReply, waiters: [waiterReply, { ...waiterReply, session: null }] };
  expect(lockRows({ ...lock, waiter_count: '2' })).toEqual([
    ['work', 'held', 'worker 7', '10.0.0.7:40', '0d3f3c5a', '2m05s', '1m00s'],
    ['work', 'waits 1', 'patient', '10.0.0.8:50', '', '1.5s', '-'],
    ['work', 'waits 2', 'patient', '-', '', '1.5s', '-'],
  ]);
});

it('says how many there are beyond those that the server names', () => {
  const counts = { holder_count: '101', waiter_count: '3' };
  expect(lockRows({ ...lockReply, ...counts }).map(([, state]) => state)).toEqual([
    'held',
    '100 more hold it',
    'waits 1',
    '2 more wait',
  ]);
  expect(lockRows({ ...lockReply, ...counts, waiters: [] }).length).toBe(2);
});

it('tells shared locks and permits', () => {
  const state = (size: number, change: object) =>
    lockRows({ ...lockReply, size, holders: [{ ...holderReply, ...change }] })[0]![1];
  expect(state(1, { mode: 'SHARED' })).toBe('shared');
  expect(state(5, { permits: 2 })).toBe('holds 2/5');
});

it('shows one of several holders with the whole key', () => {
  expect(holderRow(holderReply)).toEqual([holderReply.key, 'worker 7', '10.0.0.7:40', '2m05s', '1m00s']);
  const { remaining_ms, ...elsewhere } = { ...holderReply, age_at_most: true };
  expect([remaining_ms, holderRow(elsewhere).slice(3)]).toEqual(['60000', ['<2m05s', '?']]);
  expect(holderRow({ ...elsewhere, lock_timeout_ms: '0' }).slice(3)).toEqual(['<2m05s', '-']);
});
