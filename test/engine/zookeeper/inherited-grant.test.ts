import { beforeEach, describe, expect, it, vi } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { inheritGrant } from '../../../src/engine/zookeeper/inherited-grant.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import {
  decodeNodeData,
  encodeNodeData,
  type NodeData,
  serverName,
} from '../../../src/engine/zookeeper/node-data.ts';
import { SERVERS_PATH } from '../../../src/engine/zookeeper/server-register.ts';
import { TooManyRequestsError } from '../../../src/zookeeper/zookeeper-error.ts';
import { openRoom } from './node-room.ts';
import { type ModelRoom, type ModelServer, newRoom, openServers } from './open-over-model.ts';

const paths = new LockPaths([{ name: 's', path: '/s', layout: 'semaphore' }]);
const ID = Buffer.from('request 1');
const GRANTED: NodeData = {
  ...{ server: 'gone', client: { sessionId: '', address: '', protocol: '' }, holder: '' },
  ...{ lockTimeoutMs: 60_000, sinceMs: 1, grantedMs: 5, asksRenewal: false },
};

let room: ModelRoom;
let one: ModelServer;
let two: ModelServer;
let three: ModelServer;

beforeEach(async () => {
  room = newRoom();
  [one, two, three] = (await openServers(room, 3, { keepOnSessionEnd: true, paths })) as [
    ...[ModelServer, ModelServer, ModelServer],
  ];
});

/** Its process dies, and a while later its session is over. */
async function kill(server: ModelServer): Promise<void> {
  server.nodes.clock.stall(Number.POSITIVE_INFINITY);
  server.nodes.session.link?.close();
  await two.pass(2_000);
}

/** What the nodes of a lock say. */
function said(name: string) {
  const { tree } = room.ensemble.server;
  const { base } = paths.placeOf(name);
  const queue = name === 's' ? `${base}/leases` : base;
  const children = tree.stat(queue) === null ? [] : tree.children(queue);
  return children.map((child) => decodeNodeData(tree.data(`${queue}/${child}`)));
}

const isFree = async (name: string) => (await three.caller.ask('TryLock', { name })).locked === true;

describe('a request that a server has granted which is gone', () => {
  it.each(['a', 's'])('is granted once more by another one, by the same key and token: %s', async (name) => {
    const request = { name, request_id: ID, lock_timeout_ms: '60000' };
    const granted = await one.caller.ask('Lock', request);
    await kill(one);
    for (const method of ['Lock', 'TryLock', 'Lock'] as const)
      expect(await two.caller.ask(method, request)).toEqual(granted);
    expect(said(name)).toHaveLength(1);
    expect(await isFree(name)).toBe(false);
    expect(await two.caller.ask('Unlock', { name, key: granted.key! })).toMatchObject({ unlocked: true });
    expect(await isFree(name)).toBe(true);
  });

  it('has the lease that is asked for from then on, or the one that it had', async () => {
    const request = { name: 'a', request_id: ID };
    await one.caller.acquire({ ...request, lock_timeout_ms: '60000' });
    await kill(one);
    await two.caller.acquire(request);
    expect(said('a')).toMatchObject([{ lockTimeoutMs: 60_000 }]);
    await kill(two);
    await three.caller.acquire({ ...request, lock_timeout_ms: '400' });
    expect(said('a')).toMatchObject([{ lockTimeoutMs: 400 }]);
    await three.pass(300);
    expect(said('a')).toHaveLength(1);
    await three.pass(200);
    expect(said('a')).toHaveLength(0);
  });

  it('is granted at one of two servers that are asked at once', async () => {
    const request = { name: 'a', request_id: ID };
    await one.caller.acquire(request);
    await kill(one);
    const calls = [two, three].map(({ caller }) => caller.send('Lock', request));
    const replies = [await two.caller.replyTo(calls[0]!), await three.caller.replyTo(calls[1]!)];
    expect(replies.map(({ status }) => status).sort()).toEqual([GrpcStatus.Ok, GrpcStatus.Unavailable]);
    expect(replies.filter(({ granted }) => granted)).toHaveLength(1);
  });

  it('is granted at one of two servers that have looked before either has written', async () => {
    const request = { name: 'a', request_id: ID };
    const granted = await one.caller.ask('Lock', request);
    await kill(one);
    const { setData } = three.nodes;
    const first = two.caller;
    let firstCall: ReturnType<typeof first.send> | null = null;
    vi.spyOn(three.nodes, 'setData').mockImplementationOnce(async (...args) => {
      firstCall = first.send('Lock', request);
      while (!first.hasReply(firstCall)) await new Promise((resolve) => setImmediate(resolve));
      return setData.apply(three.nodes, args);
    });
    const second = await three.caller.replyTo(three.caller.send('Lock', request));
    expect(second.status).toBe(GrpcStatus.Unavailable);
    expect(await first.answerTo(firstCall!)).toEqual(granted);
  });

  it('is not given back by the call that was told of it last', async () => {
    const request = { name: 'a', request_id: ID };
    await one.caller.acquire(request);
    await kill(one);
    const call = two.caller.send('Lock', request);
    expect(await two.caller.answerTo(call)).toMatchObject({ locked: true });
    two.caller.cancel(call);
    await two.pass(100);
    expect(await isFree('a')).toBe(false);
  });

  it('is another one where it asks for something else', async () => {
    await one.caller.acquire({ name: 'a', request_id: ID });
    await kill(one);
    const { message } = Refusals.requestDiffers;
    const shared = { name: 'a', request_id: ID, mode: 1 };
    expect(await two.caller.ask('Lock', shared)).toEqual({ name: 'a', error: { message } });
    expect(said('a')).toHaveLength(1);
  });
});

