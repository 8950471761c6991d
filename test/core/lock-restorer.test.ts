import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { LockMode } from '../../src/contract/lock-mode.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { LockRestorer } from '../../src/core/lock-restorer.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { checkInvariants } from './invariants.ts';
import { Scenario } from './scenario.ts';

const NEVER = Number.POSITIVE_INFINITY;

type GrantFields = Partial<
  Pick<LockCommand, 'size' | 'permits' | 'mode' | 'lockTimeoutMs' | 'requestId' | 'holder'>
> & { token?: number; session?: number; sinceMs?: number; deadlineMs?: number };

/** Keys as a {@link Scenario} makes them for its calls, with numbers that it does not reach. */
function keyOf(call: number): LockKey {
  return Object.assign(new LockKey(), { a: call, b: 0x4000, c: -call, d: -1 });
}

/** A core that nothing has happened to, in which a word to its observer would be an error. */
function restorable() {
  const speak = (): never => {
    throw new Error('the observer must not be told');
  };
  const silent = {
    granted: speak,
    released: speak,
    renewed: speak,
    lockClosed: speak,
    requestRefused: speak,
  };
  const observer = { ...silent };
  const s = new Scenario({ startMs: 1000 }, observer);
  const restorer = new LockRestorer(s.core);
  const state = LockCore.stateOf(s.core);
  const view = new ClaimView(state);
  const grant = (name: string, call: number, fields: GrantFields = {}): boolean => {
    const { token = call, session = 7, sinceMs = 500, deadlineMs = NEVER, ...rest } = fields;
    const command = Object.assign(new LockCommand(), { name, ...rest });
    Object.assign(command.key, keyOf(call));
    return restorer.grant(
      command,
      Object.assign(new FencingToken(), { high: 200, low: token }),
      session,
      sinceMs,
      deadlineMs,
    );
  };
  /** Ends the restoring: from now on the core may speak. */
  const begin = (readyMs = 1000, defaultLockTimeoutMs = 60_000): number[] => {
    const renewed: number[] = [];
    const key = new LockKey();
    restorer.begin(readyMs, defaultLockTimeoutMs, (claim) => {
      claim.readKey(key);
      renewed.push(key.a);
    });
    Object.assign(observer, {
      granted: () => {},
      released: () => {},
      renewed: () => {},
      lockClosed: () => {},
    });
    return renewed.sort((x, y) => x - y);
  };
  const holder = (name: string): ClaimView => view.at(state.locks.firstHolder(state.locks.find(name)));
  return { s, state, restorer, grant, begin, holder };
}

