import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import { ForcedUnlock } from '../../../src/shard/inspection/forced-unlock.ts';
import type { UnlockAnswer } from '../../../src/shard/inspection/inspect-reply.ts';
import {
  decodeInspectRequest,
  encodeInspectRequest,
  InspectOp,
  type InspectRequest,
} from '../../../src/shard/inspection/inspect-request.ts';
import { RowText } from '../../../src/shard/inspection/row-text.ts';
import { UnlockRefusal } from '../../../src/shard/inspection/unlock-refusals.ts';
import { Scenario } from '../../core/scenario.ts';

/** A core in which so many hold the lock `a`. The key of the call 1 begins with 00000001. */
function openHeld(holders: number, size = holders) {
  const s = new Scenario();
  for (let i = 0; i < holders; i++) s.lock('a', { size });
  const state = LockCore.stateOf(s.core);
  const forced = new ForcedUnlock(s.core, new RowText(state));
  const unlock = (query: Partial<InspectRequest>) => {
    const body = encodeInspectRequest({
      op: InspectOp.Unlock,
      name: 'a',
      countMax: Limits.sliceCount,
      ...query,
    });
    const answer = JSON.parse(forced.run(decodeInspectRequest(body, 0, body.length), s.nowMs));
    const [refusal, released, releasedCount, holders, holderCount, more] = answer as UnlockAnswer;
    return { refusal, released, releasedCount, holders, holderCount, more };
  };
  return { s, state, unlock };
}

describe('ForcedUnlock', () => {
  it('chooses neither of two holders where no key is given, nor where both keys begin like that', () => {
    const { s, unlock } = openHeld(2);
    for (const [key, refusal] of [
      ['', UnlockRefusal.SeveralHolders],
      ['0000000', UnlockRefusal.KeyAmbiguous],
    ] as const) {
      const answer = unlock({ key });
      expect(answer).toMatchObject({ refusal, releasedCount: 0, holderCount: 2 });
      expect(answer.holders).toHaveLength(2);
    }
    expect(s.counters.holders).toBe(2);
    expect(unlock({ key: '00000002' })).toMatchObject({ refusal: -1, releasedCount: 1 });
    expect(s.counters.holders).toBe(1);
  });

  it('releases nobody whose time is over, though no slice of work has come by', () => {
    const { s, unlock } = openHeld(0);
    for (const query of [{}, { all: true }]) {
      s.lock('a', { lockTimeoutMs: 1_000 });
      s.nowMs += 1_000;
      expect(unlock(query)).toMatchObject({ refusal: -1, released: [], releasedCount: 0 });
    }
    expect(s.counters).toMatchObject({ holders: 0, expiries: 2, unlocks: 0 });
  });

  it('tells no more of those that it releases than a listing does, and counts all', () => {
    const many = Limits.listedClaimsMax + 50;
    const answer = openHeld(many).unlock({ all: true });
    expect(answer).toMatchObject({ refusal: -1, releasedCount: many, more: false });
    expect(answer.released).toHaveLength(Limits.listedClaimsMax);
  });

  it('looks at no more newcomers in a slice than at a few slices of holders', () => {
    const many = 8 * Limits.sliceCount;
    for (const [newcomers, more] of [
      [many - 1, false],
      [many, true],
    ] as const) {
      const { s, state, unlock } = openHeld(1, many + 1);
      const { high: tokenHigh, low: tokenLow } = { ...state.lastToken };
      for (let i = 0; i < newcomers; i++) s.lock('a', { size: many + 1 });
      const answer = unlock({ all: true, tokenHigh, tokenLow });
      expect(answer).toMatchObject({ releasedCount: more ? 0 : 1, more });
      expect(s.counters.holders).toBe(more ? newcomers + 1 : newcomers);
    }
  });
});
