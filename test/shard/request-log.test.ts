import { describe, expect, it } from 'vitest';
import { openLogging } from './open-logging.ts';

const NO_KEY = '00000000-0000-4000-8000-000000000000';

describe('the request log', () => {
  it('tells of each request and its response under the names that LDLM uses', async () => {
    const { caller, takeLines } = openLogging();
    const lock = 'ключ';
    const whole = await caller.acquire({ name: lock, lock_timeout_seconds: 9 }, 7);
    const key = whole.slice(0, 8);
    await caller.ask('TryLock', { name: lock }, { session: 8 });
    await caller.ask('Renew', { name: lock, key: whole, lock_timeout_ms: '2500' }, { session: 7 });
    await caller.ask('Unlock', { name: lock, key: NO_KEY }, { session: 8 });
    await caller.ask('Unlock', { name: lock, key: whole }, { session: 7 });
    expect(takeLines()).toEqual([
      [7, 'Lock request', { lock }],
      [7, 'Lock response', { lock, key, locked: true, error: null }],
      [8, 'TryLock request', { lock }],
      [8, 'TryLock response', { lock, key: '', locked: false, error: null }],
      [7, 'Renew request', { lock, key, timeout: 2.5 }],
      [7, 'Renew response', { lock, locked: true, error: null }],
      [8, 'Unlock request', { lock, key: '00000000' }],
      [8, 'Unlock response', { lock, key: '00000000', unlocked: false, error: 'invalid lock key' }],
      [7, 'Unlock request', { lock, key }],
      [7, 'Unlock response', { lock, key, unlocked: true, error: null }],
    ]);
  });

  it('tells a Lock that was let through from the TryLock that came meanwhile', async () => {
    const { caller, pass, takeLines } = openLogging();
    const lock = 'a';
    await caller.acquire({ name: lock, lock_timeout_ms: '50' });
    const waiter = caller.send('Lock', { name: lock }, { session: 2 });
    await pass(0);
    takeLines();
    const tried = caller.send('TryLock', { name: lock }, { session: 3 });
    await pass(50);
    const { key } = await caller.answerTo(waiter);
    await caller.answerTo(tried);
    expect(takeLines().map(([session, message]) => [session, message])).toEqual([
      [1, 'Lock timer timeout'],
      [2, 'Lock response'],
      [3, 'TryLock request'],
      [3, 'TryLock response'],
    ]);
    expect(key).toBeDefined();
  });

  it('tells of refusals and of calls that end without an answer', async () => {
    const { caller, pass, takeLines } = openLogging();
    const lock = 'a';
    await caller.ask('Lock', { name: lock, size: 0 });
    await caller.acquire({ name: lock });
    caller.send('Lock', { name: lock, wait_timeout_ms: '10' });
    caller.send('Lock', { name: lock }, { deadlineMs: caller.open.nowMs() + 20 });
    await pass(0);
    takeLines();
    await pass(20);
    expect(takeLines()).toEqual([
      [1, 'Lock response', { lock, key: '', locked: false, error: 'timeout waiting to acquire lock' }],
      [1, 'Lock response', { lock: null, key: '', locked: false, error: 'context deadline exceeded' }],
    ]);
  });

  it('tells of a Lock whose request id a repeat or an Unlock used why it ends, as its caller is told', async () => {
    const { caller, pass, takeLines } = openLogging();
    const request_id = Buffer.from('request-1');
    await caller.acquire({ name: 'a' });
    caller.send('Lock', { name: 'a', request_id }, { session: 2 });
    caller.send('Lock', { name: 'a', request_id }, { session: 3 });
    caller.send('Unlock', { name: 'a', request_id }, { session: 4 });
    await pass(0);
    const error = 'the request id was used by a later call';
    expect(
      takeLines()
        .filter(([, message]) => message === 'Lock response')
        .slice(1),
    ).toEqual([
      [2, 'Lock response', { lock: null, key: '', locked: false, error }],
      [3, 'Lock response', { lock: null, key: '', locked: false, error }],
    ]);
  });

  it('says nothing, and costs no line, unless it is asked to', async () => {
    const { caller, pass, takeLines } = openLogging(false);
    await caller.acquire({ name: 'a', lock_timeout_ms: '10' }, 5);
    await pass(10);
    caller.endSession(5);
    await pass(0);
    expect(takeLines()).toEqual([]);
  });
});
