import { beforeEach, describe, expect, it, vi } from 'vitest';
import { serverName } from '../../../src/engine/zookeeper/node-data.ts';
import { NodeDisposal } from '../../../src/engine/zookeeper/node-disposal.ts';
import { BadVersionError, NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { ConnectionLossError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom, ours } from './node-room.ts';

type OwnNode = Parameters<NodeDisposal['remove']>[0];

/** No server can be reached for so long that the session ends. */
const SESSION_ENDS_MS = 1_500;

let room: NodeRoom;
let stays = true;
let disposal: NodeDisposal;

beforeEach(async () => {
  room = await openRoom();
  open(true);
});

function open(doesStay: boolean): void {
  stays = doesStay;
  disposal = new NodeDisposal(room.nodes, stays, serverName);
}

/** A node of the session that lives now. */
async function make(path: string): Promise<OwnNode> {
  const mode = stays ? 'persistent' : 'ephemeral';
  const { stat } = await room.come(room.nodes.create(path, { mode }));
  return { path, sessionId: room.nodes.sessionId, czxid: stat.czxid };
}

/** The session ends while the removal is under way, and there is another one. */
async function removeInVain(node: OwnNode, version?: number): Promise<void> {
  room.isolate(room.nodes, SESSION_ENDS_MS);
  const removal = disposal.remove(node, version);
  await room.pass(SESSION_ENDS_MS);
  expect(await room.come(removal)).toBe(false);
  expect(room.nodes.state).toBe('connected');
}

const owed = () => room.come(disposal.removeOwed());

async function expectNothingOwed(): Promise<void> {
  const read = vi.spyOn(room.nodes, 'getData');
  await owed();
  expect(read).not.toHaveBeenCalled();
}

const write = (path: string) => room.come(room.others.setData(path, Buffer.from('written')));

describe('the removal of a node', () => {
  it('says whether it was there until now', async () => {
    const node = await make('/a');
    expect(await room.come(disposal.remove(node))).toBe(true);
    expect(room.has('/a')).toBe(false);
    expect(await room.come(disposal.remove(node))).toBe(false);
  });

  it('heeds the version that it must have, where one is given', async () => {
    const node = await make('/a');
    await write('/a');
    await expect(room.come(disposal.remove(node, 0))).rejects.toThrow(BadVersionError);
    expect(await room.come(disposal.remove(node, 1))).toBe(true);
    const other = await make('/b');
    await write('/b');
    expect(await room.come(disposal.remove(other))).toBe(true);
  });

  it.each(['before', 'after'] as const)(
    'knows that it was there when the answer is lost %s it',
    async (cut) => {
      const node = await make('/a');
      room.cuts.push(cut);
      expect(await room.come(disposal.remove(node))).toBe(true);
      expect(room.has('/a')).toBe(false);
    },
  );

  it('leaves another node of the same path alone, made behind a lost answer', async () => {
    const node = await make('/a');
    const { nodes } = room;
    vi.spyOn(nodes, 'delete').mockImplementationOnce(async () => {
      await room.others.delete('/a');
      await room.others.create('/a');
      throw new ConnectionLossError('/a');
    });
    expect(await room.come(disposal.remove(node))).toBe(true);
    expect(room.has('/a')).toBe(true);
  });

  it('of what nobody has or wants fails without a word', async () => {
    const node = await make('/a');
    vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(new NoAuthError('/a'));
    expect(await room.come(disposal.discard(node))).toBeUndefined();
    await room.come(disposal.discard(node));
    expect(room.has('/a')).toBe(false);
  });
});

describe('a node that outlives the session which ends before its removal', () => {
  it('is removed in the next session, once', async () => {
    await removeInVain(await make('/a'));
    expect(room.has('/a')).toBe(true);
    await owed();
    expect(room.has('/a')).toBe(false);
    await expectNothingOwed();
  });

  it('is left alone if another one has been made at its path', async () => {
    await removeInVain(await make('/a'));
    await room.come(room.others.delete('/a'));
    await room.put('/a');
    await owed();
    expect(room.has('/a')).toBe(true);
  });

  it('is removed whatever was written, unless it must have a version', async () => {
    await removeInVain(await make('/a'));
    await write('/a');
    // Its lease was over, and another server has renewed it meanwhile.
    await removeInVain(await make('/b'), 0);
    await write('/b');
    await owed();
    expect([room.has('/a'), room.has('/b')]).toEqual([false, true]);
    await expectNothingOwed();
  });

  it.each([
    ['is another one’s', 'another', true],
    ['is nobody’s', '', true],
    ['is this server’s, as it was in that session', null, false],
  ])('is left alone where another server has granted it once more: it %s', async (_what, server, isLeft) => {
    const node = await make('/a');
    const before = serverName(node.sessionId);
    await removeInVain(node);
    await room.come(room.others.setData('/a', ours({ server: server ?? before, grantedMs: 5 })));
    await owed();
    expect(room.has('/a')).toBe(isLeft);
    await expectNothingOwed();
  });

  it('is left alone also where that happens at the last moment', async () => {
    await removeInVain(await make('/a'));
    const { nodes } = room;
    const { delete: remove } = nodes;
    vi.spyOn(nodes, 'delete').mockImplementationOnce(async (...args) => {
      await room.others.setData('/a', ours({ server: 'another', grantedMs: 5 }));
      return remove.apply(nodes, args);
    });
    await owed();
    expect(room.has('/a')).toBe(true);
    await expectNothingOwed();
  });

  it('is removed also where another program writes it at the last moment', async () => {
    await removeInVain(await make('/a'));
    const { nodes } = room;
    const { delete: remove } = nodes;
    vi.spyOn(nodes, 'delete').mockImplementationOnce(async (...args) => {
      await room.others.setData('/a', Buffer.from('written'));
      return remove.apply(nodes, args);
    });
    await owed();
    expect(room.has('/a')).toBe(false);
    await expectNothingOwed();
  });

  it('is not owed if it was gone while the session lived', async () => {
    const node = await make('/a');
    await room.come(room.others.delete('/a'));
    expect(await room.come(disposal.remove(node))).toBe(false);
    await expectNothingOwed();
  });

  it('is owed until there is an answer', async () => {
    await removeInVain(await make('/a'));
    room.cuts.push('before');
    await owed();
    expect(room.has('/a')).toBe(true);
    await owed();
    expect(room.has('/a')).toBe(false);
  });

  it('is removed also where the next session has begun before that is noticed', async () => {
    const node = await make('/a');
    await room.put('/a/below');
    const removal = disposal.remove(node);
    // It is tried again after longer and longer pauses, of which the last begins at 1260 ms.
    await room.pass(1_300);
    room.ensemble.server.endSession(node.sessionId, room.time.nowMs);
    room.isolate(room.nodes, 0);
    await room.pass(1);
    expect([room.nodes.state, room.nodes.sessionId === node.sessionId]).toEqual(['connected', false]);
    await owed();
    await room.come(room.others.delete('/a/below'));
    expect(await room.come(removal)).toBe(false);
    expect(room.has('/a')).toBe(false);
  });

  it('does not keep the others if it cannot be removed', async () => {
    const [first, second] = [await make('/a'), await make('/b')];
    const removals = [disposal.remove(first), disposal.remove(second)];
    room.isolate(room.nodes, SESSION_ENDS_MS);
    await room.pass(SESSION_ENDS_MS);
    await room.come(Promise.all(removals));
    await room.put('/a/below');
    await owed();
    expect([room.has('/a'), room.has('/b')]).toEqual([true, false]);
    await room.come(room.others.delete('/a/below'));
    await owed();
    expect(room.has('/a')).toBe(false);
  });
});

describe('a node that vanishes with its session', () => {
  it('is not owed', async () => {
    open(false);
    await removeInVain(await make('/a'));
    await expectNothingOwed();
  });
});