describe('LockRestorer', () => {
  it('brings a grant back with everything that it had, but for its session', () => {
    const { s, state, grant, holder } = restorable();
    const session = 2 ** 53 - 1;
    const fields = { size: 5, permits: 3, lockTimeoutMs: 100, holder: 'me', requestId: 'request-1' };
    expect(grant('a', 900, { ...fields, token: 2 ** 32 - 1, session, deadlineMs: 600 })).toBe(true);
    const { size, permits, mode, sinceMs, lockTimeoutMs, deadlineMs, isHolding } = holder('a');
    expect([size, permits, mode, isHolding]).toEqual([5, 3, LockMode.Exclusive, true]);
    expect([sinceMs, lockTimeoutMs, deadlineMs]).toEqual([500, 100, 600]);
    expect([holder('a').holder, holder('a').requestId]).toEqual(['me', 'request-1']);
    expect([holder('a').session, holder('a').formerSession, holder('a').anySession]).toEqual([
      0,
      session,
      session,
    ]);
    const [key, token] = [new LockKey(), new FencingToken()];
    holder('a').readKey(key);
    holder('a').readToken(token);
    expect([key, { ...token }]).toEqual([keyOf(900), { high: 200, low: 2 ** 32 - 1 }]);
    expect(state.locks.touchedMs(state.locks.find('a'))).toBe(500);
    expect(s.counters).toMatchObject({ locks: 1, holders: 1, sessions: 0, grants: 0 });
    checkInvariants(state, null);
  });

  it('brings back shared holders of one lock, and more holders than are searched one by one', () => {
    const { s, state, grant, begin } = restorable();
    for (let call = 901; call <= 920; call++) grant('a', call, { mode: LockMode.Shared });
    checkInvariants(state, null);
    begin();
    for (let call = 901; call <= 920; call++) expect(s.unlock('a', call)).toBe(null);
    expect(s.counters.holders).toBe(0);
  });

  it('leaves commands a core in which unlocking, renewing and waiting go on', () => {
    const { s, state, grant, begin } = restorable();
    grant('a', 901);
    grant('b', 902, { lockTimeoutMs: 30_000, deadlineMs: 20_000 });
    begin();
    const waiter = s.lock('a', { session: 3 });
    expect(s.answer(waiter)).toBe('waits');
    expect(s.renew('b', 902, 50_000)).toBe(null);
    expect(s.unlock('a', 901)).toBe(null);
    expect(s.isGranted(waiter)).toBe(true);
    expect(s.token(waiter)).toBe((200n << 32n) | 903n);
    s.pass(49_999);
    expect(s.counters.holders).toBe(2);
    s.pass(1);
    expect(s.counters).toMatchObject({ holders: 1, expiries: 1 });
    checkInvariants(state, s.nowMs);
  });

  it('binds request ids, so that a repeat takes over the grant', () => {
    const { s, grant, begin, holder } = restorable();
    grant('a', 901, { requestId: 'request-1', session: 7 });
    begin();
    const repeat = s.lock('a', { requestId: 'request-1', session: 4 });
    expect([s.isGranted(repeat), s.token(repeat)]).toEqual([true, (200n << 32n) | 901n]);
    expect([holder('a').session, holder('a').formerSession]).toEqual([4, 0]);
    s.endSession(4);
    expect(s.counters.holders).toBe(0);
  });

  it('changes nothing for a grant that contradicts what is there', () => {
    const { s, state, grant } = restorable();
    grant('a', 901, { size: 3, permits: 2, requestId: 'request-1' });
    grant('r', 902, { mode: LockMode.Shared });
    const refused = [
      grant('a', 901, { size: 3, token: 999 }),
      grant('a', 903, { size: 2, token: 999 }),
      grant('a', 903, { size: 3, permits: 2, token: 999 }),
      grant('a', 903, { size: 3, requestId: 'request-1', token: 999 }),
      grant('r', 903, { token: 999 }),
    ];
    expect(refused).toEqual([false, false, false, false, false]);
    expect([state.locks.size(state.locks.find('a')), state.lastToken.low]).toEqual([3, 902]);
    expect(s.counters).toMatchObject({ locks: 2, holders: 2 });
    checkInvariants(state, null);
    expect(grant('a', 903, { size: 3, requestId: 'request-2' })).toBe(true);
  });

  it('gives a lock that nobody holds the size of its next grant', () => {
    const { state, restorer, grant } = restorable();
    restorer.idleLock('a', 4, 100);
    expect(grant('a', 901, { size: 2 })).toBe(true);
    expect(state.locks.size(state.locks.find('a'))).toBe(2);
    // Somebody holds it: a snapshot that finds it idle is of an earlier time.
    restorer.idleLock('a', 4, 600);
    expect(state.locks.size(state.locks.find('a'))).toBe(2);
    restorer.release('a', keyOf(901), 700);
    restorer.idleLock('a', 4, 800);
    const lock = state.locks.find('a');
    expect([state.locks.size(lock), state.locks.touchedMs(lock), state.counters.locks]).toEqual([4, 800, 1]);
  });

  it('releases what is there, and remembers its request id from then on', () => {
    const { s, state, restorer, grant, begin } = restorable();
    grant('a', 901, { requestId: 'request-1', lockTimeoutMs: 10, deadlineMs: 5000, holder: 'me' });
    expect(restorer.release('a', keyOf(902), 700)).toBe(false);
    expect(restorer.release('b', keyOf(901), 700)).toBe(false);
    expect(restorer.release('a', keyOf(901), 700)).toBe(true);
    expect(restorer.release('a', keyOf(901), 700)).toBe(false);
    expect(state.locks.touchedMs(state.locks.find('a'))).toBe(700);
    expect(s.counters).toMatchObject({ holders: 0, unlocks: 0 });
    checkInvariants(state, 1_000_000);
    begin();
    expect(s.answer(s.lock('a', { requestId: 'request-1' }))).toBe(Refusals.requestReleased);
    s.pass(699 + Limits.requestMemoryMs - 1000);
    expect(s.answer(s.lock('a', { requestId: 'request-1' }))).toBe(Refusals.requestReleased);
    s.pass(1);
    expect(s.isGranted(s.lock('a', { requestId: 'request-1' }))).toBe(true);
  });

  it('lets an id be granted again that was released: its time was over when that was recorded', () => {
    const { state, restorer, grant } = restorable();
    grant('a', 901, { requestId: 'request-1' });
    restorer.release('a', keyOf(901), 700);
    expect(grant('a', 902, { requestId: 'request-1' })).toBe(true);
    expect([state.requests.count, state.requests.released]).toEqual([1, 0]);
    checkInvariants(state, null);
  });

  it('remembers released requests of a snapshot until their own time', () => {
    const { s, state, restorer, grant, begin } = restorable();
    grant('a', 901, { requestId: 'request-1' });
    restorer.release('a', keyOf(901), 900);
    const key = state.requests.keyOf(state.requests.firstReleased());
    const next = restorable();
    next.restorer.releasedRequest(key, 1500);
    next.restorer.releasedRequest(key, 2000);
    expect(next.state.requests.released).toBe(1);
    next.begin();
    expect(next.s.answer(next.s.lock('a', { requestId: 'request-1' }))).toBe(Refusals.requestReleased);
    next.s.pass(1000);
    expect(next.s.isGranted(next.s.lock('a', { requestId: 'request-1' }))).toBe(true);
    // A claim that has the id knows better.
    grant('a', 902, { requestId: 'request-1' });
    restorer.releasedRequest(key, 5000);
    begin();
    expect(s.isGranted(s.lock('a', { requestId: 'request-1' }))).toBe(true);
  });

  it('renews what is there', () => {
    const { state, restorer, grant, holder } = restorable();
    grant('a', 901);
    expect(restorer.renew('a', keyOf(902), 70, 800)).toBe(false);
    expect(restorer.renew('b', keyOf(901), 70, 800)).toBe(false);
    expect(restorer.renew('a', keyOf(901), 70, 800)).toBe(true);
    expect([holder('a').lockTimeoutMs, holder('a').deadlineMs]).toEqual([70, 800]);
    expect(restorer.renew('a', keyOf(901), 0, NEVER)).toBe(true);
    expect([holder('a').lockTimeoutMs, holder('a').deadlineMs]).toEqual([0, NEVER]);
    checkInvariants(state, null);
  });

  it('closes a lock that nobody holds, or that was never recorded', () => {
    const { s, state, restorer, grant } = restorable();
    grant('a', 901);
    expect(restorer.closeLock('a')).toBe(false);
    restorer.release('a', keyOf(901), 700);
    expect(restorer.closeLock('a')).toBe(true);
    expect(restorer.closeLock('a')).toBe(true);
    expect(s.counters).toMatchObject({ locks: 0, collections: 0 });
    checkInvariants(state, null);
  });

  it('never lets the tokens fall', () => {
    const { s, restorer, grant, begin } = restorable();
    restorer.raiseTokens(201, 5);
    restorer.raiseTokens(201, 4);
    restorer.raiseTokens(200, 9);
    grant('a', 901);
    begin();
    expect(s.token(s.lock('b'))).toBe((201n << 32n) | 6n);
  });
});

