import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { eventually, postBytes, RawRest, RestClient, runRest } from './rest-client.ts';

/** How long somebody else waits for an answer, the slowest of some. */
async function slowestMs(client: RestClient, count = 20): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const begunMs = performance.now();
    const { status } = await client.post('/v1/lock', { name: `bystander/${i}` });
    expect(status).toBe(200);
    slowest = Math.max(slowest, performance.now() - begunMs);
  }
  return slowest;
}

/** Far above what it takes, and far below a standstill. */
const PATIENCE_MS = 2_000;

describe('a server with REST is there for others', { timeout: 60_000 }, () => {
  it('while hundreds send their bodies byte by byte, or half of them', async () => {
    const { rest } = await runRest();
    const bystander = await RestClient.begin(rest);
    const raws = await Promise.all(Array.from({ length: 400 }, () => RawRest.connect(rest)));
    for (const raw of raws) {
      raw.send(
        `POST /v1/lock HTTP/1.1\r\nHost: x\r\nCookie: ${bystander.cookie}\r\nContent-Length: 99\r\n\r\n{"na`,
      );
    }
    const drip = setInterval(() => {
      for (const raw of raws.slice(0, 200)) raw.send('m');
    }, 20);
    expect(await slowestMs(bystander)).toBeLessThan(PATIENCE_MS);
    clearInterval(drip);
  });

  it('while somebody sends without reading the answers', async () => {
    const { rest } = await runRest();
    const bystander = await RestClient.begin(rest);
    const flooder = await RestClient.begin(rest);
    const raws = await Promise.all(Array.from({ length: 8 }, () => RawRest.connect(rest)));
    const before = process.memoryUsage().rss;
    const name = 'x'.repeat(1_000);
    const batch = postBytes('/v1/lock', flooder.cookie, JSON.stringify({ name })).repeat(400);
    for (const raw of raws) {
      raw.socket.pause();
      for (let i = 0; i < 20; i++) raw.send(batch);
    }
    expect(await slowestMs(bystander)).toBeLessThan(PATIENCE_MS);
    // What was sent alone are 80 MiB, which stay with their sender, who is this process, too.
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
  });

  it('while thousands of sessions are begun', async () => {
    const server = await runRest();
    const bystander = await RestClient.begin(server.rest);
    const raws = await Promise.all(Array.from({ length: 10 }, () => RawRest.connect(server.rest)));
    for (const raw of raws) raw.send(postBytes('/session', null, '').repeat(500));
    expect(await slowestMs(bystander)).toBeLessThan(PATIENCE_MS);
    await eventually(() => raws.every(({ text }) => text.split(' 201 ').length === 501), 20_000);
  });

  it('while heads come that are too long, and things that are no requests', async () => {
    const { rest } = await runRest();
    const bystander = await RestClient.begin(rest);
    for (let i = 0; i < 200; i++) {
      const raw = await RawRest.connect(rest);
      if (i % 4 === 0) raw.send(`GET / HTTP/1.1\r\nX: ${'x'.repeat(2 * Limits.restHeadBytesMax)}`);
      else if (i % 4 === 1) raw.send('\u0016\u0003\u0001\u0002\u0000');
      else if (i % 4 === 2)
        raw.send('POST /v1/lock HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n');
      else raw.socket.resetAndDestroy();
    }
    expect(await slowestMs(bystander)).toBeLessThan(PATIENCE_MS);
  });

  it('while bodies come that are hard to read', async () => {
    const { rest } = await runRest();
    const bystander = await RestClient.begin(rest);
    const max = Limits.restBodyBytesMax;
    const bodies = [
      '['.repeat(max),
      '{"a":'.repeat(max / 5),
      `{"size":1${'0'.repeat(max - 20)}}`,
      `{"size":0.${'0'.repeat(max - 20)}1}`,
      `{"size":"${'0'.repeat(max - 20)}"}`,
      `{"request_id":"${'A'.repeat(max - 20)}"}`,
      `{"name":"${'\\u00e9'.repeat((max - 20) / 6)}"}`,
      `{"${'\\u00e9'.repeat((max - 20) / 6)}":1}`,
      `{${'"a":1,'.repeat(max / 6 - 1)}"a":1}`,
    ];
    for (const body of bodies) {
      const begunMs = performance.now();
      await bystander.post('/v1/lock', body);
      expect(performance.now() - begunMs).toBeLessThan(PATIENCE_MS);
    }
  });
});
