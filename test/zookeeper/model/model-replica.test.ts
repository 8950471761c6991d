import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { ModelReplica, type Watching } from './model-replica.ts';
import { ModelServer } from './model-server.ts';

class Ear implements Watching {
  readonly heard: string[] = [];

  notify({ type, path }: WatchEvent): void {
    this.heard.push(`${type} ${path}`);
  }
}

class Place {
  readonly server = new ModelServer();
  readonly replica = new ModelReplica(this.server);
  readonly sessionId = this.server.openSession(1000, 0);

  create(path: string, by = this.replica): void {
    const { sessionId } = this;
    const data = Buffer.alloc(0);
    by.write(sessionId, { kind: 'create', path, mode: 'persistent', data, ttlMs: 0, sessionId }, 0);
  }

  delete(path: string): void {
    this.replica.write(this.sessionId, { kind: 'delete', path, version: -1 }, 0);
  }

  setData(path: string): void {
    this.replica.write(this.sessionId, { kind: 'setData', path, data: Buffer.from('x'), version: -1 }, 0);
  }
}

describe('watches of the model', () => {
  it('are told of one event, and then no more', () => {
    const place = new Place();
    const ear = new Ear();
    place.create('/p');
    place.replica.getData('/p', ear);
    place.replica.getData('/p', ear);
    place.setData('/p');
    place.setData('/p');
    expect(ear.heard).toStrictEqual(['dataChanged /p']);
  });

  it('of data are told of new data and of the end, but not of children', () => {
    const place = new Place();
    const ear = new Ear();
    place.create('/p');
    place.replica.exists('/p', ear);
    place.create('/p/c');
    place.delete('/p/c');
    expect(ear.heard).toStrictEqual([]);
    place.delete('/p');
    expect(ear.heard).toStrictEqual(['deleted /p']);
  });

  it('of children are told when one comes or goes, and of the end, but not of data', () => {
    const place = new Place();
    const ear = new Ear();
    place.create('/p');
    place.replica.getChildren('/p', ear);
    place.setData('/p');
    place.create('/p/c');
    place.setData('/p/c');
    place.replica.getChildren('/p', ear);
    place.delete('/p/c');
    place.replica.getChildren('/p', ear);
    place.delete('/p');
    expect(ear.heard).toStrictEqual(['childrenChanged /p', 'childrenChanged /p', 'deleted /p']);
  });

  it('of data and children tell once that the node is gone', () => {
    const place = new Place();
    const ear = new Ear();
    place.create('/p');
    place.replica.getData('/p', ear);
    place.replica.getChildren('/p', ear);
    place.delete('/p');
    expect(ear.heard).toStrictEqual(['deleted /p']);
  });

  it('stay on a missing node behind exists, but not behind getData and getChildren', () => {
    const place = new Place();
    const [exists, failed] = [new Ear(), new Ear()];
    expect(place.replica.exists('/p', exists)).toBeNull();
    expect(() => place.replica.getData('/p', failed)).toThrow(NoNodeError);
    expect(() => place.replica.getChildren('/p', failed)).toThrow(NoNodeError);
    place.create('/p');
    expect(exists.heard).toStrictEqual(['created /p']);
    expect(failed.heard).toStrictEqual([]);
  });

  it('are told of all nodes that end with a session', () => {
    const place = new Place();
    const ear = new Ear();
    const { server, replica } = place;
    place.create('/p');
    const sessionId = server.openSession(1000, 0);
    const data = Buffer.alloc(0);
    replica.write(
      sessionId,
      { kind: 'create', path: '/p/e', mode: 'ephemeral', data, ttlMs: 0, sessionId },
      0,
    );
    replica.exists('/p/e', ear);
    replica.getChildren('/p', ear);
    server.endSession(sessionId, 0);
    replica.catchUp();
    expect(ear.heard).toStrictEqual(['deleted /p/e', 'childrenChanged /p']);
  });

  it('end with their connection', () => {
    const place = new Place();
    const ear = new Ear();
    place.replica.exists('/p', ear);
    place.replica.drop(ear);
    place.create('/p');
    expect(ear.heard).toStrictEqual([]);
  });
});

describe('watches that are armed anew', () => {
  it('tell at once what they have missed, and wait for the rest', () => {
    const place = new Place();
    for (const path of ['/gone', '/changed', '/same', '/parent', '/quiet']) place.create(path);
    const seen = place.replica.lastZxid;
    place.delete('/gone');
    place.setData('/changed');
    place.create('/came');
    place.create('/parent/child');
    const ear = new Ear();
    const data = ['/gone', '/changed', '/same'];
    place.replica.rearm(
      { data, exists: ['/came', '/missing'], children: ['/gone', '/parent', '/quiet'], recursive: [] },
      seen,
      ear,
    );
    expect(ear.heard.splice(0)).toStrictEqual([
      'deleted /gone',
      'dataChanged /changed',
      'created /came',
      'deleted /gone',
      'childrenChanged /parent',
    ]);
    place.setData('/same');
    place.create('/missing');
    place.create('/quiet/child');
    expect(ear.heard).toStrictEqual(['dataChanged /same', 'created /missing', 'childrenChanged /quiet']);
  });
});

describe('a replica of the model', () => {
  it('does not know what others wrote before it catches up', () => {
    const place = new Place();
    const other = new ModelReplica(place.server);
    const ear = new Ear();
    other.exists('/p', ear);
    place.create('/p');
    expect(other.exists('/p', null)).toBeNull();
    expect(ear.heard).toStrictEqual([]);
    other.catchUp();
    expect(other.exists('/p', null)).toStrictEqual(place.server.tree.stat('/p'));
    expect(ear.heard).toStrictEqual(['created /p']);
  });

  it('knows all that was before a write that it has answered', () => {
    const place = new Place();
    const other = new ModelReplica(place.server);
    place.create('/p');
    place.create('/q', other);
    expect(other.exists('/p', null)).not.toBeNull();
    expect(other.lastZxid).toBe(place.server.lastZxid);
  });
});
