import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answerJson } from '../../../src/server/rest/answer.ts';
import { afterwards } from '../running-server.ts';

/** What a client gets of an answer. */
async function answered(body: string, cookie: string | null, closing: boolean): Promise<Response> {
  const server = createServer((_request, response) => answerJson(response, 418, body, cookie, closing));
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
    expect(await response.text()).toBe('{"a":"ä\u{1f512}"}');
  });

  it('has a cookie, and ends its connection, where it should', async () => {
    const response = await answered('{}', 'a=b; Path=/', true);
    expect(response.headers.get('set-cookie')).toBe('a=b; Path=/');
    expect(response.headers.get('connection')).toBe('close');
  });
});
