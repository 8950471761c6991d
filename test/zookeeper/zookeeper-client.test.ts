import { describe, expect, it } from 'vitest';
import { OpCode } from '../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient, type ZooKeeperOptions } from '../../src/zookeeper/zookeeper-client.ts';
import { afterwards } from '../server/running-server.ts';
import { type FakeOptions, FakeServer } from './fake-server.ts';

async function run(
  fake: FakeOptions = {},
  { chroot = '', ...options }: ZooKeeperOptions & { chroot?: string } = {},
) {
  const server = await FakeServer.start(fake);
  const client = await ZooKeeperClient.connect(server.address + chroot, options);
  afterwards(() => client.close());
  return { server, client };
}

describe('the ephemeral nodes of a session', () => {
  it('are asked for by the paths of the server, and named by those of the client', async () => {
    const nodes = ['/space/b/c', '/space/b', '/space/bc', '/space2/b', '/space/b/a'];
    const { server, client } = await run(
      { answer: () => ({ write: (writer) => writer.strings(nodes) }) },
      { chroot: '/space' },
    );
    expect(await client.getEphemerals('/b')).toEqual(['/b', '/b/a', '/b/c']);
    expect(await client.getEphemerals()).toEqual(['/b', '/b/a', '/b/c', '/bc']);
    expect(server.ops).toEqual([OpCode.GetEphemerals, OpCode.GetEphemerals]);
    expect(server.asked.map(({ body }) => body.string())).toEqual(['/space/b', '/space']);
  });

  it('cannot be had from a server before 3.6, which says so and closes the connection', async () => {
    const { client } = await run({
      answer: ({ op }) => (op === OpCode.GetEphemerals ? { code: -6, closes: true } : undefined),
    });
    const { sessionId } = client;
    await expect(client.getEphemerals('/a')).rejects.toMatchObject({
      code: 'ZOOKEEPER_UNIMPLEMENTED',
      path: '/a',
    });
    await expect.poll(() => client.state).toBe('connected');
    expect(client.sessionId).toBe(sessionId);
  });

  it('stand below a path that can be one', async () => {
    const { client } = await run();
    await expect(client.getEphemerals('a')).rejects.toMatchObject({ code: 'ZOOKEEPER_USE' });
  });
});
