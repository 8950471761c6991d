import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Mutex, type WatchEvent } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { connectNode } from './node-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 15_000 };
const SESSION_MS = 2_000;

it('a session that was left is gone on with, and its nodes with it', async () => {
  const server = await startZooKeeper();
  const [first, onlooker] = [await connectNode(server), await connectNode(server)];
  await first.create('/a', { mode: 'ephemeral' });
  const { sessionId } = first;
  const resume = await first.detach();
  expect([resume?.sessionId, first.state]).toEqual([sessionId, 'closed']);
  const next = await connectNode(server, { resume });
  expect([next.resumed, next.sessionId, next.isSessionAlive(sessionId)]).toEqual([true, sessionId, true]);
  expect((await next.exists('/a'))?.ephemeralOwner).toBe(next.sessionId);
  expect(await next.getEphemerals()).toEqual(['/a']);
  // Longer than the session would have lived by itself.
  await sleep(7_000);
  expect([next.state, next.resumed, (await onlooker.exists('/a'))?.ephemeralOwner]).toEqual([
    'connected',
    true,
    sessionId,
  ]);
  await next.close();
  expect(await onlooker.exists('/a')).toBeNull();
});

it('a session that is over is told from one that was gone on with', async () => {
  const server = await startZooKeeper();
  const first = await connectNode(server, { sessionTimeoutMs: SESSION_MS });
  await first.create('/a', { mode: 'ephemeral' });
  const resume = await first.detach();
  const onlooker = await connectNode(server);
  await expect.poll(() => onlooker.exists('/a'), WAIT).toBeNull();
  const next = await connectNode(server, { resume });
  expect([next.state, next.resumed, next.sessionId === resume?.sessionId]).toEqual([
    'connected',
    false,
    false,
  ]);
  expect(next.isSessionAlive(resume!.sessionId)).toBe(false);
  expect(next.isSessionAlive(next.sessionId)).toBe(true);
  await next.create('/a', { mode: 'ephemeral' });
});

it('two clients that use one session take turns less and less often', async () => {
  const server = await startZooKeeper();
  const first = await connectNode(server);
  let losses = 0;
  first.onState((state) => {
    if (state === 'suspended') losses++;
  });
  const ticket = first.ticket!;
  // As README saves it.
  const json = JSON.stringify({ id: String(ticket.sessionId), password: ticket.password.toString('base64') });
  const { id, password } = JSON.parse(json);
  const resume = { sessionId: BigInt(id), password: Buffer.from(password, 'base64') };
  const second = await connectNode(server, { resume });
  expect(second.resumed).toBe(true);
  await sleep(4_000);
  // Without longer and longer pauses there are more than a hundred.
  expect(losses).toBeLessThan(20);
  await second.detach();
  await expect.poll(() => first.state, WAIT).toBe('connected');
  await sleep(2_000);
  expect([first.state, first.sessionId]).toEqual(['connected', ticket.sessionId]);
});

it('a wrong password begins a new session, and does no harm to the other', async () => {
  const server = await startZooKeeper();
  const first = await connectNode(server);
  await first.create('/a', { mode: 'ephemeral' });
  const { sessionId } = first;
  const other = await connectNode(server, { resume: { sessionId, password: Buffer.alloc(16, 1) } });
  expect([other.resumed, other.sessionId === sessionId]).toEqual([false, false]);
  await other.close();
  expect([first.isSessionAlive(sessionId), (await first.exists('/a'))?.ephemeralOwner]).toEqual([
    true,
    sessionId,
  ]);
});

it('a session is gone on with while no connection of it is open, and whatever its process came to', async () => {
  const server = await startZooKeeper();
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  const first = await connectNode(proxy, { sessionTimeoutMs: 10_000 });
  await first.create('/a', { mode: 'ephemeral' });
  // As if its machine was gone: the server believes in the old connection still.
  const { ticket } = first;
  proxy.strand();
  proxy.isDown = true;
  const next = await connectNode(server, { resume: ticket });
  expect([next.resumed, await next.getEphemerals()]).toEqual([true, ['/a']]);
  await expect.poll(() => first.state, WAIT).toBe('suspended');
  expect(await first.detach()).toEqual(ticket);
  expect(await next.getEphemerals()).toEqual(['/a']);
});

it('a session moves from one server of an ensemble to another', async () => {
  const ensemble = await startEnsemble();
  const [from, to] = await ensemble.followers();
  const first = await connectNode(from!);
  await first.create('/a', { mode: 'ephemeral' });
  const resume = await first.detach();
  const next = await connectNode(to!, { resume });
  // The follower has asked its leader before it answers the first read.
  expect([next.resumed, await next.getEphemerals()]).toEqual([true, ['/a']]);
  await next.create('/b', { mode: 'ephemeral' });
  expect(await next.getEphemerals()).toEqual(['/a', '/b']);
});

it('locks are lost to the client that leaves, held by the session, and free when their node is deleted', async () => {
  const server = await startZooKeeper();
  const [first, other] = [await connectNode(server), await connectNode(server)];
  const lock = await new Mutex(first, '/a').acquire();
  const behind = new Mutex(first, '/a').acquire({ timeoutMs: null });
  await expect.poll(() => new Mutex(other, '/a').getParticipantNodes(), WAIT).toHaveLength(2);
  const events: WatchEvent[] = [];
  await first.exists('/x', (event) => events.push(event));
  const waiting = new Mutex(other, '/a').acquire({ timeoutMs: 10_000 });
  const refused = expect(behind).rejects.toMatchObject({ code: 'ZOOKEEPER_CLIENT_CLOSED' });
  const resume = await first.detach();
  expect([lock.locked, lock.signal.aborted, events]).toEqual([false, true, [{ type: 'lost', path: '/x' }]]);
  await refused;
  expect(await lock.release()).toBe(false);
  const next = await connectNode(server, { resume });
  const left = await next.getEphemerals('/a');
  expect([left.length, left.includes(lock.path)]).toEqual([2, true]);
  for (const path of left) await next.delete(path);
  expect((await waiting).locked).toBe(true);
});
