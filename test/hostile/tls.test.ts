import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { HostilePeer, sleep } from './hostile-peer.ts';
import { attackMs } from './siege.ts';
import { Target } from './target.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

let target: Target;

beforeAll(async () => {
  target = await Target.start('--tls_cert', fixture('server.pem'), '--tls_key', fixture('server-key.pem'));
});

afterAll(() => target.stop());

/** How long a TLS handshake takes, in milliseconds. */
async function handshakeMs(): Promise<number> {
  const startMs = performance.now();
  const socket = connectTls({
    port: target.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.destroy();
  return performance.now() - startMs;
}

describe('TLS handshakes', () => {
  it('that are never finished hold little, hinder no other, and are ended in time', async () => {
    await handshakeMs();
    const rssBefore = target.rssMiB();
    const hello = Buffer.from('1603010100010000fc0303', 'hex');
    const peers: HostilePeer[] = [];
    for (let i = 0; i < 500; i++) {
      const peer = new HostilePeer(target.port);
      peers.push(peer);
      await peer.send(hello.subarray(0, i % hello.length));
    }
    await sleep(attackMs / 2);
    expect(target.rssMiB() - rssBefore).toBeLessThan(64);
    expect(await handshakeMs()).toBeLessThan(1_000);
    if (attackMs > 2_000) {
      await expect
        .poll(() => peers.every(({ closed }) => closed), {
          timeout: Limits.handshakeMsMax + 5_000,
          interval: 200,
        })
        .toBe(true);
    }
    for (const peer of peers) peer.destroy();
  });

  it('that are none are ended at once', async () => {
    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\n', '\x16\x03\x01\xff\xff']) {
      const peer = new HostilePeer(target.port);
      await peer.send(Buffer.from(text.padEnd(600), 'latin1'));
      await expect.poll(() => peer.closed, { timeout: 3_000 }).toBe(true);
    }
    expect(target.alive).toBe(true);
  });
});
