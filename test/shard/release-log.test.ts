import { describe, expect, it } from 'vitest';
import { openLogging } from './open-logging.ts';

describe('the release log', () => {
  it('tells of locks that time out and of those that end with their session', async () => {
    const { caller, pass, takeLines } = openLogging();
    const key = await caller.acquire({ name: 'timed', lock_timeout_ms: '10' }, 5);
    await caller.acquire({ name: 'kept' }, 5);
    takeLines();
    await pass(10);
    expect(takeLines()).toEqual([[5, 'Lock timer timeout', { lock: 'timed', key: key.slice(0, 8) }]]);
    caller.endSession(5);
    await pass(0);
    expect(takeLines()).toEqual([[5, 'Unlocked during client session cleanup', { lock: 'kept' }]]);
  });
});
