import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { WireConnection } from '../../../src/zookeeper/wire/wire-connection.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { afterwards } from '../../server/running-server.ts';

/** A connection, what its listener was told, and the other end. */
async function open(afterFrame: () => void = () => {}) {
  const arrived: Buffer[] = [];
  let peer: Socket | null = null;
  const server = createServer((socket) => {
    peer = socket.on('error', () => {}).on('data', (bytes: Buffer) => arrived.push(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const told: string[] = [];
  const frames: number[] = [];
  let cause: Error | null = null;
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const wire = new WireConnection(address, null, {
    opened: () => told.push('opened'),
    arrived: () => {},
    frame: (_bytes, start, end) => {
      frames.push(end - start);
      afterFrame();
    },
    closed: (error) => {
      told.push('closed');
      cause = error;
    },
  });
  afterwards(() => {
    wire.destroy();
    peer?.destroy();
    server.close();
  });
  await vi.waitFor(() => expect([told, peer === null]).toEqual([['opened'], false]));
  return { wire, told, frames, arrived, peer: peer! as Socket, cause: () => cause };
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes);
  return length;
}

it('takes a reply of the longest length, and closes at one that is longer before it has come', async () => {
  const { peer, told, frames, cause } = await open();
  peer.write(lengthOf(Limits.zookeeperReplyBytesMax));
  peer.write(Buffer.alloc(Limits.zookeeperReplyBytesMax));
  await vi.waitFor(() => expect(frames).toEqual([Limits.zookeeperReplyBytesMax]), { timeout: 20_000 });
  expect(told).toEqual(['opened']);
  peer.write(lengthOf(Limits.zookeeperReplyBytesMax + 1));
  await vi.waitFor(() => expect(told).toEqual(['opened', 'closed']));
  expect(cause()).toBeInstanceOf(MalformedReplyError);
});

it('closes with what its listener says of a frame, and tells of none behind it', async () => {
  const { peer, told, frames, cause } = await open(() => {
    throw new MalformedReplyError('not this one');
  });
  peer.write(Buffer.concat([lengthOf(0), lengthOf(0)]));
  await vi.waitFor(() => expect(told).toEqual(['opened', 'closed']));
  expect([frames, cause()]).toEqual([[0], new MalformedReplyError('not this one')]);
});

it('says nothing any more when it was destroyed, not even the rest of a packet', async () => {
  const { wire, peer, told, frames } = await open(() => wire.destroy());
  const ended = new Promise((resolve) => peer.once('close', resolve));
  peer.write(Buffer.concat([lengthOf(0), lengthOf(0)]));
  await ended;
  expect([frames, told]).toEqual([[0], ['opened']]);
});

it('sends in one packet what is written in one turn', async () => {
  const { wire, arrived } = await open();
  for (const value of [1, 2]) {
    wire.writer.int(value);
    wire.flushSoon();
  }
  expect(arrived).toEqual([]);
  await vi.waitFor(() => expect(arrived).toEqual([Buffer.from('0000000100000002', 'hex')]));
});

it('sends before all else of the next turn what is alone', async () => {
  const { wire, arrived } = await open();
  wire.writer.int(1);
  wire.flushSoon(true);
  expect(wire.writer.isEmpty).toBe(false);
  await Promise.resolve();
  expect(wire.writer.isEmpty).toBe(true);
  await vi.waitFor(() => expect(arrived).toEqual([Buffer.from('00000001', 'hex')]));
});
