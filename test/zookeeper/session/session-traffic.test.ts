import { describe, expect, it } from 'vitest';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { RequestTimeoutError, TooManyRequestsError } from '../../../src/zookeeper/zookeeper-error.ts';
import { FakeServer } from '../fake-server.ts';
import { comes, gate, holdSession, PAUSE_MS, SessionOnHold } from './session-on-hold.ts';

describe('a request', () => {
  it('waits for a connection, behind the credentials and the watches that it is to have', async () => {
    const auth = [{ scheme: 'digest', auth: 'a:b' }];
    const { held, session, server } = await holdSession({ answer: () => ({ zxid: 7n }) }, { auth });
    session.watches.add('data', '/w', () => {});
    server.cut();
    await held.told('connected', 'suspended');
    const answered = Promise.all([held.delete('/a'), held.delete('/b')]);
    await held.pass(PAUSE_MS);
    await answered;
    // On each connection a proof has the first number; the credentials were shown on the first one, too.
    expect(server.asked.map(({ xid, op }) => `${xid} ${op}`)).toEqual([
      '-4 100',
      '-4 100',
      '-8 101',
      '2 2',
      '3 2',
    ]);
    const [credentials, watches] = server.asked.slice(1).map(({ body }) => body);
    expect([credentials!.int(), credentials!.string(), credentials!.string()]).toEqual([0, 'digest', 'a:b']);
    expect([watches!.long(), watches!.strings(), watches!.remaining]).toEqual([7n, ['/w'], 8]);
  });

  it('that reads is made again on the next connection, before those that waited; no other is', async () => {
    const { held, session, server, mute } = await holdSession();
    mute.isMute = true;
    const cause = { code: 'ZOOKEEPER_DROPPED' };
    const lost = expect(held.delete('/a')).rejects.toMatchObject({
      code: 'ZOOKEEPER_CONNECTION_LOSS',
      path: '/a',
      cause,
    });
    const read = held.exists('/b');
    await comes(() => server.ops).toEqual([OpCode.Delete, OpCode.Exists]);
    session.dropConnection();
    await lost;
    expect([held.states, session.lastCause]).toMatchObject([['connected', 'suspended'], cause]);
    mute.isMute = false;
    const waiting = held.delete('/c');
    await held.pass(PAUSE_MS);
    expect([await read, await waiting]).toEqual([null, undefined]);
    expect(server.ops.slice(2)).toEqual([OpCode.Exists, OpCode.Delete]);
    expect(held.keepRunning.count).toBe(0);
  });

  it.each([
    ['has time left', 40, null],
    ['has none left', 100, { code: 'ZOOKEEPER_CONNECTION_LOSS' }],
  ])('that reads is made again only where it %s', async (_, ms, reply) => {
    const { held, server, mute } = await holdSession({}, { requestTimeoutMs: 100 });
    mute.isMute = true;
    const read = held.exists('/a').catch((error: unknown) => error);
    await comes(() => server.ops.length).toBe(1);
    await held.pass(ms);
    mute.isMute = false;
    server.cut();
    await held.told('connected', 'suspended');
    await held.pass(PAUSE_MS);
    if (reply === null) expect(await read).toBeNull();
    else expect(await read).toMatchObject(reply);
  });

  it('is given up when it has waited for its time', async () => {
    const server = await FakeServer.start({ greets: () => new Promise(() => {}) });
    const held = new SessionOnHold([server], { requestTimeoutMs: 100 });
    const went: unknown[] = [];
    const asked = held.delete('/a').catch((error: unknown) => went.push(error));
    await held.pass(50);
    const later = held.delete('/b').catch((error: unknown) => went.push(error));
    await held.pass(49);
    expect(went).toEqual([]);
    await held.pass(1);
    await asked;
    expect(went).toEqual([new RequestTimeoutError('/a', 100)]);
    await held.pass(50);
    await later;
    expect([went.length, held.keepRunning.count]).toEqual([2, 0]);
  });

  it.each([
    ['wait for a connection', false],
    ['wait for an answer', true],
  ])('is refused where as many as may be %s already', async (_, isConnected) => {
    const opened = gate();
    const server = await FakeServer.start({
      greets: () => (isConnected ? undefined : opened.opened),
      answer: ({ op }) => (op === OpCode.CloseSession ? undefined : null),
    });
    const held = new SessionOnHold([server], { requestsMax: 2 });
    if (isConnected) await held.told('connected');
    const asked = ['/a', '/b'].map((path) => held.delete(path).catch((error: unknown) => error));
    await expect(held.delete('/c')).rejects.toEqual(new TooManyRequestsError('/c', 2));
    expect(held.keepRunning.count).toBe(2);
    await held.session.close();
    expect(await Promise.all(asked)).toMatchObject([
      { code: 'ZOOKEEPER_CLIENT_CLOSED' },
      { code: 'ZOOKEEPER_CLIENT_CLOSED' },
    ]);
  });

  it('has room again when one is answered', async () => {
    const { held } = await holdSession({}, { requestsMax: 1 });
    for (let i = 0; i < 3; i++) {
      const asked = held.delete('/a');
      await expect(held.delete('/b')).rejects.toThrow(TooManyRequestsError);
      await asked;
    }
  });

  it('has a number, which begins anew behind the largest one', async () => {
    const { held, server } = await holdSession({}, { firstXid: 0x7fff_fffc });
    for (let i = 0; i < 3; i++) await held.delete('/a');
    expect(server.asked.map(({ xid }) => xid)).toEqual([0x7fff_ffff, 1, 2]);
  });

  it('whose answer cannot be understood ends the connection, and nothing else', async () => {
    let isBroken = true;
    const { held, session, server } = await holdSession({
      answer: ({ op }) =>
        op === OpCode.Exists && isBroken ? { write: (writer) => writer.int(1) } : undefined,
    });
    const malformed = { code: 'ZOOKEEPER_MALFORMED_REPLY' };
    const broken = expect(held.exists('/a')).rejects.toMatchObject(malformed);
    const lost = expect(held.delete('/b')).rejects.toMatchObject({ path: '/b', cause: malformed });
    await Promise.all([broken, lost]);
    isBroken = false;
    await held.told('connected', 'suspended');
    await held.pass(PAUSE_MS);
    expect([await held.exists('/a'), session.id, server.greetings.length]).toEqual([null, 1n, 2]);
  });
});
