import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type LockReply, statusOf } from '../../clients/lock-client.ts';
import type { RawPeer } from '../../server/raw-peer.ts';
import { connectRaw } from '../raw-calls.ts';
import { afterwards, connect, sharedServer } from '../server-process.ts';
import { granted, pause, renewed, unlocked } from './replies.ts';

const server = sharedServer();

/** Sends bytes as the message of a call, and returns those of the reply. */
function callWithBytes(path: string, message: Buffer): Promise<Buffer> {
  const client = new Client(server.address, credentials.createInsecure());
  afterwards(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, message, (error, reply) => {
      if (error !== null) reject(error);
      else resolve(reply!);
    });
  });
}

function statusOfBytes(path: string, message: Buffer): Promise<{ code: number; details: string }> {
  return statusOf(
    callWithBytes(path, message).then((reply): LockReply => {
      throw new Error(`answered ${reply.toString('hex')}`);
    }),
  );
}

describe('methods', () => {
  it('61: RefreshLock is served as Renew', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: 'c61', lock_timeout_seconds: 60 });
    const reply = await client.call('RefreshLock', { name: 'c61', key, lock_timeout_seconds: 60 });
    expect(reply).toStrictEqual(renewed('c61', key));
  });

  it.each([
    ['/foo.Bar/Lock', 'unknown service foo.Bar'],
    ['/ldlm.LDLM/Steal', 'unknown method Steal for service ldlm.LDLM'],
  ])('62: %s is unimplemented', async (path, details) => {
    expect(await statusOfBytes(path, Buffer.alloc(0))).toMatchObject({ code: status.UNIMPLEMENTED, details });
  });
});

describe('messages', () => {
  it.each([
    ['malformed', Buffer.from('0a05ff', 'hex'), 'proto: cannot parse invalid wire-format data'],
    ['not UTF-8', Buffer.from('0a02c328', 'hex'), 'string field contains invalid UTF-8'],
  ])('63: one that is %s is an internal error', async (_fault, message, reason) => {
    for (const method of ['Lock', 'TryLock', 'Unlock', 'Renew', 'RefreshLock']) {
      expect(await statusOfBytes(`/ldlm.LDLM/${method}`, message)).toMatchObject({
        code: status.INTERNAL,
        details: `grpc: error unmarshalling request: ${reason}`,
      });
    }
  });

  it('64: unknown fields are ignored', async () => {
    // Fields 15 (a string), 500 (a varint), 501 (8 bytes) and 502 (4 bytes) around the name.
    const name = Buffer.from('0a03633634', 'hex');
    const unknown = Buffer.from('7a0161a01f01a91f0102030405060708b51f01020304', 'hex');
    const reply = await callWithBytes('/ldlm.LDLM/TryLock', Buffer.concat([unknown, name, unknown]));
    expect(reply.subarray(0, 7).toString('hex')).toBe('0801' + '1203633634');
  });

  it('65: one of 5 MiB is too large', async () => {
    const bytes = 5 * 1024 * 1024;
    expect(await statusOfBytes('/ldlm.LDLM/Lock', Buffer.alloc(bytes))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: `grpc: received message larger than max (${bytes} vs. 4194304)`,
    });
  });

  it.each(['nul\0nul', 'line\nline', 'a/b/c', 'schloß 錠 🔒', ' '])(
    '66: the name %j is echoed',
    async (name) => {
      const client = connect(server.address);
      const reply = await client.lock({ name });
      expect(reply).toStrictEqual(granted(name));
      expect(await client.unlock(name, reply.key)).toStrictEqual(unlocked(name));
    },
  );
});

describe('pings', () => {
  const frameType = { ping: 6, goAway: 7 } as const;

  async function sendPings(count: number): Promise<RawPeer> {
    const peer = await connectRaw(server.address);
    afterwards(() => peer.socket.destroy());
    for (let ping = 0; ping < count; ping++) {
      if (ping > 0) await pause(500);
      peer.send(frameType.ping, 0, 0, Buffer.alloc(8, ping));
    }
    return peer;
  }

  it('67: four in two seconds are too many', async () => {
    const peer = await sendPings(4);
    const { payload } = await peer.frame((frame) => frame.type === frameType.goAway);
    expect(payload.readUInt32BE(4)).toBe(11);
    expect(payload.subarray(8).toString()).toBe('too_many_pings');
    await peer.closing();
  });

  it('67: three are not', async () => {
    const peer = await sendPings(3);
    await peer.frame((frame) => frame.type === frameType.ping && frame.payload[0] === 2);
    await pause(300);
    expect(peer.closed).toBe(false);
  });
});
