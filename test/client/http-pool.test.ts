import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CallEnd } from '../../src/client/call-end.ts';
import type { TlsOptions } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';
import type { HttpAnswer } from '../../src/client/http-exchange.ts';
import { HttpPool } from '../../src/client/http-pool.ts';
import type { CallLimits } from '../../src/client/transport.ts';
import { afterwards } from '../server/running-server.ts';
import { HttpPeer, silence } from './http-peer.ts';
import { TcpProxy } from './tcp-proxy.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const serverTls = { cert: readFileSync(fixture('server')), key: readFileSync(fixture('server-key')) };
const eventually = { timeout: 10_000 };

function openPool(address: string, tls: TlsOptions | null = null) {
  const pool = new HttpPool(address, tls);
  const ends = { heard: 0 };
  pool.onDisconnect = () => ends.heard++;
  afterwards(() => pool.close());
  const ask = (path = '/x', limits: CallLimits = {}): Promise<HttpAnswer> => {
    const end = new CallEnd(limits);
    const asking = pool.ask({ method: 'POST', path, headers: { a: 'b' }, body: 'ä' }, end);
    // It may fail before the test looks at it.
    asking.catch(() => {}).finally(() => end.close());
    return asking;
  };
  return { pool, ends, ask };
}

async function open() {
  const peer = await HttpPeer.open();
  return { peer, ...openPool(peer.address) };
}

