import { describe, expect, it } from 'vitest';
import { FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import { RawPeer } from './raw-peer.ts';
import { request } from './raw-request.ts';
import { afterwards, connect, runServer } from './running-server.ts';

async function peerOf(address: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(address);
  afterwards(() => peer.socket.destroy());
  await peer.frame((frame) => frame.type === FrameType.Settings);
  return peer;
}

describe('a client connection', () => {
  it('leaves nothing locked by a client that goes at once after its request', async () => {
    const server = await runServer();
    for (let i = 0; i < 50; i++) {
      const peer = await peerOf(server.address);
      request(peer, 1, 'TryLock', `n${i}`);
      if (i % 2 === 0) peer.socket.destroy();
      else peer.socket.resetAndDestroy();
    }
    const client = connect(server.address);
    for (let i = 0; i < 50; i++) {
      expect(await client.lock({ name: `n${i}`, wait_timeout_seconds: 2 })).toMatchObject({ locked: true });
    }
  });

  it('gives back a lock whose reply the client reset before it could be sent', async () => {
    const server = await runServer({ noClearOnDisconnect: true });
    const peer = await peerOf(server.address);
    // A window of 0: the reply has to wait for it.
    peer.send(FrameType.Settings, 0, 0, Buffer.from('000400000000', 'hex'));
    request(peer, 1, 'TryLock', 'held');
    const client = connect(server.address);
    await expect.poll(async () => (await client.tryLock({ name: 'held' })).locked).toBe(false);
    peer.send(FrameType.RstStream, 0, 1, Buffer.of(0, 0, 0, 8));
    expect(await client.lock({ name: 'held', wait_timeout_seconds: 5 })).toMatchObject({ locked: true });
  });

  it('sends a reply byte by byte as the window opens', async () => {
    const server = await runServer();
    const peer = await peerOf(server.address);
    peer.send(FrameType.Settings, 0, 0, Buffer.from('000400000001', 'hex'));
    request(peer, 1, 'TryLock', 'a');
    let received = 0;
    for (;;) {
      const frame = await peer.frame(
        (f) => f.streamId === 1 && (f.type === FrameType.Data || (f.flags & 1) === 1),
      );
      peer.frames.splice(peer.frames.indexOf(frame), 1);
      if (frame.type !== FrameType.Data) break;
      expect(frame.payload.length).toBe(1);
      received++;
      peer.send(FrameType.WindowUpdate, 0, 1, Buffer.of(0, 0, 0, 1));
    }
    expect(received).toBeGreaterThan(40);
  });

  it('frames a long reply anew, in pieces that the peer accepts', async () => {
    const server = await runServer();
    const peer = await peerOf(server.address);
    const name = 'n'.repeat(65_536);
    peer.send(FrameType.Settings, 0, 0, Buffer.from('000400100000', 'hex'));
    peer.send(FrameType.WindowUpdate, 0, 0, Buffer.of(0, 0x10, 0, 0));
    request(peer, 1, 'TryLock', name);
    await peer.frame((frame) => frame.streamId === 1 && (frame.flags & FrameFlag.EndStream) !== 0);
    const data = peer.frames.filter((frame) => frame.type === FrameType.Data);
    expect(Math.max(...data.map((frame) => frame.payload.length))).toBe(16_384);
    expect(Buffer.concat(data.map((frame) => frame.payload)).includes(name)).toBe(true);
  });

  it('stops reading from a client that does not read, and serves the others', async () => {
    const server = await runServer();
    const peer = await peerOf(server.address);
    peer.send(FrameType.Settings, 0, 0, Buffer.from('00047fffffff', 'hex'));
    peer.send(FrameType.WindowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0));
    peer.socket.pause();
    const name = 'n'.repeat(60_000);
    let accepted = 0;
    for (let streamId = 1; streamId < 2_000 && peer.socket.writableLength < 4 * 2 ** 20; streamId += 2) {
      request(peer, streamId, 'TryLock', name);
      accepted++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Both kernels buffer some megabytes; without back-pressure all thousand requests would be taken.
    expect(accepted).toBeLessThan(999);
    expect(await connect(server.address).tryLock({ name: 'other' })).toMatchObject({ locked: true });
  });

  it('writes a long reply on to a client that reads it slowly, and does not take that for a standstill', async () => {
    const server = await runServer();
    const peer = await peerOf(server.address);
    peer.send(FrameType.Settings, 0, 0, Buffer.from('00047fffffff', 'hex'));
    peer.send(FrameType.WindowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0));
    peer.socket.pause();
    const name = 'n'.repeat(60_000);
    const requests = 150;
    for (let i = 0; i < requests; i++) request(peer, 2 * i + 1, 'TryLock', name);
    // Some megabytes more than the kernels take; they are read in small steps, all of them, in their order.
    const steps = setInterval(() => {
      peer.socket.resume();
      setTimeout(() => peer.socket.pause(), 2);
    }, 20);
    afterwards(() => clearInterval(steps));
    const last = 2 * requests - 1;
    await peer.frame((frame) => frame.streamId === last && (frame.flags & FrameFlag.EndStream) !== 0, 25_000);
    const ends = peer.frames.filter(({ type, flags }) => type === FrameType.Headers && (flags & 1) === 1);
    expect(ends.length).toBe(requests);
  });
});
