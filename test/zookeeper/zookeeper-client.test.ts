import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ZooKeeperOptions } from '../../src/zookeeper/client-options.ts';
import { makeParents } from '../../src/zookeeper/locks/lock-parents.ts';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient } from '../../src/zookeeper/zookeeper-client.ts';
import { afterwards } from '../server/running-server.ts';
import { type FakeOptions, FakeServer, writeEmptyStat } from './fake-server.ts';

async function run(
  fake: FakeOptions = {},
  { chroot = '', ...options }: ZooKeeperOptions & { chroot?: string } = {},
) {
  const server = await FakeServer.start(fake);
  const client = await ZooKeeperClient.connect(server.address + chroot, options);
  afterwards(() => client.close());
  return { server, client };
}

describe('the ephemeral nodes of a session', () => {
  it('are asked for by the paths of the server, and named by those of the client', async () => {
    const nodes = ['/space/b/c', '/space/b', '/space/bc', '/space2/b', '/space/b/a'];
    const { server, client } = await run(
      { answer: () => ({ write: (writer) => writer.strings(nodes) }) },
      { chroot: '/space' },
    );
    expect(await client.getEphemerals('/b')).toEqual(['/b', '/b/a', '/b/c']);
    expect(await client.getEphemerals()).toEqual(['/b', '/b/a', '/b/c', '/bc']);
    expect(server.ops).toEqual([OpCode.GetEphemerals, OpCode.GetEphemerals]);
    expect(server.asked.map(({ body }) => body.string())).toEqual(['/space/b', '/space']);
  });

  it('cannot be had from a server before 3.6, which says so and closes the connection', async () => {
    const { client } = await run({
      answer: ({ op }) => (op === OpCode.GetEphemerals ? { code: -6, closes: true } : undefined),
    });
    const { sessionId } = client;
    await expect(client.getEphemerals('/a')).rejects.toMatchObject({
      code: 'ZOOKEEPER_UNIMPLEMENTED',
      path: '/a',
    });
    await expect.poll(() => client.state).toBe('connected');
    expect(client.sessionId).toBe(sessionId);
  });

  it('stand below a path that can be one', async () => {
    const { client } = await run();
    await expect(client.getEphemerals('a')).rejects.toMatchObject({ code: 'ZOOKEEPER_USE' });
  });
});

it('a chroot that is missing is made by whoever takes a lock below it', async () => {
  const nodes = new Set<string>();
  const { client } = await run(
    {
      answer: ({ op, body }) => {
        if (op !== OpCode.CreateContainer && op !== OpCode.Create2) return undefined;
        const path = body.string();
        const parent = path.slice(0, path.lastIndexOf('/'));
        if (parent !== '' && !nodes.has(parent)) return { code: -101 };
        nodes.add(path);
        return {
          write: (writer) => {
            writer.string(path);
            writeEmptyStat(writer);
          },
        };
      },
    },
    { chroot: '/team/space' },
  );
  await makeParents(client, '/lock');
  expect([...nodes]).toEqual(['/team', '/team/space', '/team/space/lock']);
});

it('what cannot be asked is refused without a word to the server', async () => {
  const { server, client } = await run();
  const refused = [
    client.setAcl('/a', [], 1.5),
    client.setData('/a', Buffer.alloc(0), -2),
    client.multi([
      { type: 'delete', path: '/a' },
      { type: 'check', path: '/a', version: Number.NaN },
    ]),
  ];
  await Promise.all(
    refused.map((asked) => expect(asked).rejects.toMatchObject({ code: 'ZOOKEEPER_USE', path: '/a' })),
  );
  await client.delete('/a');
  expect(server.ops).toEqual([OpCode.Delete]);
});

describe('what is no argument', () => {
  const untyped = (value: unknown): never => value as never;
  const refused = async (asked: Promise<unknown>, message: string): Promise<void> => {
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toMatchObject({ code: 'ZOOKEEPER_USE' });
  };

  it('is refused where a client begins', async () => {
    const { connect } = ZooKeeperClient;
    await refused(
      connect(untyped(undefined)),
      'a connect string must be a text such as "host:2181,host2:2181/chroot", not undefined',
    );
    await refused(
      connect('a', untyped(null)),
      'options must be an object such as { sessionTimeoutMs: 10000 }',
    );
    await refused(
      connect('a', { auth: untyped({ scheme: 'digest', auth: 'a:b' }) }),
      'auth must be a list of',
    );
  });

  it('is refused where a watch is to stay', async () => {
    const { client } = await run();
    const [options, watcher] = [untyped(undefined), untyped(undefined)];
    await refused(
      client.addWatch('/a', options, watcher),
      'an object such as { recursive: true }, not undefined',
    );
    await refused(
      client.addWatch('/a', {}, watcher),
      'watcher, behind the options, must be a function, not undefined',
    );
  });

  it('is refused where several things are to be done at once', async () => {
    const { client, server } = await run();
    for (const asked of [undefined, { type: 'create', path: '/a' }, [null], ['/a']])
      await refused(client.multi(untyped(asked)), 'a multi must be a list of operations such as { type:');
    const crate = [{ type: 'crate', path: '/a' }];
    await refused(
      client.multi(untyped(crate)),
      'type must be one of create, delete, setData, check, not crate',
    );
    expect(server.ops).toEqual([]);
  });
});

