import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/core/claim-table.ts';
import { LockCommand } from '../../src/core/command.ts';
import { SessionTable } from '../../src/core/session-table.ts';

function claimsOf(claims: ClaimTable, sessions: SessionTable, session: number): number[] {
  const found: number[] = [];
  for (let c = sessions.firstClaim(session); c !== 0; c = claims.sessionNext(c)) found.push(c);
  return found;
}

describe('SessionTable', () => {
  it('finds sessions until they end, and keeps their claims until they are closed', () => {
    const claims = new ClaimTable();
    const sessions = new SessionTable(claims);
    const id = 2 ** 53 - 1;
    const session = sessions.open(id);
    const claim = claims.open(new LockCommand(), 1, 0);
    sessions.link(session, claim);
    expect([sessions.find(id), sessions.find(1), sessions.id(session)]).toEqual([session, 0, id]);
    sessions.end(session);
    expect([sessions.find(id), sessions.isEnded(session), sessions.ended]).toEqual([0, true, 1]);
    expect(claimsOf(claims, sessions, session)).toEqual([claim]);
    sessions.close(session);
    expect([sessions.ended, sessions.count]).toEqual([0, 0]);
    expect(sessions.open(5)).toBe(session);
    expect([sessions.isEnded(session), sessions.firstClaim(session), sessions.find(5)]).toEqual([
      false,
      0,
      session,
    ]);
  });

  it('lets a claim remember the session that it is parted from, until it has another one', () => {
    const claims = new ClaimTable();
    const sessions = new SessionTable(claims);
    const [one, two] = [sessions.open(2 ** 53 - 1), sessions.open(8)];
    const claim = claims.open(new LockCommand(), 1, 0);
    sessions.link(one, claim);
    expect(claims.formerSession(claim)).toBe(0);
    sessions.part(claim);
    expect([claims.session(claim), claims.formerSession(claim)]).toEqual([0, 2 ** 53 - 1]);
    expect(claimsOf(claims, sessions, one)).toEqual([]);
    sessions.part(claim);
    expect(claims.formerSession(claim)).toBe(2 ** 53 - 1);
    sessions.link(two, claim);
    expect([claims.session(claim), claims.formerSession(claim)]).toEqual([two, 0]);
    expect(claimsOf(claims, sessions, two)).toEqual([claim]);
  });

  it('links claims newest first, and unlinks any of them', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ session: fc.nat(2), remove: fc.option(fc.nat(30)) })), (steps) => {
        const claims = new ClaimTable();
        const sessions = new SessionTable(claims);
        const rows = [1, 2, 3].map((id) => sessions.open(id));
        const model: number[][] = [[], [], []];
        for (const { session, remove } of steps) {
          const list = model[session]!;
          if (remove === null) {
            const claim = claims.open(new LockCommand(), 1, 0);
            sessions.link(rows[session]!, claim);
            list.unshift(claim);
          } else if (list.length > 0) {
            const [claim] = list.splice(remove % list.length, 1);
            sessions.unlink(claim!);
            sessions.unlink(claim!);
          }
        }
        for (const [i, row] of rows.entries()) expect(claimsOf(claims, sessions, row)).toEqual(model[i]);
      }),
    );
  });
});
