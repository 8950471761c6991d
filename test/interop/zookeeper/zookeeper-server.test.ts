import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { tlsFile } from '../tls-fixture.ts';
import { startForeignClient } from './foreign-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

it('a server counts what it is asked', async () => {
  const server = await startZooKeeper();
  const client = await startForeignClient('curator', server.address, { sessionMs: 60_000 });
  await client.acquire('mutex', '/counted');
  await client.release('mutex', '/counted');
  const before = await server.counters();
  await client.acquire('mutex', '/counted');
  const held = await server.counters();
  await client.release('mutex', '/counted');
  const after = await server.counters();
  // A lock is a create and a list, its release a delete; the word that asks counts too.
  expect(held.packetsReceived - before.packetsReceived).toBe(2 + 1);
  expect(after.packetsReceived - held.packetsReceived).toBe(1 + 1);
  expect(held.packetsSent - before.packetsSent).toBeGreaterThanOrEqual(2);
  expect(held).toMatchObject({ ephemerals: 1, znodes: before.znodes + 1, watches: 0 });
  expect(held.all.get('zk_packets_received')).toBe(held.packetsReceived);
  expect(await server.dump()).toContain(`0x${await client.sessionId()}`);
});

it('a server keeps its data when it is stopped or killed', async () => {
  const server = await startZooKeeper();
  const client = await startForeignClient('kazoo', server.address);
  await client.acquire('mutex', '/kept');
  const { pid } = server;
  await server.kill();
  await client.events.until('state', 'SUSPENDED');
  await server.restart();
  expect(server.pid).not.toBe(pid);
  await client.events.until('state', 'CONNECTED');
  expect(await client.children('/kept')).toHaveLength(1);
  await server.stop();
  expect(await server.mode()).toBeUndefined();
  await server.restart();
  await client.events.until('state', 'CONNECTED');
  await client.release('mutex', '/kept');
});

it('a frozen server answers nothing until it is thawed', async () => {
  const server = await startZooKeeper();
  const client = await startForeignClient('kazoo', server.address);
  server.freeze();
  // The signal reaches all threads of Java a moment later.
  await expect.poll(() => server.mode(), { timeout: 10_000 }).toBeUndefined();
  const acquiring = client.acquire('mutex', '/frozen');
  server.thaw();
  expect(await acquiring).toMatchObject({ acquired: true });
  expect(await server.mode()).toBe('standalone');
});

it('a server that does not start shows its log', async () => {
  await expect(startZooKeeper({ settings: { tickTime: 'soon' } })).rejects.toThrow('NumberFormatException');
});

it('a frozen server can be stopped', async () => {
  const server = await startZooKeeper();
  server.freeze();
  await server.stop();
  await server.restart();
});

it('containers go away when the server is told to look often', async () => {
  const server = await startZooKeeper({ containerCheckMs: 200 });
  const client = await startForeignClient('curator', server.address);
  await client.acquire('mutex', '/container');
  expect(await client.children('/')).toContain('container');
  await client.release('mutex', '/container');
  await expect.poll(() => client.children('/'), { timeout: 5_000 }).not.toContain('container');
});

it.each(['server', 'mutual'] as const)('a server serves TLS with certificates: %s', async (tls) => {
  const server = await startZooKeeper({ tls });
  const [host, port] = server.secureAddress.split(':');
  const identity = {
    cert: readFileSync(tlsFile('client.pem')),
    key: readFileSync(tlsFile('client-key.pem')),
  };
  const open = async (options: object): Promise<string> => {
    const socket = connect({
      host: host!,
      port: Number(port),
      ca: readFileSync(tlsFile('ca.pem')),
      ...options,
    });
    let answer = '';
    socket.on('data', (text) => {
      answer += text.toString();
    });
    socket.write('ruok');
    // Whoever has no certificate is cut off with an error. To find nobody there is none of the answers that are meant.
    await once(socket, 'close').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') throw error;
    });
    return answer;
  };
  expect(await open(identity)).toBe('imok');
  expect(await open({})).toBe(tls === 'server' ? 'imok' : '');
});

it('an ensemble goes on when its leader is killed, and takes it back', async () => {
  const ensemble = await startEnsemble();
  const client = await startForeignClient('curator', ensemble.connectString);
  expect(await client.acquire('mutex', '/ensemble')).toMatchObject({ acquired: true });
  const leader = await ensemble.leader();
  expect(await ensemble.followers()).toHaveLength(2);
  await leader.kill();
  const next = await ensemble.leader();
  expect(next).not.toBe(leader);
  expect(await client.participants('mutex', '/ensemble')).toHaveLength(1);
  await client.release('mutex', '/ensemble');
  await leader.restart();
  await ensemble.ready();
  expect(await leader.mode()).toBe('follower');
});

it('an ensemble leaves a leader that is frozen, which follows once it is thawed', async () => {
  const ensemble = await startEnsemble();
  const leader = await ensemble.leader();
  leader.freeze();
  expect(await ensemble.leader()).not.toBe(leader);
  leader.thaw();
  await ensemble.ready();
  expect(await leader.mode()).toBe('follower');
});