describe('a session that is gone on with', () => {
  const resume = { sessionId: -5n, password: Buffer.alloc(16, 3) };

  it('is the one that was asked for, where the server knows it', async () => {
    const { server, client } = await run({}, { resume, sessionTimeoutMs: 3_000 });
    expect(server.greetings).toEqual([{ ...resume, timeoutMs: 3_000, lastZxid: 0n }]);
    expect([client.sessionId, client.resumed, client.isSessionAlive(-5n)]).toEqual([-5n, true, true]);
    const { ticket } = client;
    expect(ticket).toEqual({ sessionId: -5n, password: Buffer.alloc(16, 7) });
    ticket!.password.fill(0);
    expect(client.ticket?.password).toEqual(Buffer.alloc(16, 7));
    await client.close();
    expect([client.ticket, client.resumed, server.ops]).toEqual([null, false, [OpCode.CloseSession]]);
  });

  it('is a new one, where the server does not', async () => {
    const { server, client } = await run({ knows: () => false }, { resume, sessionTimeoutMs: 3_000 });
    expect(server.greetings.map(({ sessionId }) => sessionId)).toEqual([-5n, 0n]);
    expect([client.state, client.sessionId, client.resumed]).toEqual(['connected', 1n, false]);
    expect(client.isSessionAlive(-5n)).toBe(false);
  });

  it('lives as long as the greeting has proved, however late that was answered', async () => {
    const beganMs = performance.now();
    const { client } = await run(
      { greets: () => sleep(1_000, undefined), answer: () => null },
      { resume, sessionTimeoutMs: 1_500 },
    );
    expect(client.isSessionAlive(-5n)).toBe(true);
    await expect.poll(() => client.isSessionAlive(-5n), { timeout: 5_000, interval: 10 }).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    expect(client.resumed).toBe(false);
  });

  it('is not ended where the client that wanted it cannot go on', async () => {
    const server = await FakeServer.start({
      answer: ({ op }) => (op === OpCode.Sync ? { code: -1 } : undefined),
    });
    const auth = [{ scheme: 'digest', auth: 'a:b' }];
    const connecting = ZooKeeperClient.connect(server.address, { resume, auth });
    await expect(connecting).rejects.toMatchObject({ code: 'ZOOKEEPER_SYSTEM_ERROR' });
    expect(server.ops).toEqual([OpCode.Auth]);
  });

  it('is none where there is none to go on with', async () => {
    const { server, client } = await run({}, { resume: null });
    expect([server.greetings[0]?.sessionId, client.resumed]).toEqual([0n, false]);
  });
});

describe('a client that is detached', () => {
  it('is closed, without a word to the server, which answers what was asked before', async () => {
    const { server, client } = await run();
    const ticket = client.ticket!;
    const asked = client.delete('/a');
    const detaching = client.detach();
    expect([client.state, client.isSessionAlive(ticket.sessionId)]).toEqual(['closed', false]);
    expect(await detaching).toEqual(ticket);
    await asked;
    await expect(client.delete('/a')).rejects.toMatchObject({ code: 'ZOOKEEPER_CLIENT_CLOSED' });
    await client.close();
    expect([await client.detach(), server.ops]).toEqual([null, [OpCode.Delete]]);
  });

  it('gives its ticket while there is no connection, too', async () => {
    const { server, client } = await run();
    const { ticket } = client;
    server.stop();
    await expect.poll(() => client.state).toBe('suspended');
    const waiting = client.delete('/a');
    expect(await client.detach()).toEqual(ticket);
    await expect(waiting).rejects.toMatchObject({ code: 'ZOOKEEPER_CLIENT_CLOSED' });
  });

  it('has none to give once it is closed', async () => {
    const { server, client } = await run();
    const closing = client.close();
    expect(await client.detach()).toBeNull();
    await closing;
    expect(server.ops).toEqual([OpCode.CloseSession]);
  });
});
