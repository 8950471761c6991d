import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { constants, Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { answerJson, askForPassword, wasDelivered } from '../../../src/server/rest/answer.ts';
import type { RawRequest } from '../../../src/server/rest/rest-call.ts';
import { afterwards } from '../running-server.ts';
import { ResettingClient } from './resetting-client.ts';

/** What a client gets of an answer. */
function answered(body: string, cookie: string | null, closing: boolean): Promise<Response> {
  return answeredBy((response) => answerJson(response, 418, body, cookie, closing));
}

async function answeredBy(answer: (response: ServerResponse) => void): Promise<Response> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => server.close());
  const { port } = server.address() as { port: number };
  return fetch(`http://127.0.0.1:${port}/`);
}

describe('an answer', () => {
  it('has a type, a length in bytes and its body', async () => {
    const response = await answered('{"a":"ä\u{1f512}"}', null, false);
    expect(response.status).toBe(418);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('content-length')).toBe('14');
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(response.headers.get('connection')).toBe('keep-alive');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('{"a":"ä\u{1f512}"}');
  });

  it('has a cookie, and ends its connection, where it should', async () => {
    const response = await answered('{}', 'a=b; Path=/', true);
    expect(response.headers.get('set-cookie')).toBe('a=b; Path=/');
    expect(response.headers.get('connection')).toBe('close');
  });
});

describe('the question for the password', () => {
  it.each([
    [false, 'keep-alive'],
    [true, 'close'],
  ])('ends its connection where it should: %s', async (closing, connection) => {
    const response = await answeredBy((response) => askForPassword(response, closing));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="Restricted"');
    expect(response.headers.get('content-type')).toBeNull();
    expect(response.headers.get('connection')).toBe(connection);
    expect(await response.text()).toBe('');
  });
});

describe('whether an answer was delivered', () => {
  /** What is thought of the answer to one request. */
  async function opened(beforeAnswer: () => void) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterwards(() => server.close());
    const delivered = new Promise((resolve) => {
      server.once('request', (request, response) => {
        response.once('close', () => resolve(wasDelivered(request, response)));
        beforeAnswer();
        answerJson(response, 200, '{}', null, true);
      });
    });
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, delivered };
  }

  it('is so when it was written', async () => {
    const { address, delivered } = await opened(() => {});
    await (await fetch(`http://${address}/`)).text();
    expect(await delivered).toBe(true);
  });

  it('is not so when its client was gone before it was written', async () => {
    let client: ResettingClient | null = null;
    const { address, delivered } = await opened(() => client?.resetMeanwhile());
    client = new ResettingClient(address, false, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await delivered).toBe(false);
    await client.gone;
  });

  it.each([
    [constants.NGHTTP2_NO_ERROR, true],
    [constants.NGHTTP2_CANCEL, false],
  ])('depends over HTTP/2 on how its stream has ended, here with %s', (rstCode, delivered) => {
    const response = Object.create(Http2ServerResponse.prototype, {
      writableFinished: { value: true },
      stream: { value: { rstCode } },
    }) as Http2ServerResponse;
    expect(wasDelivered({ socket: {} } as RawRequest, response)).toBe(delivered);
  });
});
