import { describe, expect, it } from 'vitest';
import { EndedSessions } from '../../src/core/ended-sessions.ts';

describe('EndedSessions', () => {
  it('knows the sessions that ended last, and forgets the oldest', () => {
    const ended = new EndedSessions();
    expect(ended.has(1)).toBe(false);
    ended.add(1);
    ended.add(1);
    for (let id = 2; id <= 4096; id++) ended.add(id);
    expect([ended.has(1), ended.has(4096), ended.has(4097)]).toEqual([true, true, false]);
    ended.add(2 ** 50);
    expect([ended.has(1), ended.has(2), ended.has(2 ** 50)]).toEqual([false, true, true]);
  });
});