describe('a request that a server has still', () => {
  it('is that one’s, whether it was granted or waits', async () => {
    const request = { name: 'a', request_id: ID };
    await one.caller.acquire(request);
    const waiting = { name: 'a', request_id: Buffer.from('request 2') };
    one.caller.send('Lock', waiting);
    await one.pass(100);
    for (const repeated of [request, waiting]) {
      const { status } = await two.caller.replyTo(two.caller.send('Lock', repeated));
      expect(status).toBe(GrpcStatus.Unavailable);
    }
    expect(said('a')).toHaveLength(2);
  });
});

describe('whoever gives up a request that was granted before', () => {
  const request = { name: 'a', request_id: ID, lock_timeout_ms: '2000' };

  /** Asks, and does something when the node says that it is this server's, before that one knows of the answer. */
  async function askUntilWritten(meanwhile: (call: ReturnType<typeof two.caller.send>) => void) {
    await one.caller.acquire(request);
    await kill(one);
    const server = said('a')[0]!.server;
    const call = two.caller.send('Lock', request);
    await two.caller.until(() => said('a').some((each) => each!.server !== server && each!.grantedMs > 0));
    meanwhile(call);
    await two.pass(100);
  }

  it('changes nothing if that is known before it is written', async () => {
    await one.caller.acquire(request);
    await kill(one);
    const before = said('a');
    const { exists } = two.nodes;
    const call = two.caller.send('Lock', request);
    vi.spyOn(two.nodes, 'exists').mockImplementation((path, ...rest) => {
      if (path.startsWith(SERVERS_PATH)) two.caller.cancel(call);
      return exists.call(two.nodes, path, ...rest);
    });
    await two.pass(100);
    expect(said('a')).toEqual(before);
  });

  it('leaves the lock to those who end leases: somebody may have been told', async () => {
    const told = () => room.ensemble.server.tree.stat(SERVERS_PATH)!.version;
    await askUntilWritten((call) => two.caller.cancel(call));
    expect(told()).toBe(1);
    expect(said('a')).toMatchObject([{ server: '' }]);
    expect(await isFree('a')).toBe(false);
    // Those look at once, though no server has gone.
    await three.pass(2_100);
    expect(said('a')).toEqual([]);
  });

  it('releases it by its id', async () => {
    let answer: ReturnType<typeof two.caller.ask> | null = null;
    await askUntilWritten(() => {
      answer = two.caller.ask('Unlock', { name: 'a', request_id: ID });
    });
    expect(await answer).toMatchObject({ unlocked: true });
    expect(said('a')).toEqual([]);
    expect(await isFree('a')).toBe(true);
  });
});

