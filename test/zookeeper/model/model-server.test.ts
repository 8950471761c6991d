import { describe, expect, it } from 'vitest';
import {
  BadVersionError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
} from '../../../src/zookeeper/server-refusal.ts';
import type { CreateMode } from '../../../src/zookeeper/wire/op-code.ts';
import { SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import { ModelServer } from './model-server.ts';

class Client {
  readonly server: ModelServer;
  readonly sessionId: bigint;

  constructor(server = new ModelServer(), timeoutMs = 1000) {
    this.server = server;
    this.sessionId = server.openSession(timeoutMs, 0);
  }

  create(path: string, mode: CreateMode = 'persistent', data = '', ttlMs = 0): string {
    const { sessionId } = this;
    const write = { kind: 'create', path, mode, data: Buffer.from(data), ttlMs, sessionId } as const;
    return this.server.write(sessionId, write, 0).path;
  }

  delete(path: string, version = -1): void {
    this.server.write(this.sessionId, { kind: 'delete', path, version }, 0);
  }

  setData(path: string, data: string, version = -1): void {
    this.server.write(this.sessionId, { kind: 'setData', path, data: Buffer.from(data), version }, 0);
  }

  stat(path: string) {
    return this.server.tree.stat(path);
  }
}

describe('sequential nodes of the model', () => {
  it('are numbered by the creates of any child', () => {
    const client = new Client();
    client.create('/p');
    expect(client.create('/p/a-', 'ephemeralSequential')).toBe('/p/a-0000000000');
    client.create('/p/plain');
    expect(client.create('/p/b-', 'persistentSequential')).toBe('/p/b-0000000002');
    client.delete('/p/plain');
    expect(client.create('/p/a-', 'ttlSequential', '', 10)).toBe('/p/a-0000000003');
    // Four creates and a delete.
    expect(client.stat('/p')).toMatchObject({ childrenVersion: 5, childrenCount: 3, version: 0 });
  });

  it('begin with 0 again below a new parent, while the numbers of creations go on', () => {
    const client = new Client();
    client.create('/p');
    const first = client.create('/p/a-', 'ephemeralSequential');
    const before = client.stat(first)!.czxid;
    client.delete(first);
    client.delete('/p');
    client.create('/p');
    expect(client.create('/p/a-', 'ephemeralSequential')).toBe(first);
    expect(client.stat(first)!.czxid).toBeGreaterThan(before);
  });

  it('turn negative behind the highest number, padded as Java does it', () => {
    const client = new Client();
    client.create('/p');
    const { server, sessionId } = client;
    server.write(sessionId, { kind: 'skipNumbers', path: '/p', creates: 2 ** 31 - 1 }, 0);
    expect(client.create('/p/a-', 'ephemeralSequential')).toBe('/p/a-2147483647');
    expect(client.create('/p/a-', 'ephemeralSequential')).toBe('/p/a--2147483648');
    server.write(sessionId, { kind: 'skipNumbers', path: '/p', creates: -1 }, 0);
    expect(client.create('/p/a-', 'ephemeralSequential')).toBe('/p/a--000000001');
  });
});

describe('nodes of the model', () => {
  it('are refused as servers do it', () => {
    const client = new Client();
    client.create('/p');
    client.create('/p/e', 'ephemeral');
    expect(() => client.create('/none/a')).toThrow(NoNodeError);
    expect(() => client.create('/p')).toThrow(NodeExistsError);
    expect(() => client.create('/p/e/a')).toThrow(NoChildrenForEphemeralsError);
    expect(() => client.delete('/p')).toThrow(NotEmptyError);
    expect(() => client.delete('/p', 1)).toThrow(BadVersionError);
    expect(() => client.delete('/none')).toThrow(NoNodeError);
    expect(() => client.setData('/p', 'x', 1)).toThrow(BadVersionError);
  });

  it('have a stat that follows each write, and every write has a number, refused or not', () => {
    const client = new Client();
    client.create('/p', 'persistent', 'one');
    const { czxid } = client.stat('/p')!;
    client.setData('/p', 'three', 0);
    expect(() => client.setData('/p', 'x', 0)).toThrow(BadVersionError);
    client.create('/p/c');
    expect(client.stat('/p')).toStrictEqual({
      czxid,
      mzxid: czxid + 1n,
      pzxid: czxid + 3n,
      createdMs: 0,
      modifiedMs: 0,
      version: 1,
      childrenVersion: 1,
      aclVersion: 0,
      ephemeralOwner: 0n,
      dataBytes: 5,
      childrenCount: 1,
    });
    client.delete('/p/c');
    expect(client.stat('/p')).toMatchObject({ pzxid: czxid + 4n, childrenVersion: 2, childrenCount: 0 });
  });

  it('that are containers are reaped behind their last child, but not before the first', () => {
    const client = new Client();
    client.create('/c', 'container');
    client.create('/c/d', 'container');
    expect(client.server.reapNodes(0)).toStrictEqual([]);
    client.delete(client.create('/c/d/a-', 'ephemeralSequential'));
    expect(client.server.reapNodes(0)).toStrictEqual(['/c/d']);
    expect(client.server.reapNodes(0)).toStrictEqual(['/c']);
    expect(client.stat('/c')).toBeNull();
  });

  it('with a time to live are reaped when it is over and they are empty', () => {
    const client = new Client();
    client.create('/t', 'ttl', '', 100);
    client.create('/t/a');
    expect(client.server.reapNodes(101)).toStrictEqual([]);
    client.delete('/t/a');
    expect(client.server.reapNodes(100)).toStrictEqual([]);
    expect(client.server.reapNodes(101)).toStrictEqual(['/t']);
  });
});

describe('sessions of the model', () => {
  it('end when they were not heard of for their timeout, and all their nodes in one transaction', () => {
    const client = new Client();
    const other = new Client(client.server, 5000);
    client.create('/p');
    client.create('/p/a', 'ephemeral');
    client.create('/p/b', 'ephemeral');
    other.create('/p/c', 'ephemeral');
    expect(client.stat('/p/a')!.ephemeralOwner).toBe(client.sessionId);
    expect(client.server.touch(client.sessionId, 500)).toBe(true);
    expect(client.server.expireSessions(1499)).toStrictEqual([]);
    const before = client.server.lastZxid;
    expect(client.server.expireSessions(1500)).toStrictEqual([client.sessionId]);
    expect(client.server.tree.children('/p')).toStrictEqual(['c']);
    expect(client.server.lastZxid).toBe(before + 1n);
    expect(client.server.touch(client.sessionId, 1500)).toBe(false);
    expect(() => client.create('/q')).toThrow(SessionExpiredError);
  });

  it('have their whole timeout again under a new leader', () => {
    const { server, sessionId } = new Client();
    server.restart(900);
    expect(server.expireSessions(1899)).toStrictEqual([]);
    expect(server.expireSessions(1900)).toStrictEqual([sessionId]);
  });
});
