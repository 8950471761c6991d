import { describe, expect, it } from 'vitest';
import { KeptSession } from '../../src/client/kept-session.ts';

function run(certainMs: number, usedMs = 0) {
  const clock = { ms: 0, nowMs: () => clock.ms };
  let overs = 0;
  const session = new KeptSession(usedMs, { id: 'ab', certainMs, clock, over: () => overs++ });
  return { clock, session, overs: () => overs };
}

describe('a session that is kept', () => {
  it('certainly goes on for so long after the sending of the request that was answered last', () => {
    const { clock, session } = run(900);
    clock.ms = 500;
    expect([session.idleMs, session.leftMs, session.probeMs]).toEqual([500, 400, 300]);
    session.isDoubtful = true;
    session.used(400);
    session.used(100);
    expect([session.idleMs, session.leftMs, session.isDoubtful]).toEqual([100, 800, false]);
    session.end();
  });

  it('goes on for as long as the answer says that was asked for last', () => {
    const { clock, session } = run(9_000);
    clock.ms = 500;
    session.used(400, 600);
    expect([session.leftMs, session.probeMs]).toEqual([500, 200]);
    session.used(300, 90_000);
    session.used(450);
    expect([session.leftMs, session.probeMs]).toEqual([550, 200]);
    session.used(500, 6_000);
    expect([session.leftMs, session.probeMs]).toEqual([6_000, 2_000]);
    session.end();
    session.used(500, 10);
  });

  it('is found to be over by itself also where that comes sooner than it was said at first', async () => {
    const { clock, session, overs } = run(60_000);
    clock.ms = 10;
    session.used(10, 20);
    clock.ms = 30;
    await expect.poll(overs).toBe(1);
  });

  it('is used every 20 seconds at the least', () => {
    const sessions = [600_000, 6].map((certainMs) => run(certainMs).session);
    expect(sessions.map(({ probeMs }) => probeMs)).toEqual([20_000, 10]);
    for (const session of sessions) session.end();
  });

  it('is found to be over by whoever asks, once', () => {
    const { clock, session, overs } = run(900);
    clock.ms = 899;
    session.check();
    expect(overs()).toBe(0);
    clock.ms = 900;
    session.check();
    session.check();
    expect([overs(), session.leftMs]).toEqual([1, 0]);
  });

  it('is found to be over by itself', async () => {
    const { clock, overs } = run(30);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(overs()).toBe(0);
    clock.ms = 30;
    await expect.poll(overs).toBe(1);
  });

  it('says nothing once it was ended, and waits for long ends as well', async () => {
    const { clock, session, overs } = run(2 ** 40);
    await new Promise((resolve) => setTimeout(resolve, 10));
    session.end();
    clock.ms = 2 ** 41;
    session.check();
    expect(overs()).toBe(0);
  });
});
