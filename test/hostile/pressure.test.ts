import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { CLIENT_PREFACE, FrameType } from '../../src/protocol/http2/frame.ts';
import { message } from '../protocol/grpc/recorded-calls.ts';
import { data, END, headers, OPENING, settings, windowUpdate } from '../protocol/http2/wire-frames.ts';
import { breathe, HostilePeer, NO_GOAWAY, sleep } from './hostile-peer.ts';
import { attackMs, Siege } from './siege.ts';
import { Target } from './target.ts';

/** So many connections at a time: fewer than the processes' file descriptors. */
const PEERS = 400;

let target: Target;
let siege: Siege;

beforeAll(async () => {
  target = await Target.start();
  siege = new Siege(target);
  await siege.bystander.work(500);
});

afterAll(async () => {
  siege.stop();
  await target.stop();
});

/** LockRequest of this name. */
function lockRequest(name: Buffer): Buffer {
  const length = Buffer.of(
    0x80 | (name.length & 0x7f),
    0x80 | ((name.length >>> 7) & 0x7f),
    name.length >>> 14,
  );
  return message(Buffer.concat([Buffer.of(0x0a), length, name]));
}

/** A Lock of a name of 60 KiB, in frames. */
function longLock(id: number): Buffer {
  const name = Buffer.alloc(60_000, 'n');
  name.writeUInt32BE(id);
  const body = lockRequest(name);
  const parts = [headers(id)];
  for (let at = 0; at < body.length; at += 16_384) parts.push(data(id, body.subarray(at, at + 16_384)));
  parts.push(data(id, '', END));
  return Buffer.concat(parts);
}

describe('a peer that does not take its replies', () => {
  it('because its windows are shut is refused further requests', async () => {
    await siege.attack(async (untilMs) => {
      const peer = await HostilePeer.greeted(target.port);
      await peer.send(settings([4, 0]));
      for (let id = 1; performance.now() < untilMs; id += 2) await peer.send(longLock(id));
      await expect.poll(() => peer.received(FrameType.RstStream), { timeout: 5_000 }).toBeGreaterThan(0);
      expect(peer.received(FrameType.Data)).toBe(0);
      peer.destroy();
    });
  });

  it('because it does not read is not read from either', async () => {
    await siege.attack(async (untilMs) => {
      const peer = await HostilePeer.greeted(target.port);
      await peer.send(Buffer.concat([settings([4, 2 ** 30]), windowUpdate(0, 2 ** 30)]));
      peer.socket.pause();
      // What the kernel holds for both sides has to be filled first.
      const giveUpMs = untilMs + 5_000;
      let stuck = false;
      for (let id = 1; performance.now() < giveUpMs && !stuck; id += 2) {
        const tooLong = sleep(500).then(() => true);
        stuck = await Promise.race([peer.send(longLock(id)).then(() => false), tooLong]);
      }
      expect(stuck).toBe(true);
      peer.destroy();
    });
  });
});

/** A request that is not gRPC and does not end, with a path as long as a frame. */
const endless = headers(1, [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'.padEnd(16_000, 'p')],
  ['content-type', 'text/plain'],
]);

describe('a peer that never ends its requests', () => {
  it('does not fill the memory with their heads', async () => {
    // 200 MB of heads, if they were kept.
    const requests = 12_800;
    await siege.attack(async () => {
      const peer = await HostilePeer.greeted(target.port);
      for (let i = 0; i < requests; i++) {
        endless.writeUInt32BE(1 + 2 * i, 5);
        await peer.send(Buffer.from(endless));
      }
      expect(peer.goAway).toBe(NO_GOAWAY);
      peer.destroy();
    });
  });
});

describe('slow peers', () => {
  it('that write byte by byte disturb nobody', async () => {
    const bytes = Buffer.concat([OPENING, headers(1), data(1, lockRequest(Buffer.alloc(200, 'x')), END)]);
    await siege.attack(async (untilMs) => {
      const peers = Array.from({ length: 50 }, () => new HostilePeer(target.port));
      for (let at = 0; performance.now() < untilMs; at++) {
        for (const peer of peers) if (at < bytes.length) peer.socket.write(bytes.subarray(at, at + 1));
        await (at < bytes.length ? breathe() : sleep(10));
      }
      for (const peer of peers) expect(peer.goAway).toBe(NO_GOAWAY);
      for (const peer of peers) peer.destroy();
    });
  });

  it('that never finish the preface hold little and are shut out in the end', async () => {
    const peers: HostilePeer[] = [];
    await siege.attack(async (untilMs) => {
      while (peers.length < PEERS && performance.now() < untilMs) {
        const peer = new HostilePeer(target.port);
        peers.push(peer);
        await peer.send(CLIENT_PREFACE.subarray(0, peers.length % CLIENT_PREFACE.length));
      }
      await sleep(Math.max(0, untilMs - performance.now()));
    });
    // The long form waits for the end of their time.
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
});

describe('connects without end', () => {
  let shutDoor: ChildProcess;
  let shutDoorPort: number;

  beforeAll(async () => {
    shutDoor = fork(fileURLToPath(new URL('shut-door.mjs', import.meta.url)));
    [shutDoorPort] = await once(shutDoor, 'message');
  });

  afterAll(() => shutDoor.disconnect());

  it.each([
    ['that say nothing', Buffer.alloc(0)],
    ['that say hello', OPENING],
    [
      'that take a lock',
      Buffer.concat([OPENING, headers(1), data(1, lockRequest(Buffer.from('taken'))), data(1, '', END)]),
    ],
  ])('%s disturb nobody', async (_name, bytes) => {
    let connects = 0;
    const connectTo = (port: number) => async (untilMs: number) => {
      const peers: HostilePeer[] = [];
      while (performance.now() < untilMs) {
        const peer = new HostilePeer(port);
        connects++;
        peers.push(peer);
        await peer.send(bytes);
        if (peers.length > 50) peers.shift()!.destroy();
      }
      for (const peer of peers) peer.destroy();
    };
    // Most of what a connect costs is the kernel's, so that on few processors it is felt whomever it is meant for.
    await siege.attack(connectTo(target.port), connectTo(shutDoorPort));
    expect(connects).toBeGreaterThan(100);
  });
});
