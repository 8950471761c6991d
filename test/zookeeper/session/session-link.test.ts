import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient } from '../../../src/zookeeper/zookeeper-client.ts';
import { ZooKeeperUseError } from '../../../src/zookeeper/zookeeper-error.ts';
import { afterwards } from '../../server/running-server.ts';
import { FakeServer } from '../fake-server.ts';

const NO_NODE = -101;
const UNIMPLEMENTED = -6;
const THROTTLED = -127;

it('an old server may say first that it does not know an operation, and leave the rest unanswered', async () => {
  let isOver = false;
  const server = await FakeServer.start({
    answer: ({ op }) => {
      if (op === OpCode.GetEphemerals) {
        isOver = true;
        return { code: UNIMPLEMENTED, closes: true };
      }
      return op === OpCode.Delete && !isOver ? null : undefined;
    },
  });
  const client = await ZooKeeperClient.connect(server.address);
  afterwards(() => client.close());
  await Promise.all([
    expect(client.delete('/a')).rejects.toMatchObject({ code: 'ZOOKEEPER_CONNECTION_LOSS' }),
    expect(client.getEphemerals()).rejects.toMatchObject({ code: 'ZOOKEEPER_UNIMPLEMENTED' }),
  ]);
  await client.delete('/a');
  expect(server.ops).toEqual([OpCode.Delete, OpCode.GetEphemerals, OpCode.Delete]);
});

it('a request may be as long as servers take it, and one that is longer is not sent', async () => {
  const server = await FakeServer.start({
    answer: ({ op }) => (op === OpCode.SetData ? { code: NO_NODE } : undefined),
  });
  const client = await ZooKeeperClient.connect(server.address);
  afterwards(() => client.close());
  // Beside the data: the number and the kind of the request, the path, the length of each, and the version.
  const besides = 4 + 4 + 4 + '/a'.length + 4 + 4;
  const longest = Buffer.alloc(Limits.zookeeperRequestBytesMax - besides);
  const refused = expect(client.setData('/a', longest)).rejects.toThrow(NoNodeError);
  await expect(client.setData('/a', Buffer.alloc(longest.length + 1))).rejects.toThrow(ZooKeeperUseError);
  await refused;
  await client.delete('/a');
  expect(server.ops).toEqual([OpCode.SetData, OpCode.Delete]);
  // The number and the kind have been read.
  expect(server.asked[0]!.body.remaining).toBe(Limits.zookeeperRequestBytesMax - 8);
  expect(server.greetings).toHaveLength(1);
});

it('an answer that skips another one cannot be trusted otherwise', async () => {
  let isBroken = true;
  const server = await FakeServer.start({
    answer: ({ op }) => (op === OpCode.Delete && isBroken ? null : undefined),
  });
  const client = await ZooKeeperClient.connect(server.address);
  afterwards(() => client.close());
  const deletion = client.delete('/a');
  const sync = client.sync('/');
  await expect(deletion).rejects.toMatchObject({ code: 'ZOOKEEPER_CONNECTION_LOSS' });
  isBroken = false;
  await sync;
  expect(server.greetings.length).toBe(2);
});

it.each([UNIMPLEMENTED, THROTTLED])('a server that refuses by itself proves no session: %i', async (code) => {
  const server = await FakeServer.start({ answer: () => ({ code }) });
  const client = await ZooKeeperClient.connect(server.address, { sessionTimeoutMs: 1_000 });
  afterwards(() => client.close());
  const { sessionId } = client;
  const timer = setInterval(() => client.create('/a').catch(() => {}), 50);
  afterwards(() => clearInterval(timer));
  await sleep(2_000);
  expect(client.isSessionAlive(sessionId)).toBe(false);
});
