import { beforeEach, describe, expect, it } from 'vitest';
import { childrenOf, listingOf } from '../../src/zookeeper/child-nodes.ts';
import { NoAuthError } from '../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom } from './model/node-room.ts';

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

describe('the children of a node', () => {
  it('are listed with what is said of the node', async () => {
    await room.put('/a/b', Buffer.from('1'));
    expect(await room.come(listingOf(room.nodes, '/a'))).toEqual({
      children: ['b'],
      stat: room.ensemble.server.tree.stat('/a'),
    });
    expect(await room.come(childrenOf(room.nodes, '/a'))).toEqual(['b']);
  });

  it('are none where there is no such node', async () => {
    expect(await room.come(listingOf(room.nodes, '/a'))).toBeNull();
    expect(await room.come(childrenOf(room.nodes, '/a'))).toEqual([]);
  });

  it('are watched where somebody is to be told', async () => {
    await room.put('/a/b', Buffer.from('1'));
    const told: string[] = [];
    await room.come(childrenOf(room.nodes, '/a', ({ type, path }) => void told.push(`${type} ${path}`)));
    await room.put('/a/c', Buffer.from('1'));
    expect(told).toEqual(['childrenChanged /a']);
  });

  it('are not said to be none where they may not be read', async () => {
    room.nodes.getChildren = (path) => Promise.reject(new NoAuthError(path));
    await expect(childrenOf(room.nodes, '/a')).rejects.toThrow(NoAuthError);
  });
});
