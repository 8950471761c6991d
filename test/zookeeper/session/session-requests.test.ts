import { describe, expect, it } from 'vitest';
import { parseConnectString } from '../../../src/zookeeper/connect-string.ts';
import { remove } from '../../../src/zookeeper/session/operations.ts';
import { Request } from '../../../src/zookeeper/session/request.ts';
import { SessionLink } from '../../../src/zookeeper/session/session-link.ts';
import {
  closeSession,
  failAll,
  leaveSession,
  proof,
  unwatching,
} from '../../../src/zookeeper/session/session-requests.ts';
import { NO_SESSION } from '../../../src/zookeeper/wire/handshake.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { ClientClosedError } from '../../../src/zookeeper/zookeeper-error.ts';
import { afterwards } from '../../server/running-server.ts';
import { type FakeOptions, FakeServer } from '../fake-server.ts';
import { framed, int, text, written } from '../jute-by-hand.ts';
import { comes } from './session-on-hold.ts';

/** A connection to a server that has taken its session. */
async function run(answer: FakeOptions['answer'] = () => undefined) {
  const ops: number[] = [];
  const server = await FakeServer.start({
    answer: (asked) => {
      ops.push(asked.op);
      return answer(asked);
    },
  });
  const [address] = parseConnectString(server.address).servers;
  const link = await new Promise<SessionLink>((resolve) => {
    const nobody = (): void => {};
    const opening: SessionLink = new SessionLink(
      { server: address, tls: null, ticket: NO_SESSION, timeoutMs: 6_000, lastZxid: 0n, nowMs: () => 0 },
      {
        ...{ received: nobody, notified: nobody, unarmed: nobody, refused: nobody, closed: nobody },
        greeted: () => resolve(opening),
      },
    );
  });
  afterwards(() => link.destroy());
  const went: unknown[] = [];
  const ask = (path: string): void => {
    const request = new Request(remove({ server: path, client: path }, -1), 0, () => {});
    link.send(request as Request, 0);
    request.promise.then(
      () => went.push(path),
      (error: unknown) => went.push(error),
    );
  };
  return { server, link, ops, went, ask };
}

describe('a request that a session makes by itself', () => {
  it('asks the leader, by way of any node', () => {
    const request = proof();
    expect(written((writer) => request.write(writer, 1, 0))).toBe(framed(int(1) + int(9) + text('/')));
    // By then it is late, so that it is not made again.
    expect([request.isProof, request.isRead, request.timeoutAtMs]).toEqual([true, true, 0]);
  });

  it('has a server forget the watches of a node, whatever they are', () => {
    const request = unwatching('/space/a');
    expect(written((writer) => request.write(writer, 1, 0))).toBe(
      framed(int(1) + int(18) + text('/space/a') + int(3)),
    );
    expect([request.isProof, request.timeoutAtMs]).toEqual([false, 0]);
  });

  it('may fail without anybody who looks', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listen);
    for (const request of [proof(), unwatching('/a')]) request.lose(null);
    await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});

describe('a session', () => {
  it.each([
    ['that ends', closeSession, OpCode.CloseSession],
    ['that is left', leaveSession, OpCode.Sync],
  ])('%s lets the server answer what was asked before, and ends the connection', async (_, finish, last) => {
    const { server, link, ops, went, ask } = await run();
    for (const path of ['/a', '/b']) ask(path);
    await finish(link);
    expect([ops, went]).toEqual([
      [OpCode.Delete, OpCode.Delete, last],
      ['/a', '/b'],
    ]);
    await comes(() => server.connections).toBe(0);
  });

  it('tells of its end by a number and nothing more', async () => {
    const { server, link } = await run();
    await closeSession(link);
    expect(server.asked.map(({ xid, op, body }) => [xid, op, body.remaining])).toEqual([[1, -11, 0]]);
  });

  it.each([
    ['that ends', closeSession],
    ['that is left', leaveSession],
  ])('%s does so where the server will not hear of it', async (_, finish) => {
    const { server, link } = await run(() => ({ code: -1 }));
    await finish(link);
    await comes(() => server.connections).toBe(0);
  });

  it('that ends waits for a server that says nothing no longer than two seconds', async () => {
    const { server, link, went, ask } = await run(() => null);
    ask('/a');
    const beganMs = performance.now();
    await closeSession(link);
    const tookMs = performance.now() - beganMs;
    expect([tookMs > 1_900, tookMs < 10_000]).toEqual([true, true]);
    await comes(() => went).toEqual([new ClientClosedError('/a')]);
    await comes(() => server.connections).toBe(0);
  });

  it('that is closed answers nothing any more, each by its own path', async () => {
    const requests = ['/a', '/b'].map(
      (path) => new Request(remove({ server: `/space${path}`, client: path }, -1), 0, () => {}),
    );
    const ended = Promise.allSettled(requests.map(({ promise }) => promise));
    failAll(requests as Request[]);
    expect(await ended).toEqual(
      ['/a', '/b'].map((path) => ({ status: 'rejected', reason: new ClientClosedError(path) })),
    );
  });
});
