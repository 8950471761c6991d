import { Client } from 'undici';
import { describe, expect, it } from 'vitest';
import { HttpExchange } from '../../src/client/http-exchange.ts';
import { TransportError } from '../../src/client/transport.ts';
import { afterwards } from '../server/running-server.ts';
import { HttpPeer } from './http-peer.ts';

const ROOM = 1_000;

async function open() {
  const peer = await HttpPeer.open();
  const client = new Client(`http://${peer.address}`, { maxResponseSize: ROOM });
  afterwards(() => client.destroy());
  const send = (headers: Record<string, string> = {}): HttpExchange => {
    const exchange = new HttpExchange();
    client.dispatch({ method: 'POST', path: '/x', headers, body: 'b' }, exchange);
    return exchange;
  };
  return { peer, client, send };
}

describe('an exchange over HTTP', () => {
  it('has the status, the headers by their names in lower case, and the body of its answer', async () => {
    const { peer, send } = await open();
    peer.answer = (_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.writeHead(418, { 'X-Kind': 'teapot' }).end('short and stout');
    };
    const answer = await send().answer;
    expect(answer).toMatchObject({ status: 418, body: 'short and stout' });
    expect(answer.headers).toMatchObject({ 'x-kind': 'teapot', 'set-cookie': ['a=1', 'b=2'] });
    expect(peer.seen[0]).toMatchObject({ method: 'POST', path: '/x', body: 'b' });
  });

  it('may have an answer without a body', async () => {
    const { peer, send } = await open();
    peer.answer = (_request, response) => response.writeHead(204).end();
    expect(await send().answer).toMatchObject({ status: 204, body: '' });
  });

  it('puts characters together that came in pieces', async () => {
    const { peer, send } = await open();
    const body = Buffer.from('ä€😀'.repeat(20));
    peer.answer = async (_request, response) => {
      for (const byte of body) await new Promise((sent) => response.write(Buffer.of(byte), sent));
      response.end();
    };
    expect((await send().answer).body).toBe('ä€😀'.repeat(20));
  });

  it('is none of an informational answer that comes before', async () => {
    const { peer, send } = await open();
    peer.answer = (_request, response) => {
      response.writeProcessing();
      response.end('then this');
    };
    expect(await send().answer).toMatchObject({ status: 200, body: 'then this' });
  });
});

describe('an exchange that is aborted', () => {
  const why = new TransportError('aborted', 'enough');

  it('before it has begun is not sent at all', async () => {
    const { peer, client, send } = await open();
    const exchange = new HttpExchange();
    exchange.abort(why);
    client.dispatch({ method: 'POST', path: '/never', body: 'b' }, exchange);
    await expect(exchange.answer).rejects.toBe(why);
    await send().answer;
    expect(peer.seen.map(({ path }) => path)).toEqual(['/x']);
  });

  it('while it is waited for closes its request, and rejects at once', async () => {
    const { peer, send } = await open();
    let isClosed = false;
    peer.answer = (_request, response) => {
      response.on('close', () => {
        isClosed = true;
      });
    };
    const exchange = send();
    exchange.answer.catch(() => {});
    await expect.poll(() => peer.seen.length, { timeout: 10_000 }).toBe(1);
    exchange.abort(why);
    await expect(exchange.answer).rejects.toBe(why);
    await expect.poll(() => isClosed, { timeout: 10_000 }).toBe(true);
  });

  it('behind its answer keeps it', async () => {
    const { peer, send } = await open();
    const exchange = send();
    await exchange.answer;
    exchange.abort(why);
    expect((await exchange.answer).status).toBe(200);
    expect((await send().answer).status).toBe(200);
    expect(peer.seen).toHaveLength(2);
  });
});

describe('an exchange without an answer', () => {
  const head = 'HTTP/1.1 200 OK\r\n';
  const long = 'x'.repeat(ROOM + 1);

  it.each([
    ['more than there is room for', `${head}Content-Length: ${long.length}\r\n\r\n${long}`, 'refused'],
    ['more headers than there is room for', `${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 'refused'],
    ['another protocol than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'refused'],
    ['chunks that are none', `${head}Transfer-Encoding: chunked\r\n\r\nz\r\n`, 'refused'],
    ['nothing', '', 'unavailable'],
    ['headers that are cut off', `${head}Content-Le`, 'unavailable'],
    ['a body that is cut off', `${head}Content-Length: 9\r\n\r\nabc`, 'unavailable'],
    ['chunks that are cut off', `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, 'unavailable'],
  ])('that got %s fails as it may be repeated or not', async (_, bytes, kind) => {
    const { peer, send } = await open();
    peer.answer = ({ socket }) => void socket.end(bytes);
    const failure = await send().answer.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransportError);
    expect(failure).toMatchObject({ kind, message: expect.stringMatching(/./), cause: expect.any(Error) });
  });

  it('is refused for a request that cannot be sent', async () => {
    const { peer, send } = await open();
    await expect(send({ bad: 'a\nb' }).answer).rejects.toMatchObject({ kind: 'refused' });
    expect(peer.seen).toEqual([]);
  });

  it('is unavailable where nobody listens, and says so', async () => {
    const { peer, send } = await open();
    await peer.close();
    await expect(send().answer).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    ['the texts of all addresses', new AggregateError([new Error('no 4'), new Error('no 6')]), 'no 4, no 6'],
    ['the text of them all', new AggregateError([new Error('no 4')], 'neither'), 'neither'],
    ['the name of the error', new RangeError(), 'RangeError'],
    ['the name of the error', new AggregateError([]), 'AggregateError'],
  ])('has %s, whichever there is', async (_, error, message) => {
    const exchange = new HttpExchange();
    // The controller is for those who go on.
    exchange.onResponseError(undefined as never, error);
    await expect(exchange.answer).rejects.toMatchObject({ kind: 'unavailable', message, cause: error });
  });
});
