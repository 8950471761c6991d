import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Mutex, ReadWriteLock } from '../../../src/zookeeper/index.ts';
import { tlsFile } from '../tls-fixture.ts';
import { startForeignClient } from './foreign-client.ts';
import { connectNode } from './node-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 20_000 };

it.each(['kill', 'freeze'] as const)('locks outlive the leader of an ensemble (%s)', async (how) => {
  const ensemble = await startEnsemble();
  const clients = await Promise.all(
    [0, 1, 2].map(() => connectNode(ensemble.connectString, { sessionTimeoutMs: 20_000 })),
  );
  const theirs = await startForeignClient('curator', ensemble.connectString, { sessionMs: 20_000 });
  const [first, second, third] = clients.map((client) => new Mutex(client, '/a', { timeoutMs: null }));
  const held = await first!.acquire();
  const waiting = second!.acquire();
  await expect.poll(() => first!.getParticipantNodes(), WAIT).toHaveLength(2);
  const last = theirs.acquire('mutex', '/a', { timeoutMs: 60_000 });
  await expect.poll(() => first!.getParticipantNodes(), WAIT).toHaveLength(3);
  const leader = await ensemble.leader();
  if (how === 'kill') await leader.kill();
  else leader.freeze();
  await ensemble.leader();
  await expect.poll(() => clients.map(({ state }) => state), WAIT).toEqual(Array(3).fill('connected'));
  expect([held.locked, await third!.tryAcquire()]).toEqual([true, null]);
  expect(await held.release()).toBe(true);
  const next = await waiting;
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
  await next.release();
  expect(await last).toMatchObject({ acquired: true });
});

it('a server is passed over that does not serve', async () => {
  const ensemble = await startEnsemble();
  const [follower, other] = await ensemble.followers();
  await follower!.kill();
  other!.freeze();
  // Two of three are gone: nobody serves, and whoever is asked says so by closing the connection.
  const { connectString } = ensemble;
  await expect(connectNode(connectString, { connectTimeoutMs: 3_000 })).rejects.toMatchObject({
    code: 'ZOOKEEPER_NO_SERVER',
    message: expect.stringContaining('could be reached within 3000 ms'),
  });
  other!.thaw();
  await ensemble.leader();
  const client = await connectNode(connectString);
  expect((await new Mutex(client, '/a').acquire()).locked).toBe(true);
});

it('locks go over TLS, which knows the server and shows a certificate', async () => {
  const server = await startZooKeeper({ tls: 'mutual' });
  const [ca, cert, key] = ['ca.pem', 'client.pem', 'client-key.pem'].map((name) =>
    readFileSync(tlsFile(name)),
  );
  const client = await connectNode(server.secureAddress, { tls: { ca: ca!, cert: cert!, key: key! } });
  const { writeLock } = new ReadWriteLock(client, '/a');
  expect((await writeLock.acquire()).locked).toBe(true);
  const stranger = connectNode(server.secureAddress, { tls: true, connectTimeoutMs: 1_000 });
  await expect(stranger).rejects.toMatchObject({
    code: 'ZOOKEEPER_NO_SERVER',
    message: expect.stringMatching(/certificate/),
  });
});

it('wrong credentials are told at once', async () => {
  const server = await startZooKeeper();
  const auth = [{ scheme: 'no-such-scheme', auth: 'a:b' }];
  await expect(connectNode(server, { auth })).rejects.toMatchObject({ code: 'ZOOKEEPER_AUTH_FAILED' });
});
