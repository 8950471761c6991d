import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  REQUEST_CUT_SHORT,
  REQUEST_TIMEOUT,
  type RequestError,
  refuseBroken,
} from '../../src/server/broken-request.ts';
import { afterwards } from './running-server.ts';

/** A server of HTTP that gives a request this long to come, and what it has told its clients. */
async function serve(requestMs: number) {
  const refused: { code: string; reason: string | null }[] = [];
  const server = createHttpServer({ requestTimeout: requestMs, connectionsCheckingInterval: 20 });
  server.on('clientError', (error: RequestError, socket: Socket) => {
    const reason = refuseBroken(error, socket, (code) => [`refused: ${code}`, `it is ${code}`]);
    refused.push({ code: error.code ?? '', reason });
  });
  const accepted: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => server.close());
  const dial = (): Socket => {
    const { port } = server.address() as AddressInfo;
    // It keeps its half of the connection open when the server has ended the other one.
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    afterwards(() => socket.destroy());
    return socket;
  };
  return { refused, accepted, dial };
}

describe('what is no request', () => {
  it('is told what is wrong with it', async () => {
    const { refused, dial } = await serve(60_000);
    const socket = dial();
    socket.write('this is none\r\n\r\n');
    expect(await text(socket)).toBe('refused: HPE_INVALID_METHOD');
    expect(refused).toEqual([{ code: 'HPE_INVALID_METHOD', reason: 'it is HPE_INVALID_METHOD' }]);
  });

  it('has no connection any more, though its client keeps its half of it', async () => {
    const { accepted, dial } = await serve(60_000);
    const socket = dial();
    socket.write('this is none\r\n\r\n');
    await once(socket.resume(), 'end');
    expect(socket.writable).toBe(true);
    await expect.poll(() => accepted[0]?.destroyed, { timeout: 5_000 }).toBe(true);
  });

  it('is told so where it does not come in time, by the code that this has', async () => {
    const { refused, dial } = await serve(50);
    const socket = dial();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n');
    expect(await text(socket)).toBe(`refused: ${REQUEST_TIMEOUT}`);
    expect(refused).toEqual([{ code: REQUEST_TIMEOUT, reason: `it is ${REQUEST_TIMEOUT}` }]);
  });

  it('is told so where its client has ended the connection before, by the code that this has', async () => {
    const { refused, dial } = await serve(60_000);
    const socket = dial();
    socket.end('POST / HTTP/1.1\r\nHos');
    expect(await text(socket)).toBe(`refused: ${REQUEST_CUT_SHORT}`);
    expect(refused).toEqual([{ code: REQUEST_CUT_SHORT, reason: `it is ${REQUEST_CUT_SHORT}` }]);
  });

  it('is nothing to be told of where its client has gone by a reset', async () => {
    const { refused, accepted, dial } = await serve(60_000);
    const socket = dial();
    socket.write('POST / HTTP/1.1\r\nHos');
    await expect.poll(() => accepted[0]?.bytesRead, { timeout: 5_000 }).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await expect.poll(() => refused, { timeout: 5_000 }).toEqual([{ code: 'ECONNRESET', reason: null }]);
  });

  it.each([
    ['its socket is ended', 'HPE_INVALID_METHOD', true],
    ['the system says that its client is gone', 'ECONNRESET', false],
  ])('is not answered where %s', (_why, code, isEnded) => {
    const socket = new PassThrough();
    if (isEnded) socket.end();
    const asked: string[] = [];
    const error = Object.assign(new Error('broken'), { code });
    const reason = refuseBroken(error, socket, (code) => {
      asked.push(code);
      return ['', code];
    });
    expect([reason, asked, socket.destroyed]).toEqual([null, [], true]);
  });

  it('has an empty code where nobody gave it one', () => {
    const socket = new PassThrough();
    expect(refuseBroken(new Error('broken'), socket, (code) => ['', `<${code}>`])).toBe('<>');
  });

  it('has its connection until the answer has left', async () => {
    const socket = new PassThrough({ highWaterMark: 1 });
    refuseBroken(new Error('broken'), socket, () => ['a long answer', '']);
    expect(socket.destroyed).toBe(false);
    expect(await text(socket).catch((error: Error) => error.message)).toBe('a long answer');
  });
});
