import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/core/claim-table.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockTable } from '../../src/core/lock-table.ts';
import { SessionTable } from '../../src/core/session-table.ts';
import { WaitQueue } from '../../src/core/wait-queue.ts';

/** A queue over two locks and three sessions, and a way to let a call of one wait for another. */
function openQueue() {
  const claims = new ClaimTable();
  const locks = new LockTable(1);
  const sessions = new SessionTable(claims);
  const queue = new WaitQueue(claims, locks, 7);
  const lockRows = ['a', 'b'].map((name) => locks.open(name, 1));
  const sessionRows = [1, 2, 3].map((id) => sessions.open(id));
  const command = new LockCommand();
  const append = (lock: number, session: number, call: number): number => {
    command.origin.call = call;
    const claim = claims.open(command, lockRows[lock]!, 0);
    sessions.link(sessionRows[session]!, claim);
    queue.append(claim);
    return claim;
  };
  /** The waiters of a lock, walked from the head, or from the end. */
  const waitersOf = (lock: number, fromEnd = false): number[] => {
    const row = lockRows[lock]!;
    const found: number[] = [];
    const step = (claim: number): number => (fromEnd ? claims.previous(claim) : claims.next(claim));
    let claim = fromEnd ? locks.lastWaiter(row) : locks.firstWaiter(row);
    for (; claim !== 0; claim = step(claim)) found.push(claim);
    return found;
  };
  return { claims, locks, sessions, queue, lockRows, sessionRows, append, waitersOf };
}

describe('WaitQueue', () => {
  it('keeps each lock its order, and finds every call that waits, whoever leaves', () => {
    const remove = fc.oneof(fc.constant(null), fc.nat(30));
    const step = fc.record({ lock: fc.nat(1), session: fc.nat(2), remove });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { queue, locks, lockRows, sessionRows, append, waitersOf } = openQueue();
        const model: { claim: number; session: number; call: number }[][] = [[], []];
        for (const [call, { lock, session, remove }] of steps.entries()) {
          const waiters = model[lock]!;
          if (remove === null) {
            waiters.push({ claim: append(lock, session, call), session, call });
          } else if (waiters.length > 0) {
            const [left] = waiters.splice(remove % waiters.length, 1);
            queue.remove(left!.claim);
            expect(queue.find(sessionRows[left!.session]!, left!.call)).toBe(0);
          }
        }
        for (const [lock, waiters] of model.entries()) {
          const inOrder = waiters.map(({ claim }) => claim);
          expect(waitersOf(lock)).toEqual(inOrder);
          expect(waitersOf(lock, true)).toEqual(inOrder.reverse());
          expect(locks.waiters(lockRows[lock]!)).toBe(waiters.length);
          for (const { claim, session, call } of waiters) {
            expect(queue.find(sessionRows[session]!, call)).toBe(claim);
          }
        }
        expect(queue.indexedCalls).toBe(model.flat().length);
      }),
    );
  });

  it('tells calls of one number apart by their session, and takes them signed or not', () => {
    const { queue, sessionRows, append } = openQueue();
    const call = 0xffff_ffff;
    const [first, second] = [append(0, 0, call), append(0, 1, call)];
    expect(sessionRows.map((session) => queue.find(session, call))).toEqual([first, second, 0]);
    expect(queue.find(sessionRows[1]!, call | 0)).toBe(second);
    expect(queue.find(sessionRows[1]!, call - 1)).toBe(0);
  });

  it('lets a waiter change its session and call and keep its place', () => {
    const { claims, sessions, queue, sessionRows, append, waitersOf } = openQueue();
    const [claim, behind] = [append(0, 0, 5), append(0, 0, 7)];
    queue.forgetCall(claim);
    sessions.unlink(claim);
    sessions.link(sessionRows[2]!, claim);
    claims.setCall(claim, 9);
    queue.indexCall(claim);
    expect([queue.find(sessionRows[0]!, 5), queue.find(sessionRows[2]!, 9)]).toEqual([0, claim]);
    expect(waitersOf(0)).toEqual([claim, behind]);
  });
});
