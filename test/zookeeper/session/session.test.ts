import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { AuthFailedError } from '../../../src/zookeeper/server-refusal.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { ClientClosedError, SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import { afterwards } from '../../server/running-server.ts';
import { FakeServer } from '../fake-server.ts';
import { framed, int, long } from '../jute-by-hand.ts';
import { comes, holdSession, PAUSE_MS, SessionOnHold } from './session-on-hold.ts';

const PASSWORD = '07'.repeat(16);

const granted = (timeoutMs: number, sessionId: bigint, flag: string): Buffer =>
  Buffer.from(framed(`${int(0)}${int(timeoutMs)}${long(sessionId)}${int(16)}${PASSWORD}${flag}`), 'hex');

describe('a session', () => {
  it.each(['', '00'])('is what the server has granted, with %j behind it', async (flag) => {
    const { held, session, server } = await holdSession({ greets: () => granted(3_000, -9n, flag) });
    expect(server.greetings).toEqual([
      { lastZxid: 0n, timeoutMs: 6_000, sessionId: 0n, password: Buffer.alloc(16) },
    ]);
    expect([session.state, session.id, session.timeoutMs]).toEqual(['connected', -9n, 3_000]);
    expect([session.isAlive(-9n), session.isAlive(9n), session.isAlive(0n)]).toEqual([true, false, false]);
    expect([session.localAddress, session.servers]).toEqual(['127.0.0.1', server.address]);
    server.stop();
    await held.told('connected', 'suspended');
    await held.pass(2_999);
    expect([session.isAlive(-9n), session.leftMs]).toEqual([true, 1]);
    await held.pass(1);
    expect([session.isAlive(-9n), held.states.at(-1), session.leftMs]).toEqual([false, 'lost', 0]);
  });

  it('is none yet while nobody has taken it', async () => {
    const server = await FakeServer.start({ greets: () => new Promise(() => {}) });
    const { session } = new SessionOnHold([server]);
    await comes(() => server.greetings.length).toBe(1);
    expect([session.state, session.id, session.ticket, session.timeoutMs]).toEqual([
      'connecting',
      0n,
      null,
      0,
    ]);
  });

  it('goes on on the next connection, where it and what was seen last are shown', async () => {
    const { held, session, server } = await holdSession({ answer: () => ({ zxid: 7n }) });
    // An event has no transaction that counts.
    server.notify(3, '/a');
    await comes(() => held.events).toEqual(['dataChanged /a']);
    server.cut();
    await held.told('connected', 'suspended');
    expect([session.isAlive(1n), session.localAddress]).toEqual([true, '']);
    await held.pass(PAUSE_MS);
    await held.told('connected', 'suspended', 'connected');
    expect(server.greetings[1]).toEqual({
      lastZxid: 7n,
      timeoutMs: 6_000,
      sessionId: 1n,
      password: Buffer.from(PASSWORD, 'hex'),
    });
    expect(session.isAlive(1n)).toBe(true);
  });

  it('that the server does not know any more is lost, and another one is begun', async () => {
    const { held, session, server } = await holdSession({ knows: () => false });
    server.cut();
    await held.told('connected', 'suspended');
    const waiting = expect(held.delete('/a')).rejects.toEqual(new SessionExpiredError('/a'));
    await held.pass(PAUSE_MS);
    await waiting;
    await held.told('connected', 'suspended', 'lost', 'connected');
    expect(server.greetings.map(({ sessionId }) => sessionId)).toEqual([0n, 1n, 0n]);
    expect([session.isAlive(1n), session.isAlive(2n)]).toEqual([false, true]);
  });

  it('that was asked for and is over is shown once', async () => {
    const server = await FakeServer.start({ knows: () => false });
    const resume = { sessionId: 70n, password: Buffer.alloc(16, 3) };
    const held = new SessionOnHold([server], { resume });
    await held.told('lost', 'connected');
    expect(server.greetings.map(({ sessionId }) => sessionId)).toEqual([70n, 0n]);
    expect(held.session.isAlive(70n)).toBe(false);
  });

  it('is not had from a server that will not have the client, and nothing else either', async () => {
    const server = await FakeServer.start({
      answer: ({ op }) => (op === OpCode.Auth ? { code: -115 } : undefined),
    });
    const held = new SessionOnHold([server], { auth: [{ scheme: 'digest', auth: 'a:b' }] });
    await held.told('connected', 'closed');
    await expect(held.delete('/a')).rejects.toBe(held.session.fault);
    expect([held.session.fault, held.session.ticket]).toEqual([new AuthFailedError(), null]);
    await held.session.close();
    await held.pass(60_000);
    await sleep(20);
    expect([server.greetings.length, server.connections]).toEqual([1, 0]);
  });
});

