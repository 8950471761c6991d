import { expect, it } from 'vitest';
import { connectNode } from './node-client.ts';
import { startEnsemble } from './zookeeper-ensemble.ts';
import { startZooKeeper } from './zookeeper-server.ts';

it('the ephemeral nodes of a session are told, and nobody else’s', async () => {
  const server = await startZooKeeper();
  const [client, other] = [await connectNode(server), await connectNode(server)];
  for (const path of ['/a', '/ab']) await client.create(path);
  const made: string[] = [];
  for (const parent of ['/a', '/ab'])
    for (const mode of ['ephemeral', 'ephemeralSequential'] as const)
      made.push((await client.create(`${parent}/${mode}`, { mode })).path);
  await other.create('/a/other', { mode: 'ephemeral' });
  expect(await client.getEphemerals('/a')).toEqual(made.slice(0, 2));
  expect(await client.getEphemerals('/a/ephemeral')).toEqual(['/a/ephemeral']);
  expect(await client.getEphemerals('/')).toEqual(made);
  expect(await other.getEphemerals()).toEqual(['/a/other']);
  await client.delete('/a/ephemeral');
  expect(await client.getEphemerals('/a')).toEqual(made.slice(1, 2));
  expect(await client.getEphemerals('/nowhere')).toEqual([]);
});

it('the ephemeral nodes of a session below a chroot are those below it', async () => {
  const server = await startZooKeeper();
  const root = await connectNode(server);
  for (const path of ['/space', '/space2', '/space/a']) await root.create(path);
  const client = await connectNode(`${server.address}/space`);
  await client.create('/a/b', { mode: 'ephemeral' });
  await client.create('/c', { mode: 'ephemeral' });
  await root.create('/space2/d', { mode: 'ephemeral' });
  expect(await client.getEphemerals()).toEqual(['/a/b', '/c']);
  expect(await client.getEphemerals('/a')).toEqual(['/a/b']);
  expect(await root.getEphemerals('/space')).toEqual([]);
});

it('a member of an ensemble knows of an ephemeral node as soon as it has answered its creation', async () => {
  const ensemble = await startEnsemble();
  const [follower] = await ensemble.followers();
  const client = await connectNode(follower!);
  for (let i = 0; i < 20; i++) {
    await client.create(`/node-${i}`, { mode: 'ephemeral' });
    expect(await client.getEphemerals()).toHaveLength(i + 1);
  }
});