describe('a server that cannot do it now', () => {
  it('tries again, and leaves nothing to nobody', async () => {
    const request = { name: 'a', request_id: ID };
    const granted = await one.caller.ask('Lock', request);
    await kill(one);
    const { nodes } = two;
    const { getData } = nodes;
    let refusals = 0;
    vi.spyOn(nodes, 'getData').mockImplementation((path, ...rest) =>
      said('a')[0]?.server === serverName(nodes.sessionId) && refusals++ < 3
        ? Promise.reject(new TooManyRequestsError(path, 5))
        : getData.call(nodes, path, ...rest),
    );
    expect(await two.caller.ask('Lock', request)).toEqual(granted);
    expect(refusals).toBe(4);
  });
});

describe('a node that says that it is this server’s, which knows nothing of it', () => {
  it('is granted to the request that it is of', async () => {
    const request = { name: 'a', request_id: ID };
    const key = await one.caller.acquire(request);
    await one.caller.ask('Unlock', { name: 'a', key });
    const server = serverName(two.nodes.sessionId);
    const data = encodeNodeData({ ...GRANTED, server });
    void one.nodes.create(`${paths.placeOf('a').base}/_c_${key}-__WRIT__0000000007`, {
      ...{ mode: 'persistent', data },
    });
    expect(await two.caller.ask('Lock', request)).toMatchObject({ locked: true, key });
    expect(said('a')).toHaveLength(1);
  });
});

describe('a node that is looked at once more', () => {
  const path = '/x/_c_1-__WRIT__0000000001';
  const claim = new Claim(Object.assign(new LockCommand(), { name: 'x' }), paths.placeOf('x'), 0);
  const leases = { dataOf: () => encodeNodeData({ ...GRANTED, server: 'this one' }) };
  const inherit = async (mode: 'persistent' | 'ephemeral', fields: Partial<NodeData>) => {
    const nodeRoom = await openRoom();
    await nodeRoom.put(path, encodeNodeData({ ...GRANTED, ...fields }), mode);
    const { nodes } = nodeRoom;
    return nodeRoom.come(inheritGrant({ nodes, serverName: () => 'this one' }, leases, claim, path));
  };

  it('is taken over if its server is gone', async () => {
    expect(await inherit('persistent', {})).toMatchObject({ node: { path }, version: 1 });
  });

  it.each([
    ['only waits', 'persistent', { grantedMs: 0 }],
    ['vanishes with a session', 'ephemeral', {}],
  ] as const)('is another one if it %s by now', async (_what, mode, fields) => {
    expect(await inherit(mode, fields)).toBeNull();
  });
});

describe('a server whose locks end with its session', () => {
  it('takes none over that would not', async () => {
    const request = { name: 'a', request_id: ID, lock_timeout_ms: '60000' };
    await one.caller.acquire(request);
    await kill(one);
    const [plain] = (await openServers(room, 1)) as [ModelServer];
    const { status } = await plain.caller.replyTo(plain.caller.send('Lock', request));
    expect(status).toBe(GrpcStatus.Unavailable);
  });
});

describe('a node that only looks like a grant', () => {
  it.each([
    ['that vanishes with somebody’s session', 'ephemeral', { grantedMs: 5 }],
    ['that only waited', 'persistent', { grantedMs: 0 }],
  ] as const)('is none: one %s', async (_what, mode, fields) => {
    const request = { name: 'a', request_id: ID };
    const key = await one.caller.acquire(request);
    await one.caller.ask('Unlock', { name: 'a', key });
    const data = encodeNodeData({ ...GRANTED, ...fields });
    const path = `${paths.placeOf('a').base}/_c_${key}-__WRIT__0000000000`;
    void one.nodes.create(path, { mode, data });
    const { status } = await two.caller.replyTo(two.caller.send('Lock', request));
    expect(status).toBe(GrpcStatus.Unavailable);
  });
});
