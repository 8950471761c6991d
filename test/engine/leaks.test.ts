import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientUnaryCall } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/index.ts';
import { LockClient } from '../clients/lock-client.ts';
import { seededIntegers } from '../core/random.ts';
import { afterwards, connect as connectClient, runServer } from '../server/running-server.ts';
import { prefaceBytes, RawLockClient, requestBytes } from './raw-lock-client.ts';

/** Waits until the server's numbers are as they should be. */
async function expectStats(server: RunningServer, expected: object, timeoutMs = 10_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      expect(server.stats()).toMatchObject(expected);
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(10);
    }
  }
}

const NOTHING_HELD = { connections: 0, holders: 0, waiters: 0, sessions: 0 };

async function openSocket(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port), noDelay: true });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Runs `count` tasks, some at a time. */
async function inParallel(count: number, width: number, task: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await task(i);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function connectRaw(address: string, initialWindow?: number): Promise<RawLockClient> {
  const client = await RawLockClient.connect(address, initialWindow);
  afterwards(() => client.peer.socket.destroy());
  return client;
}

describe('a connection that drops', () => {
  it('leaves nothing behind of 3,000 TryLocks sent right before', { timeout: 60_000 }, async () => {
    const server = await runServer();
    await inParallel(3_000, 50, async (i) => {
      const socket = await openSocket(server.address);
      const bytes = Buffer.concat([prefaceBytes(), requestBytes(1, 'TryLock', { name: `lock/${i}` })]);
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.destroy();
    });
    await expectStats(server, NOTHING_HELD);
    // Or the test would have shown nothing.
    expect(server.stats().grants).toBeGreaterThan(1_000);
    const client = connectClient(server.address);
    expect(await client.tryLock({ name: 'lock/0' })).toMatchObject({ locked: true });
  });

  it('leaves no waiter behind', { timeout: 60_000 }, async () => {
    const server = await runServer();
    const holder = connectClient(server.address);
    const { key } = await holder.lock({ name: 'busy' });
    await inParallel(300, 30, async () => {
      const client = await connectRaw(server.address);
      for (let i = 0; i < 5; i++) client.send('Lock', { name: 'busy' });
      await sleep(Math.random() * 4);
      client.peer.socket.destroy();
    });
    await expectStats(server, { connections: 1, holders: 1, waiters: 0, sessions: 1 });
    await holder.unlock('busy', key);
    expect(await holder.tryLock({ name: 'busy' })).toMatchObject({ locked: true });
  });

  it.each([false, true])(
    'keeps the server up and its Unlocks valid, with no_clear_on_disconnect %s',
    {
      timeout: 60_000,
    },
    async (noClearOnDisconnect) => {
      const server = await runServer({ noClearOnDisconnect });
      const owner = await connectRaw(server.address);
      await inParallel(150, 15, async (i) => {
        const dropped = await connectRaw(server.address);
        // With no_clear_on_disconnect its own locks, otherwise those of another session.
        const holder = noClearOnDisconnect ? dropped : owner;
        const names = Array.from({ length: 20 }, (_, j) => `lock/${i}/${j}`);
        const locked = await Promise.all(names.map((name) => holder.ask('Lock', { name })));
        for (const { name, key } of locked) dropped.send('Unlock', { name, key });
        dropped.peer.socket.end();
      });
      await expectStats(server, { connections: 1, holders: 0, waiters: 0 });
      expect(await owner.ask('TryLock', { name: 'lock/0/0' })).toMatchObject({ locked: true });
    },
  );
});

describe('a grant that cannot be delivered', () => {
  it.each([false, true])(
    'is given back when its stream is reset, with no_clear_on_disconnect %s',
    async (noClear) => {
      const server = await runServer({ noClearOnDisconnect: noClear });
      const client = await connectRaw(server.address, 0);
      const streams = Array.from({ length: 50 }, (_, i) => client.send('Lock', { name: `lock/${i}` }));
      await expectStats(server, { holders: 50 });
      await sleep(20);
      for (const stream of streams) client.cancel(stream);
      await expectStats(server, { connections: 1, holders: 0 });
    },
  );

  it.each([false, true])(
    'is given back when its connection drops, with no_clear_on_disconnect %s',
    async (noClear) => {
      const server = await runServer({ noClearOnDisconnect: noClear });
      const client = await connectRaw(server.address, 0);
      for (let i = 0; i < 50; i++) client.send('Lock', { name: `lock/${i}` });
      await expectStats(server, { holders: 50 });
      await sleep(20);
      client.peer.socket.destroy();
      await expectStats(server, NOTHING_HELD);
    },
  );
});

describe('a client that stays', () => {
  it('holds nothing after 10,000 waits that it cancelled at random moments', {
    timeout: 60_000,
  }, async () => {
    const server = await runServer();
    const client = await connectRaw(server.address);
    const random = seededIntegers(20_381);
    const names = Array.from({ length: 40 }, (_, i) => `lock/${i}`);
    const sent = new Map<number, string>();
    let granted = 0;
    let crossed = 0;
    // What was granted before the server learned that nobody wants it any more is the server's to take back.
    client.onReply = (streamId, { locked, key }) => {
      const name = sent.get(streamId);
      if (name === undefined || locked !== true) return;
      const index = open.indexOf(streamId);
      if (index < 0) {
        crossed++;
        return;
      }
      open.splice(index, 1);
      granted++;
      client.send('Unlock', { name, key });
    };
    const open: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      const name = names[random(names.length)]!;
      const streamId = client.send('Lock', { name });
      sent.set(streamId, name);
      open.push(streamId);
      while (open.length > random(400)) client.cancel(open.splice(random(open.length), 1)[0]!);
      if (i % 50 === 0) await sleep(random(3));
    }
    for (const streamId of open) client.cancel(streamId);
    await expectStats(server, { connections: 1, holders: 0, waiters: 0 });
    expect(granted).toBeGreaterThan(100);
    // Or the test would have shown nothing.
    expect(crossed).toBeGreaterThan(10);
    for (const name of names) {
      expect(await client.ask('TryLock', { name })).toMatchObject({ locked: true });
    }
  });

  it('gets rid of cancelled calls of @grpc/grpc-js', { timeout: 60_000 }, async () => {
    const server = await runServer();
    const client = new LockClient(server.address);
    afterwards(() => client.close());
    let cancelled = 0;
    await inParallel(2_000, 40, async (i) => {
      const name = `lock/${i % 10}`;
      let call: ClientUnaryCall | null = null;
      const answer = client.call('Lock', { name }, {}, (sent) => {
        call = sent;
      });
      const settled = answer.then(
        ({ key }) => client.unlock(name, key),
        () => {
          cancelled++;
        },
      );
      await sleep(Math.random() * 3);
      (call as ClientUnaryCall | null)?.cancel();
      await settled;
    });
    await expectStats(server, { connections: 1, holders: 0, waiters: 0 });
    expect(cancelled).toBeGreaterThan(100);
  });
});
