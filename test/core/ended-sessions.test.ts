import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { EndedSessions } from '../../src/core/ended-sessions.ts';

describe('EndedSessions', () => {
  it('knows the sessions that ended last, and forgets the oldest', () => {
    const max = Limits.endedSessionsPerShardMax;
    const ended = new EndedSessions();
    expect(ended.has(1)).toBe(false);
    ended.add(1);
    ended.add(1);
    for (let id = 2; id <= max; id++) ended.add(id);
    expect([ended.has(1), ended.has(max), ended.has(max + 1)]).toEqual([true, true, false]);
    ended.add(2 ** 50);
    expect([ended.has(1), ended.has(2), ended.has(2 ** 50)]).toEqual([false, true, true]);
  });
});
