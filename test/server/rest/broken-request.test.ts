import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { refuseClear, refuseRequest } from '../../../src/server/rest/broken-request.ts';

async function answerTo(code: string): Promise<{ answer: string; told: string | null }> {
  const socket = new PassThrough();
  const told = refuseRequest(Object.assign(new Error('broken'), { code }), socket);
  return { answer: await text(socket).catch(() => ''), told };
}

describe('what is no request', () => {
  it.each([
    ['HPE_HEADER_OVERFLOW', 431, 'the head of the request is longer than 65536 bytes'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413, 'the chunk extensions of the request are too long'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'the rest of the request did not come within 30 s'],
    ['HPE_INVALID_METHOD', 400, 'this is not a request of HTTP/1.1'],
  ])('is answered: %s', async (code, status, message) => {
    const { answer, told } = await answerTo(code);
    const [head, body] = answer.split('\r\n\r\n');
    expect(told).toBe(message);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
    expect(head).toContain(`Content-Length: ${body!.length}`);
    expect(head).toContain('Connection: close');
    expect(JSON.parse(body!)).toMatchObject({ message, details: [] });
  });

  it('is not answered where nobody listens', () => {
    const socket = new PassThrough();
    expect(refuseRequest(Object.assign(new Error('gone'), { code: 'ECONNRESET' }), socket)).toBeNull();
    expect(socket.destroyed).toBe(true);
  });

  it('in clear is told that TLS is spoken', async () => {
    const socket = new PassThrough();
    refuseClear(socket);
    expect(await text(socket).catch(() => '')).toContain('HTTPS server.\n');
  });
});
