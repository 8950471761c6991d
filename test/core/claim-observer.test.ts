import { describe, expect, it } from 'vitest';
import { type ClaimObserver, ReleaseCause } from '../../src/core/claim-observer.ts';
import type { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { requestKey } from '../../src/core/request-key.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { Scenario } from './scenario.ts';

function copyOf(claim: ClaimView): Record<string, unknown> {
  const key = new LockKey();
  const token = new FencingToken();
  claim.readKey(key);
  claim.readToken(token);
  const { name, size, permits, mode, session, sinceMs, lockTimeoutMs, deadlineMs, holder, isHolding } = claim;
  const fields = {
    name,
    size,
    permits,
    mode,
    session,
    sinceMs,
    lockTimeoutMs,
    deadlineMs,
    holder,
    isHolding,
  };
  return { ...fields, key: { ...key }, token: { ...token } };
}

class RecordingObserver implements ClaimObserver {
  readonly events: [string, Record<string, unknown>, ReleaseCause?][] = [];
  readonly closed: string[] = [];
  readonly refused: [string, number][] = [];

  granted(claim: ClaimView): void {
    this.events.push(['granted', copyOf(claim)]);
  }

  released(claim: ClaimView, cause: ReleaseCause): void {
    this.events.push(['released', copyOf(claim), cause]);
  }

  renewed(claim: ClaimView): void {
    this.events.push(['renewed', copyOf(claim)]);
  }

  lockClosed(name: string): void {
    this.closed.push(name);
  }

  requestRefused(memoryKey: string, forgetAtMs: number): void {
    this.refused.push([memoryKey, forgetAtMs]);
  }

  take(): [string, Record<string, unknown>, ReleaseCause?][] {
    return this.events.splice(0);
  }
}

describe('ClaimObserver', () => {
  it('hears of request ids that an Unlock refuses, and not of those whose grant it releases', () => {
    const observer = new RecordingObserver();
    const s = new Scenario({ startMs: 5 }, observer);
    s.lock('a', { requestId: 'request 1' });
    s.lock('a', { requestId: 'request 2', session: 2 });
    s.unlockRequest('a', 'request 2');
    s.unlockRequest('a', 'request 1');
    s.unlockRequest('b', 'request 3');
    s.pass(10);
    s.unlockRequest('b', 'request 3');
    expect(observer.refused).toEqual([
      [requestKey('a', 'request 2', 0), 60_005],
      [requestKey('b', 'request 3', 0), 60_005],
      [requestKey('b', 'request 3', 0), 60_015],
    ]);
  });

  it('sees the whole claim when it is granted, renewed and released', () => {
    const observer = new RecordingObserver();
    const s = new Scenario({ startMs: 5 }, observer);
    const call = s.lock('a', { size: 4, permits: 2, session: 9, lockTimeoutMs: 100, holder: 'me' });
    const claim = {
      name: 'a',
      size: 4,
      permits: 2,
      mode: 0,
      session: 9,
      sinceMs: 5,
      lockTimeoutMs: 100,
      deadlineMs: 105,
      holder: 'me',
      isHolding: true,
      key: { a: call, b: 0x4000, c: -call, d: -1 },
      token: { high: 100, low: 1 },
    };
    expect(observer.take()).toEqual([['granted', claim]]);
    s.pass(10);
    s.renew('a', call, 1000);
    const renewed = { ...claim, lockTimeoutMs: 1000, deadlineMs: 1015 };
    expect(observer.take()).toEqual([['renewed', renewed]]);
    s.unlock('a', call);
    expect(observer.take()).toEqual([['released', renewed, ReleaseCause.Unlocked]]);
  });

  it('is told the cause of every release, and of a release before the grant that it makes room for', () => {
    const observer = new RecordingObserver();
    const s = new Scenario({}, observer);
    s.lock('a', { session: 1, lockTimeoutMs: 10 });
    s.lock('a', { session: 2 });
    s.lock('a', { session: 3 });
    s.pass(10);
    s.endSession(2);
    expect(observer.take().map(([event, { session }, cause]) => [event, session, cause])).toEqual([
      ['granted', 1, undefined],
      ['released', 1, ReleaseCause.Expired],
      ['granted', 2, undefined],
      ['released', 2, ReleaseCause.SessionEnded],
      ['granted', 3, undefined],
    ]);
  });

  it('sees a repeat that brings a lock timeout as a renewal, and no other repeat', () => {
    const observer = new RecordingObserver();
    const s = new Scenario({}, observer);
    s.lock('a', { requestId: 'request-1' });
    s.lock('a', { requestId: 'request-1', session: 2 });
    s.lock('a', { requestId: 'request-1', session: 2, lockTimeoutMs: 50 });
    expect(observer.take().map(([event, { deadlineMs }]) => [event, deadlineMs])).toEqual([
      ['granted', Number.POSITIVE_INFINITY],
      ['renewed', 50],
    ]);
  });

  it('is told of locks that are forgotten, by the sweep or for want of room', () => {
    const observer = new RecordingObserver();
    const s = new Scenario({ gcIntervalMs: 100, gcMinIdleMs: 10, locksMax: 2 }, observer);
    for (const name of ['a', 'b']) s.unlock(name, s.lock(name));
    s.lock('c');
    expect(observer.closed).toEqual(['a']);
    s.pass(100);
    expect(observer.closed).toEqual(['a', 'b']);
    expect(s.counters.collections).toBe(2);
  });

  it('hears of a grant before the reply goes out', () => {
    const order: string[] = [];
    const sink = { granted: () => order.push('reply'), notLocked: () => {}, ended: () => {} };
    const observer = {
      granted: () => order.push('observer'),
      released: () => {},
      renewed: () => {},
      lockClosed: () => {},
      requestRefused: () => {},
    };
    const options = {
      keepOnSessionEnd: false,
      gcIntervalMs: 1000,
      gcMinIdleMs: 1000,
      tokenSeed: 1,
      startMs: 0,
    };
    const core = new LockCore(options, sink, observer);
    core.lock(Object.assign(new LockCommand(), { name: 'a' }), 0);
    expect(order).toEqual(['observer', 'reply']);
  });
});