describe('a pool of connections', () => {
  it('carries requests as they are, and their answers', async () => {
    const { peer, pool, ask } = await open();
    peer.answer = (_request, response) => response.writeHead(201, { 'X-Y': 'z' }).end('ö');
    expect(await ask('/v1/lock?a=b')).toMatchObject({ status: 201, body: 'ö', headers: { 'x-y': 'z' } });
    const end = new CallEnd({});
    await pool.ask({ method: 'DELETE', path: '/session', headers: {}, body: null }, end);
    expect(end.onEnd).toBeNull();
    expect(peer.seen).toMatchObject([
      { method: 'POST', path: '/v1/lock?a=b', headers: { a: 'b', host: peer.address }, body: 'ä' },
      { method: 'DELETE', path: '/session', body: '' },
    ]);
  });

  it('opens none before it is asked, and no more for many requests one after another', async () => {
    const { peer, ask } = await open();
    expect(peer.connections).toBe(0);
    for (let count = 0; count < 30; count++) await ask();
    expect(peer.seen).toHaveLength(30);
    // One that has just been used is not always free again when the next request comes.
    expect(peer.connections).toBeLessThanOrEqual(2);
  });

  it('opens one for each of the requests that wait at a time', async () => {
    const { peer, ask } = await open();
    const answers: (() => void)[] = [];
    peer.answer = (_request, response) => answers.push(() => response.end());
    const asking = Array.from({ length: 30 }, () => ask());
    await expect.poll(() => answers.length, eventually).toBe(30);
    expect(peer.connections).toBe(30);
    for (const answer of answers) answer();
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual(Array(30).fill(200));
  });

  it('takes an answer of up to a mebibyte, and none that is longer', async () => {
    const { peer, ask } = await open();
    const lengths = [2 ** 20, 2 ** 20 + 1];
    peer.answer = (_request, response) => response.end('x'.repeat(lengths.shift() ?? 0));
    expect((await ask()).body).toHaveLength(2 ** 20);
    await expect(ask()).rejects.toMatchObject({ kind: 'refused' });
    expect((await ask()).status).toBe(200);
  });

  it('is told that nobody listens, and connects as soon as somebody does', async () => {
    const { peer, ask, pool } = await open();
    const { address } = peer;
    const proxy = await TcpProxy.open(peer.address);
    afterwards(() => proxy.close());
    proxy.isDown = true;
    const behind = openPool(proxy.address);
    await expect(behind.ask()).rejects.toMatchObject({ kind: 'unavailable' });
    proxy.isDown = false;
    expect((await behind.ask()).status).toBe(200);
    await pool.close();
    await peer.close();
    await expect(openPool(address).ask()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('a request', () => {
  it('that is aborted closes its connection and no other one', async () => {
    const { peer, ends, ask } = await open();
    const answers: (() => void)[] = [];
    const cut: string[] = [];
    peer.answer = ({ url }, response) => {
      response.on('close', () => response.writableEnded || cut.push(url!));
      answers.push(() => response.end());
    };
    const controller = new AbortController();
    const kept = ask('/kept');
    const aborted = ask('/aborted', { signal: controller.signal });
    await expect.poll(() => answers.length, eventually).toBe(2);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ kind: 'aborted' });
    await expect.poll(() => cut, eventually).toEqual(['/aborted']);
    for (const answer of answers) answer();
    expect((await kept).status).toBe(200);
    expect([cut, ends.heard]).toEqual([['/aborted'], 0]);
  });

  it('that is late is given up', async () => {
    const { peer, ends, ask } = await open();
    let isCut = false;
    peer.answer = (_request, response) => {
      response.on('close', () => {
        isCut = true;
      });
    };
    const late = ask('/late', { timeoutMs: 2_000 });
    await expect.poll(() => peer.seen.length, eventually).toBe(1);
    await expect(late).rejects.toMatchObject({ kind: 'unanswered' });
    await expect.poll(() => isCut, eventually).toBe(true);
    expect(ends.heard).toBe(0);
  });

  it('that has ended before is not sent', async () => {
    const { peer, ask } = await open();
    await expect(ask('/never', { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' });
    await ask('/sent');
    // By now the other ways are loaded and open.
    await expect(ask('/never', { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' });
    await ask('/sent');
    expect(peer.seen.map(({ path }) => path)).toEqual(['/sent', '/sent']);
  });

  it('that is cut off is unavailable, and the next one has another connection', async () => {
    const { peer, ask } = await open();
    peer.answer = ({ socket }) => void socket.destroy();
    await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' });
    peer.answer = (_request, response) => response.end();
    expect((await ask()).status).toBe(200);
    expect(peer.connections).toBe(2);
  });
});

describe('the end of a connection', () => {
  it('is told when the other side has ended it, idle or not', async () => {
    const { peer, ends, ask } = await open();
    await ask();
    peer.cut();
    await expect.poll(() => ends.heard, eventually).toBe(1);
    peer.answer = silence;
    const asking = ask();
    await expect.poll(() => peer.seen.length, eventually).toBe(2);
    peer.cut();
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    await expect.poll(() => ends.heard, eventually).toBe(2);
  });

  it.each([
    ['says that it closes it', { connection: 'close' }],
    ['will close it soon', { 'keep-alive': 'timeout=1' }],
  ])('is no news behind an answer that %s', async (_, headers) => {
    const { peer, ends, ask } = await open();
    peer.answer = (_request, response) => response.writeHead(200, headers).end();
    await ask();
    await expect.poll(() => peer.open, eventually).toBe(0);
    expect((await ask()).status).toBe(200);
    expect([peer.connections, ends.heard]).toEqual([2, 0]);
  });
});

describe('a pool that is reset', () => {
  it('drops its requests and connections without a word, and has others then', async () => {
    const { peer, pool, ends, ask } = await open();
    await ask();
    peer.answer = silence;
    const asking = ask();
    await expect.poll(() => peer.seen.length, eventually).toBe(2);
    pool.reset();
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    await expect.poll(() => peer.open, eventually).toBe(0);
    peer.answer = (_request, response) => response.end();
    expect((await ask()).status).toBe(200);
    pool.reset();
    pool.reset();
    expect((await ask()).status).toBe(200);
    expect([peer.seen.length, ends.heard]).toEqual([4, 0]);
  });
});

describe('a pool that is closed', () => {
  it('drops its requests and connections without a word, and takes no more of them', async () => {
    const { peer, pool, ends, ask } = await open();
    peer.answer = silence;
    const asking = ask();
    await expect.poll(() => peer.seen.length, eventually).toBe(1);
    await pool.close();
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    const closed = { kind: 'unavailable', message: 'the connection is closed' };
    await expect(ask()).rejects.toMatchObject(closed);
    await pool.close();
    await expect(ask()).rejects.toMatchObject(closed);
    await expect.poll(() => peer.open, eventually).toBe(0);
    await sleep(50);
    expect([peer.connections, ends.heard]).toEqual([1, 0]);
  });

  it('takes none either when it never had one, or had one only just now', async () => {
    const { peer, pool, ask } = await open();
    const asking = ask();
    await pool.close();
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(ask()).rejects.toMatchObject({ message: 'the connection is closed' });
    expect(peer.seen).toEqual([]);
  });

  it('leaves no connection that is not open yet', async () => {
    const peer = await HttpPeer.open(serverTls);
    const proxy = await TcpProxy.open(peer.address);
    afterwards(() => proxy.close());
    proxy.swallowsReplies = true;
    const { pool, ask } = openPool(proxy.address, { ca: fixture('ca') });
    const asking = ask();
    await expect.poll(() => proxy.connections, eventually).toBe(1);
    await pool.close();
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    await expect.poll(() => proxy.open, eventually).toBe(0);
  });
});

describe('a pool with TLS', () => {
  it('reaches a server that it trusts, and no other one', async () => {
    const peer = await HttpPeer.open(serverTls);
    const trusting = openPool(peer.address, { ca: fixture('ca') });
    expect([(await trusting.ask()).status, (await trusting.ask()).status]).toEqual([200, 200]);
    const foreign = openPool(peer.address, { ca: fixture('foreign-ca') });
    await expect(foreign.ask()).rejects.toMatchObject({ kind: 'insecure' });
    const plain = openPool(peer.address);
    await expect(plain.ask()).rejects.toMatchObject({ name: 'TransportError' });
    expect(peer.seen).toHaveLength(2);
  });

  it('cannot be made with files that cannot be read', () => {
    expect(() => new HttpPool('localhost:1', { ca: '/nowhere/ca.pem' })).toThrow(InvalidOptionError);
  });
});
