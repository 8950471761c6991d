import { describe, expect, it } from 'vitest';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { RawPeer } from './raw-peer.ts';
import { afterwards, connect, runServer } from './running-server.ts';

async function peerOf(address: string, preface = true): Promise<RawPeer> {
  const peer = await RawPeer.connect(address, preface);
  afterwards(() => peer.socket.destroy());
  return peer;
}

describe('keepalive', () => {
  it('ends a connection that does not answer, and with it its locks (case 51)', async () => {
    const server = await runServer({ keepaliveIntervalMs: 1_000, keepaliveTimeoutMs: 1_000 });
    const silent = await peerOf(server.address);
    await silent.frame((frame) => frame.type === FrameType.Ping, 3_000);
    const fromMs = performance.now();
    await silent.closing();
    expect(performance.now() - fromMs).toBeGreaterThan(800);
    expect(performance.now() - fromMs).toBeLessThan(3_000);
  });

  it('leaves a connection alone that answers', async () => {
    const server = await runServer({ keepaliveIntervalMs: 1_000, keepaliveTimeoutMs: 500 });
    const peer = await peerOf(server.address);
    for (let pings = 1; pings <= 2; pings++) {
      await peer.frame((frame) => frame.type === FrameType.Ping && peer.frames.length > 0, 3_000);
      const ping = peer.frames.splice(0).find((frame) => frame.type === FrameType.Ping)!;
      peer.send(FrameType.Ping, 1, 0, ping.payload);
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(peer.closed).toBe(false);
  });
});

describe('draining', () => {
  it('says goodbye twice: first to all, then with the last stream, once the client has seen the first', async () => {
    const server = await runServer({ shutdownGraceMs: 3_000 });
    const peer = await peerOf(server.address);
    await peer.frame((frame) => frame.type === FrameType.Settings);
    const closing = server.close();
    const first = await peer.frame((frame) => frame.type === FrameType.GoAway);
    expect(first.payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
    const ping = await peer.frame((frame) => frame.type === FrameType.Ping);
    peer.frames.length = 0;
    peer.send(FrameType.Ping, 1, 0, ping.payload);
    const last = await peer.frame((frame) => frame.type === FrameType.GoAway);
    expect(last.payload.readUInt32BE(0)).toBe(0);
    await closing;
    await peer.closing();
  });

  it('cuts off a client that does not go, at the end of the grace period', async () => {
    const server = await runServer({ shutdownGraceMs: 300 });
    const peer = await peerOf(server.address);
    await peer.frame((frame) => frame.type === FrameType.Settings);
    const fromMs = performance.now();
    await server.close();
    expect(performance.now() - fromMs).toBeGreaterThan(250);
    expect(performance.now() - fromMs).toBeLessThan(2_000);
    await peer.closing();
  });
});

describe('a connection that is no HTTP/2', () => {
  it('is told what the port speaks when it asks in HTTP/1', async () => {
    const server = await runServer();
    const reply = await fetch(`http://${server.address}/`);
    expect(reply.status).toBe(426);
    expect(await reply.text()).toContain('gRPC');
  });

  it('is closed', async () => {
    const server = await runServer();
    const peer = await peerOf(server.address, false);
    peer.socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
    await peer.closing();
    expect(await connect(server.address).tryLock({ name: 'a' })).toMatchObject({ locked: true });
  });
});
