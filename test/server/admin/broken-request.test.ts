import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { refuseRequest } from '../../../src/server/admin/broken-request.ts';

const broken = (code: string) => Object.assign(new Error('broken'), { code });

describe('what is no request of the admin listener', () => {
  it.each([
    [
      'HPE_HEADER_OVERFLOW',
      '431 Request Header Fields Too Large',
      'the head of the request is longer than 16384 bytes',
    ],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', 'the rest of the request did not come in time'],
    ['HPE_INVALID_METHOD', '400 Bad Request', 'this is not a request of HTTP/1.1'],
  ])('is answered without a body, with the headers that guard browsers: %s', async (code, status, reason) => {
    const socket = new PassThrough();
    expect(refuseRequest(broken(code), socket)).toBe(reason);
    const answer = await text(socket).catch(() => '');
    expect(answer.startsWith(`HTTP/1.1 ${status}\r\n`)).toBe(true);
    expect(answer).toContain("\r\ncontent-security-policy: default-src 'none'");
    expect(answer.endsWith('\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')).toBe(true);
    expect(socket.destroyed).toBe(true);
  });

  it('is not answered where nobody listens', () => {
    const socket = new PassThrough();
    expect(refuseRequest(broken('ECONNRESET'), socket)).toBeNull();
    expect(socket.destroyed).toBe(true);
  });
});
