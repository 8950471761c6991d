import { describe, expect, it } from 'vitest';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { Request, type RequestParts } from '../../../src/zookeeper/session/request.ts';
import {
  ConnectionLossError,
  MalformedReplyError,
  SessionExpiredError,
  ZooKeeperError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { framed, int, reading, text, written } from '../jute-by-hand.ts';

const SET_DATA = 5;
const SYNC = 9;

/** One request that is answered by a number, and how it went. */
function run(parts: Partial<RequestParts<number | null>> = {}) {
  const went: unknown[] = [];
  const request = new Request<number | null>(
    {
      ...{ op: SET_DATA, path: '/a', isRead: false },
      write: (writer) => writer.string('/space/a'),
      read: (reader) => reader.int(),
      ...parts,
    },
    70,
    () => went.push('settled'),
  );
  const ended = request.promise.then(
    (reply) => went.push(reply),
    (error: unknown) => went.push(error),
  );
  return { request, went, ended };
}

describe('a request', () => {
  it('is a frame of its number, its kind and what is asked', () => {
    const { request } = run();
    expect([request.path, request.isRead, request.timeoutAtMs]).toEqual(['/a', false, 70]);
    expect(written((writer) => request.write(writer, 3, 20))).toBe(
      framed(int(3) + int(SET_DATA) + text('/space/a')),
    );
    expect([request.xid, request.sentMs]).toEqual([3, 20]);
  });

  it('that is sent again is another frame, by another number and at another time', () => {
    const { request } = run();
    for (const xid of [3, 0x7fff_ffff])
      expect(written((writer) => request.write(writer, xid, xid))).toBe(
        framed(int(xid) + int(SET_DATA) + text('/space/a')),
      );
    expect([request.xid, request.sentMs]).toEqual([0x7fff_ffff, 0x7fff_ffff]);
  });

  it.each([
    ['one that writes', SET_DATA, false, true],
    ['one that reads', 4, true, false],
    ['sync, which changes nothing', SYNC, true, true],
  ])('is answered by the leader, or not: %s', (_, op, isRead, isProof) => {
    const { request } = run({ op, isRead });
    expect([request.isRead, request.isProof]).toEqual([isRead, isProof]);
  });
});

describe('the answer to a request', () => {
  it('is read', async () => {
    const { request, went, ended } = run();
    request.answer(0, reading(int(-7)));
    expect(went).toEqual(['settled']);
    await ended;
    expect(went).toEqual(['settled', -7]);
  });

  it('may be a refusal, which names the node as the client does', async () => {
    const { request, went, ended } = run();
    // Behind the number of an error comes nothing.
    request.answer(-101, reading(''));
    await ended;
    expect(went).toEqual(['settled', new NoNodeError('/a')]);
  });

  it.each([0, null])('may be a refusal that is one: %s', async (reply) => {
    const asked: number[] = [];
    const { request, went, ended } = run({
      refused: (zooKeeperCode) => {
        asked.push(zooKeeperCode);
        return reply;
      },
    });
    request.answer(-101, reading(''));
    await ended;
    expect([asked, went]).toEqual([[-101], ['settled', reply]]);
  });

  it('is an error where the refusal is not meant', async () => {
    const { request, went, ended } = run({ refused: () => undefined });
    request.answer(-102, reading(''));
    await ended;
    expect(went).toEqual(['settled', new NoAuthError('/a')]);
  });

  it('that cannot be understood is told to whoever asked, and to the connection', async () => {
    const { request, went, ended } = run();
    const malformed = new MalformedReplyError('4 bytes are expected where 3 are left');
    expect(() => request.answer(0, reading('000000'))).toThrow(malformed);
    await ended;
    expect(went).toEqual(['settled', malformed]);
  });
});

describe('a request without an answer', () => {
  it('fails with the reason', async () => {
    const { request, went, ended } = run();
    const reason = new SessionExpiredError('/a');
    request.fail(reason);
    expect(went).toEqual(['settled']);
    await ended;
    expect(went[1]).toBe(reason);
  });

  it.each([
    ['by a fault', new ZooKeeperError('ZOOKEEPER_SILENT', 'why')],
    ['for no reason that is known', null],
  ])('is lost with its connection %s', async (_, cause) => {
    const { request, went, ended } = run();
    request.lose(cause);
    await ended;
    expect(went).toEqual(['settled', new ConnectionLossError('/a')]);
    expect(went[1]).toMatchObject({ code: 'ZOOKEEPER_CONNECTION_LOSS', path: '/a' });
    expect((went[1] as Error).cause).toBe(cause ?? undefined);
  });
});
