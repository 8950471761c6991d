import { describe, expect, it } from 'vitest';
import { HoldersChecker } from './holders-checker.ts';
import type { LeaseUnderTest, LockLayout, LockMode } from './lock-under-test.ts';
import { ModelServer } from './model-server.ts';

type Lease = { -readonly [K in keyof LeaseUnderTest]: LeaseUnderTest[K] };

/** A lock on a server, and a client whose word is taken for everything. */
class Place {
  readonly server = new ModelServer();
  readonly checker: HoldersChecker;
  readonly sessionId: bigint;
  isAlive = true;

  constructor(layout: LockLayout = { kind: 'mutex', size: 1 }) {
    this.checker = new HoldersChecker(this.server, '/l', layout, () => 0);
    this.sessionId = this.server.openSession(1000, 0);
    this.create('/l', false);
  }

  create(path: string, isSequential = true): string {
    const { sessionId } = this;
    const mode = isSequential ? 'ephemeralSequential' : path === '/l' ? 'persistent' : 'ephemeral';
    const write = { kind: 'create', path, mode, data: Buffer.alloc(0), ttlMs: 0, sessionId } as const;
    return this.server.write(sessionId, write, 0).path;
  }

  delete(path: string): void {
    this.server.write(this.sessionId, { kind: 'delete', path, version: -1 }, 0);
  }

  lease(path: string): Lease {
    const fencingToken = this.server.tree.stat(path)?.czxid ?? 0n;
    const { signal } = new AbortController();
    return { path, fencingToken, locked: true, signal, release: () => Promise.resolve(true) };
  }

  grant(lease: LeaseUnderTest, mode: LockMode = 'one', owner: object = lease) {
    const nodes = { sessionId: this.sessionId, isSessionAlive: () => this.isAlive };
    return this.checker.granted(nodes, owner, mode, lease);
  }
}

describe('the checker of holders', () => {
  it('refuses a grant without a node, or with that of another session', () => {
    const place = new Place();
    const lease = place.lease(place.create('/l/lock-'));
    place.delete(lease.path);
    expect(() => place.grant(lease)).toThrow('a lease has a node');
    const other = place.server.openSession(1000, 0);
    const write = { kind: 'create', path: '/l/lock-', data: Buffer.alloc(0), ttlMs: 0 } as const;
    place.server.write(other, { ...write, mode: 'ephemeralSequential', sessionId: other }, 0);
    expect(() => place.grant(place.lease('/l/lock-0000000001'))).toThrow('the current session');
  });

  it('refuses a grant to a session that may be over', () => {
    const place = new Place();
    place.isAlive = false;
    expect(() => place.grant(place.lease(place.create('/l/lock-')))).toThrow('may have lost');
  });

  it('refuses two holders of one lease, by their nodes and by what they believe', () => {
    const place = new Place();
    const first = place.lease(place.create('/l/lock-'));
    const second = place.lease(place.create('/l/lock-'));
    place.grant(first);
    expect(() => place.grant(second)).toThrow('before those who came first');
    place.delete(first.path);
    expect(() => place.grant(second)).toThrow('no more holders than leases');
    first.locked = false;
    place.grant(second);
  });

  it('refuses a writer beside anybody, but not readers beside each other', () => {
    const place = new Place({ kind: 'readWrite' });
    const readers = [1, 2].map(() => place.lease(place.create('/l/__READ__')));
    const write = place.lease(place.create('/l/__WRIT__'));
    for (const lease of readers) place.grant(lease, 'read');
    expect(() => place.grant(write, 'write')).toThrow('before those who came first');
    for (const { path } of readers) place.delete(path);
    expect(() => place.grant(write, 'write')).toThrow('exclude each other');
    for (const lease of readers) lease.locked = false;
    place.grant(write, 'write');
    const late = place.lease(place.create('/l/__READ__'));
    expect(() => place.grant(late, 'read')).toThrow('before those who came first');
  });

  it("wants the writer's token for its own read lock", () => {
    const place = new Place({ kind: 'readWrite' });
    const write = place.lease(place.create('/l/a__WRIT__'));
    const read = place.lease(place.create('/l/b__READ__0000000000', false));
    place.grant(write, 'write');
    expect(() => place.grant(read, 'read', write)).toThrow('number of the creation');
    place.grant({ ...read, fencingToken: write.fencingToken }, 'read', write);
    expect(place.checker.downgrades).toBe(1);
  });

  it('judges what is said of a release', () => {
    const place = new Place();
    const lease = place.lease(place.create('/l/lock-'));
    const claim = place.grant(lease);
    place.isAlive = false;
    expect(() => place.checker.releasing(claim)).toThrow('exactly as long as its session');
    place.isAlive = true;
    expect(place.checker.releasing(claim)).toBe(true);
    lease.locked = false;
    expect(() => place.checker.released(claim, true, false)).toThrow('can be released');
    expect(() => place.checker.released(claim, true, true)).toThrow('is gone');
    expect(() => place.checker.finished()).toThrow('nothing is left');
    place.delete(lease.path);
    place.checker.released(claim, true, true);
    place.checker.finished();
  });
});
