import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { FakeServer } from '../fake-server.ts';
import { comes, gate, holdBetweenTwo, holdSession, PAUSE_MS, SessionOnHold } from './session-on-hold.ts';

describe('the clock of a session', () => {
  it('ends it when a session timeout has passed since what the leader has answered last', async () => {
    const { held, session, server } = await holdSession();
    await held.pass(1_000);
    await held.settle();
    // What was asked at 2,000 proves that the leader has heard of what was asked a sixth of the timeout before.
    await held.pass(1_000);
    await held.settle();
    server.stop();
    await held.told('connected', 'suspended');
    await held.pass(4_999);
    expect([session.state, session.isAlive(1n)]).toEqual(['suspended', true]);
    await held.pass(1);
    expect([session.isAlive(1n), session.id, session.ticket]).toEqual([false, 0n, null]);
    expect(held.states).toEqual(['connected', 'suspended', 'lost']);
  });

  it.each<[string, (held: SessionOnHold) => unknown]>([
    ['whether it lives', ({ session }) => session.isAlive(1n)],
    ['for its state', ({ session }) => session.state],
    ['for its ticket', ({ session }) => session.ticket],
    ['for a node', (held) => held.delete('/a').catch(() => {})],
  ])('ends it for whoever asks %s, where the timers are late', async (_, ask) => {
    const { held, server } = await holdSession();
    server.stop();
    await held.told('connected', 'suspended');
    held.clock.stall(Number.POSITIVE_INFINITY);
    await held.pass(6_000);
    expect(held.states.at(-1)).toBe('suspended');
    ask(held);
    expect([held.states.at(-1), held.session.id]).toEqual(['lost', 0n]);
  });

  it('ends it while the next connection is waited for, and begins another one once', async () => {
    const { held, session, server } = await holdSession();
    server.cut();
    await held.told('connected', 'suspended');
    held.clock.stall(7_000);
    await held.pass(6_000);
    expect(session.state).toBe('lost');
    await held.pass(1_000);
    await held.told('connected', 'suspended', 'lost', 'connected');
    await sleep(20);
    expect([server.greetings.length, server.connections]).toEqual([2, 1]);
  });

  it('ends it before a late answer to its greeting brings it back', async () => {
    const late = gate();
    const { held, session, server } = await holdSession({
      greets: ({ sessionId }) => (sessionId === 1n ? late.opened : undefined),
    });
    server.cut();
    await held.told('connected', 'suspended');
    await held.pass(PAUSE_MS);
    await comes(() => server.greetings.length).toBe(2);
    held.clock.stall(Number.POSITIVE_INFINITY);
    // Counted from this greeting, it would live a little longer.
    await held.pass(6_001 - PAUSE_MS);
    late.open();
    await held.told('connected', 'suspended', 'lost', 'connected');
    expect([session.id, session.isAlive(1n), server.greetings[2]?.sessionId]).toEqual([2n, false, 0n]);
  });

  it('counts from when it was greeted, however late that was answered', async () => {
    const late = gate();
    const server = await FakeServer.start({ greets: () => late.opened, answer: () => null });
    const held = new SessionOnHold([server], { timeoutMs: 6_000 });
    await comes(() => server.greetings.length).toBe(1);
    await held.pass(5_000);
    late.open();
    await held.told('connected');
    await held.pass(999);
    expect(held.session.isAlive(1n)).toBe(true);
    await held.pass(1);
    expect(held.states).toEqual(['connected', 'lost']);
  });

  it('gives a server up that has said nothing for two thirds, and goes on with the next one', async () => {
    let isMute = false;
    const { tried, held, session } = await holdBetweenTwo(() => isMute);
    await held.told('connected');
    await held.settle();
    isMute = true;
    await held.pass(3_999);
    expect([session.state, tried.length]).toEqual(['connected', 1]);
    await held.pass(1);
    expect([held.states, session.lastCause]).toMatchObject([
      ['connected', 'suspended'],
      { code: 'ZOOKEEPER_SILENT' },
    ]);
    await held.pass(PAUSE_MS);
    await held.told('connected', 'suspended', 'connected');
    expect([tried.length, tried[1] === tried[0], session.isAlive(1n)]).toEqual([2, false, true]);
    expect(tried[1]!.greetings[0]).toMatchObject({ sessionId: 1n, lastZxid: 1n });
  });

  it('keeps a server that says anything, but not the session without a proof', async () => {
    const { held, session, server, mute } = await holdSession();
    mute.isMute = true;
    for (let heard = 1; heard <= 2; heard++) {
      await held.pass(2_999);
      server.notify(3, '/a');
      await comes(() => held.events.length).toBe(heard);
    }
    await held.pass(1);
    expect([session.state, server.greetings.length]).toEqual(['connected', 1]);
    await held.pass(1);
    expect(held.states).toEqual(['connected', 'lost']);
  });

  it.each([
    [6_000, 3_000],
    [600, 500],
  ])('passes a server over that does not greet: timeout %i, after %i', async (timeoutMs, afterMs) => {
    const { tried, held } = await holdBetweenTwo(() => true, { timeoutMs });
    await held.pass(afterMs - 1);
    await sleep(20);
    expect(tried.length).toBe(1);
    await held.pass(1);
    await held.told('connected');
    expect([tried.length, tried[1] === tried[0]]).toEqual([2, false]);
  });

  it('asks the leader every sixth of the timeout', async () => {
    let proofs = 0;
    const { held } = await holdSession({ answer: ({ op }) => void (op === OpCode.Sync && proofs++) });
    // One when it was greeted, and one by which the test waits.
    for (let i = 2; i < 6; i++) {
      expect(proofs).toBe(i);
      await held.pass(999);
      await sleep(20);
      expect(proofs).toBe(i);
      await held.pass(1);
      await comes(() => proofs).toBe(i + 1);
    }
  });
});