describe('a greeting', () => {
  it.each([
    ['that is cut off', framed(int(0))],
    ['that has no end', int(0x7fff_ffff)],
    ['of less than nothing', int(-1)],
    ['that gives no time to what is new', granted(0, 0n, '00').toString('hex')],
    ['that gives a session no number', granted(6_000, 0n, '00').toString('hex')],
  ])('%s is none, and the next one is waited for', async (_, hex) => {
    let count = 0;
    const server = await FakeServer.start({
      greets: () => (++count === 1 ? Buffer.from(hex, 'hex') : undefined),
    });
    const held = new SessionOnHold([server]);
    await comes(() => held.session.lastCause).toMatchObject({ code: 'ZOOKEEPER_MALFORMED_REPLY' });
    expect([held.session.state, server.greetings.length]).toEqual(['connecting', 1]);
    await held.pass(PAUSE_MS);
    await held.told('connected');
  });

  it('that is followed by an answer makes it one, which is come back to after a short pause each time', async () => {
    const { held, session, server } = await holdSession({}, { timeoutMs: 60_000 });
    for (let i = 1; i <= 5; i++) {
      await held.pass(2_000);
      server.cut();
      await comes(() => session.state).toBe('suspended');
      await held.pass(PAUSE_MS);
      await comes(() => session.state).toBe('connected');
      await held.settle();
    }
    expect(server.greetings).toHaveLength(6);
  });

  it('that is answered by a server that closes the connection soon is paused for longer and longer', async () => {
    const { held, session, server } = await holdSession({}, { timeoutMs: 60_000 });
    for (let i = 0; i < 5; i++) {
      server.cut();
      await comes(() => session.state).toBe('suspended');
      // At least: it is 10 to 30 ms at first, and doubles.
      await held.pass(10 * 2 ** i - 1);
      await sleep(5);
      expect(server.greetings).toHaveLength(i + 1);
      await held.pass(20 * 2 ** i + 1);
      await comes(() => session.state).toBe('connected');
      await held.settle();
    }
  });

  it('behind which nothing is answered does not make a server one that was reached', async () => {
    const server = await FakeServer.start({
      answer: () => {
        server.cut();
        return null;
      },
    });
    const held = new SessionOnHold([server], { timeoutMs: 60_000 });
    for (let i = 1; i <= 5; i++) {
      await comes(() => server.greetings.length).toBe(i);
      await held.told(...Array(i).fill(['connected', 'suspended']).flat());
      // At most: it is 10 to 30 ms at first, and doubles.
      if (i < 5) await held.pass(15 * 2 ** i);
    }
    await held.pass(150);
    await sleep(20);
    expect(server.greetings).toHaveLength(5);
  });
});

describe('a session that is closed', () => {
  it('is over at once, and its end is told behind what was asked before, which is answered', async () => {
    const { held, session, server } = await holdSession();
    const asked = [held.delete('/a'), held.exists('/b')];
    const closing = session.close();
    expect(held.states).toEqual(['connected', 'closed']);
    expect([session.state, session.ticket, session.isAlive(1n)]).toEqual(['closed', null, false]);
    expect(server.ops).toEqual([]);
    await expect(held.delete('/c')).rejects.toThrow(ClientClosedError);
    await closing;
    expect([await Promise.all(asked), server.ops]).toEqual([
      [undefined, null],
      [OpCode.Delete, OpCode.Exists, OpCode.CloseSession],
    ]);
    expect(held.keepRunning.count).toBe(0);
    await comes(() => server.connections).toBe(0);
  });

  it('answers what the server does not, when that ends the connection', async () => {
    const { held, session, server } = await holdSession({
      answer: ({ op }) => {
        if (op === OpCode.CloseSession) server.cut();
        return op === OpCode.Sync ? undefined : null;
      },
    });
    const asked = expect(held.delete('/a')).rejects.toEqual(new ClientClosedError('/a'));
    // A server that says nothing is not waited for for ever; here that wait never ends by itself.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    afterwards(() => vi.useRealTimers());
    await Promise.all([session.close(), asked]);
    expect([server.ops, held.keepRunning.count]).toEqual([[OpCode.Delete, OpCode.CloseSession], 0]);
  });

  it.each([
    ['is sought', 0],
    ['is found and does not answer', 1],
  ])('while a server %s leaves neither requests nor connections', async (_, greetings) => {
    const server = await FakeServer.start({ greets: () => new Promise(() => {}) });
    const held = new SessionOnHold([server]);
    await comes(() => server.greetings.length).toBeGreaterThanOrEqual(greetings);
    const waiting = expect(held.delete('/a')).rejects.toEqual(new ClientClosedError('/a'));
    await held.session.close();
    await waiting;
    await held.pass(60_000);
    await comes(() => server.connections).toBe(0);
    await sleep(20);
    expect([held.states, server.connections]).toEqual([['closed'], 0]);
  });

  it('does not look for a server any more when it was between two', async () => {
    const { held, session, server } = await holdSession();
    server.cut();
    await held.told('connected', 'suspended');
    await session.close();
    await held.pass(60_000);
    await sleep(20);
    expect([held.states, server.greetings.length]).toEqual([['connected', 'suspended', 'closed'], 1]);
  });

  it('is closed once, and not left afterwards, nor the other way round', async () => {
    const { session, server } = await holdSession();
    const closing = session.close();
    expect([session.close() === closing, session.detach() === closing]).toEqual([true, true]);
    await closing;
    expect(server.ops).toEqual([OpCode.CloseSession]);
    const other = await holdSession();
    const leaving = other.session.detach();
    expect(other.session.close()).toBe(leaving);
    await leaving;
    expect([other.server.ops, other.held.states]).toEqual([[], ['connected', 'closed']]);
  });
});
