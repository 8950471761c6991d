import { LockKey } from '../../src/core/lock-key.ts';
import type { LockState } from '../../src/core/lock-state.ts';

export class InvariantBrokenError extends Error {}

function must(holds: boolean, what: string, ...values: unknown[]): asserts holds {
  if (!holds) throw new InvariantBrokenError(`${what}: ${values.map(String).join(', ')}`);
}

/**
 * Checks everything that must hold in a core's state between two calls, by walking all of it: linked lists against
 * counts, indexes against lists, deadlines against claims, and who holds against who may.
 *
 * `settledAtMs`: the time up to which all due work is done, or null while slices of work are left. Only then must
 * nothing be overdue and every head of a queue have a reason to wait.
 */
export function checkInvariants(state: LockState, settledAtMs: number | null): void {
  const { claims, locks, sessions, counters } = state;
  let holders = 0;
  let waiters = 0;
  let longestQueue = 0;
  let indexedKeys = 0;
  let textBytes = state.requests.countTextBytes();
  for (let lock = 1; lock < locks.endRow; lock++) {
    if (!locks.isOpen(lock)) continue;
    must(locks.find(locks.name(lock)) === lock, 'a lock is found by its name', locks.name(lock));
    textBytes += locks.name(lock).length;
    holders += checkHolders(state, lock);
    const queued = checkQueue(state, lock);
    waiters += queued;
    longestQueue = Math.max(longestQueue, queued);
    if (locks.areKeysIndexed(lock)) indexedKeys += locks.holders(lock);
    if (settledAtMs !== null) checkHeadWaits(state, lock);
  }
  for (let claim = 1; claim < claims.endRow; claim++) {
    if (claims.isOpen(claim)) textBytes += claims.holder(claim).length;
  }
  must(state.texts.bytes === textBytes, 'bytes of text are counted', state.texts.bytes, textBytes);
  must(claims.count === holders + waiters, 'every claim holds or waits', claims.count, holders, waiters);
  must(counters.holders === holders, 'holders are counted', counters.holders, holders);
  must(counters.waiters === waiters, 'waiters are counted', counters.waiters, waiters);
  const { indexedCalls, longest } = state.queue;
  must(longest === longestQueue, 'the longest queue is known', longest, longestQueue);
  must(indexedCalls === waiters, 'only waiters are found by their call', indexedCalls, waiters);
  must(state.holders.indexedKeys === indexedKeys, 'only keys of holders are indexed', indexedKeys);
  must(counters.locks === locks.count, 'locks are counted', counters.locks, locks.count);
  must(counters.sessions === sessions.count, 'sessions are counted', counters.sessions, sessions.count);
  checkDeadlines(state, settledAtMs);
  checkSessions(state, settledAtMs);
  checkRequests(state);
}

function checkHolders(state: LockState, lock: number): number {
  const { claims, locks } = state;
  const key = new LockKey();
  let count = 0;
  let permits = 0;
  let readers = 0;
  let previous = 0;
  for (let claim = locks.firstHolder(lock); claim !== 0; claim = claims.next(claim)) {
    must(claims.isOpen(claim) && claims.isHolding(claim), 'a holder is an open claim that holds', claim);
    must(claims.lock(claim) === lock, 'a holder stands with its own lock', claim);
    must(claims.previous(claim) === previous, 'holders are linked both ways', claim);
    claims.readKey(claim, key);
    must(state.holders.find(lock, key) === claim, 'a holder is found by its key', claim);
    if (claims.isShared(claim)) readers++;
    else permits += claims.permits(claim);
    count++;
    previous = claim;
  }
  must(locks.holders(lock) === count, 'a lock counts its holders', locks.holders(lock), count);
  must(locks.usedPermits(lock) === permits, 'a lock counts its permits', locks.usedPermits(lock), permits);
  must(locks.readers(lock) === readers, 'a lock counts its readers', locks.readers(lock), readers);
  must(permits <= locks.size(lock), 'no more permits are held than there are', permits, locks.size(lock));
  must(permits === 0 || readers === 0, 'one writer or readers', permits, readers);
  return count;
}