describe('LockRestorer.begin', () => {
  const grace = Limits.restoredGraceMs;

  it('lets no grant end before its own timeout or the grace, whichever is less', () => {
    const { s, grant, begin, holder } = restorable();
    grant('short', 901, { lockTimeoutMs: 50, deadlineMs: 600 });
    grant('long', 902, { lockTimeoutMs: grace * 3, deadlineMs: 600 });
    grant('soon', 903, { lockTimeoutMs: grace * 3, deadlineMs: 1000 + grace - 1 });
    grant('later', 904, { lockTimeoutMs: grace * 3, deadlineMs: 1000 + grace });
    expect(begin()).toEqual([901, 902, 903]);
    expect(['short', 'long', 'soon', 'later'].map((name) => holder(name).deadlineMs)).toEqual([
      1050,
      1000 + grace,
      1000 + grace,
      1000 + grace,
    ]);
    expect([holder('short').lockTimeoutMs, holder('long').lockTimeoutMs]).toEqual([50, grace * 3]);
    s.pass(49);
    expect(s.counters.holders).toBe(4);
    s.pass(1);
    expect(s.counters.holders).toBe(3);
    s.pass(grace);
    expect(s.counters.holders).toBe(0);
  });

  it('gives a grant without a timeout the default one', () => {
    const { s, grant, begin, holder } = restorable();
    grant('a', 901);
    expect(begin(1000, 400)).toEqual([901]);
    expect([holder('a').lockTimeoutMs, holder('a').deadlineMs]).toEqual([400, 1400]);
    expect(s.renew('a', 901, 500)).toBe(null);
    s.pass(500);
    expect(s.counters).toMatchObject({ holders: 0, expiries: 1 });
  });

  it('ends a grant without a timeout at once when there is no default one', () => {
    const { s, grant, begin } = restorable();
    grant('a', 901);
    grant('b', 902, { lockTimeoutMs: 50, deadlineMs: 600 });
    expect(begin(1000, 0)).toEqual([901, 902]);
    expect(s.core.nextWakeMs()).toBeLessThanOrEqual(1000);
    expect(s.renew('a', 901, 500)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.isGranted(s.tryLock('a'))).toBe(true);
    expect(s.counters).toMatchObject({ holders: 2, expiries: 1 });
  });

  it('keeps the deadlines in order, however many there are', () => {
    const { s, state, grant, begin } = restorable();
    const count = 5000;
    for (let call = 1; call <= count; call++) {
      const spread = (call * 7919) % count;
      grant(`lock-${call}`, call, { lockTimeoutMs: 1 + spread, deadlineMs: 500 + ((call * 31) % 900) });
    }
    begin();
    checkInvariants(state, 1000);
    s.pass(count / 2);
    expect(s.counters.holders).toBe(count / 2);
    s.pass(count);
    expect(s.counters.holders).toBe(0);
  });

  it('counts the idle time of locks from now', () => {
    const { state, restorer, grant, begin } = restorable();
    restorer.idleLock('idle', 2, 100);
    grant('held', 901);
    begin(5000);
    expect(['idle', 'held'].map((name) => state.locks.touchedMs(state.locks.find(name)))).toEqual([
      5000, 500,
    ]);
  });
});