function checkQueue(state: LockState, lock: number): number {
  const { claims, locks, queue } = state;
  let count = 0;
  let previous = 0;
  for (let claim = locks.firstWaiter(lock); claim !== 0; claim = claims.next(claim)) {
    must(claims.isOpen(claim) && !claims.isHolding(claim), 'a waiter is an open claim that waits', claim);
    must(claims.lock(claim) === lock, 'a waiter stands in the queue of its own lock', claim);
    must(claims.previous(claim) === previous, 'waiters are linked both ways', claim);
    must(claims.session(claim) !== 0, 'a waiter has a session', claim);
    must(
      queue.find(claims.session(claim), claims.call(claim)) === claim,
      'a waiter is found by its call',
      claim,
    );
    count++;
    previous = claim;
  }
  must(locks.lastWaiter(lock) === previous, 'the last waiter is known', locks.lastWaiter(lock), previous);
  must(locks.waiters(lock) === count, 'a lock counts its waiters', locks.waiters(lock), count);
  return count;
}

function checkHeadWaits(state: LockState, lock: number): void {
  const { claims, locks } = state;
  const head = locks.firstWaiter(lock);
  if (head === 0) return;
  must(!state.stopping, 'nobody waits once the server stops', locks.name(lock));
  const fits = locks.fits(lock, claims.permits(head), claims.isShared(head));
  must(!fits || state.suspended, 'the head of a queue waits only while it does not fit', locks.name(lock));
}

function checkDeadlines(state: LockState, settledAtMs: number | null): void {
  const { claims, deadlines } = state;
  must(deadlines.isConsistent(), 'the heap is in order');
  let withDeadline = 0;
  for (let claim = 1; claim < claims.endRow; claim++) {
    const deadlineMs = deadlines.deadlineMs(claim);
    const isTimed = deadlineMs !== Number.POSITIVE_INFINITY;
    if (isTimed) withDeadline++;
    must(claims.isOpen(claim) || !isTimed, 'a closed claim has no deadline', claim);
    if (claims.isOpen(claim) && claims.isHolding(claim)) {
      must(isTimed === claims.lockTimeoutMs(claim) > 0, 'a grant expires if it has a timeout', claim);
    }
    if (settledAtMs !== null) must(deadlineMs > settledAtMs, 'nothing is overdue', claim, deadlineMs);
  }
  must(deadlines.size === withDeadline, 'every deadline is of a claim', deadlines.size, withDeadline);
}

function checkSessions(state: LockState, settledAtMs: number | null): void {
  const { claims, sessions } = state;
  let linked = 0;
  for (let session = 1; session < sessions.endRow; session++) {
    if (!sessions.isOpen(session)) continue;
    const id = sessions.id(session);
    if (sessions.isEnded(session)) must(settledAtMs === null, 'an ended session is cleared away', id);
    else must(sessions.find(id) === session, 'a session is found by its id', id);
    let previous = 0;
    for (let claim = sessions.firstClaim(session); claim !== 0; claim = claims.sessionNext(claim)) {
      must(
        claims.isOpen(claim) && claims.session(claim) === session,
        'a session links its own claims',
        claim,
      );
      must(claims.sessionPrevious(claim) === previous, 'claims of a session are linked both ways', claim);
      linked++;
      previous = claim;
    }
  }
  let owned = 0;
  for (let claim = 1; claim < claims.endRow; claim++) {
    if (claims.isOpen(claim) && claims.session(claim) !== 0) owned++;
  }
  must(linked === owned, 'every claim of a session is linked', linked, owned);
}

function checkRequests(state: LockState): void {
  const { claims, requests } = state;
  let bound = 0;
  for (let claim = 1; claim < claims.endRow; claim++) {
    const carries = claims.isOpen(claim) && claims.hasRequest(claim);
    must(requests.isBound(claim) === carries, 'the id of every claim that carries one is bound', claim);
    if (carries) bound++;
  }
  must(requests.count === bound + requests.released, 'request ids are counted', requests.count, bound);
}
