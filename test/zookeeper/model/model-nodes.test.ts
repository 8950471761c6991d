import { describe, expect, it } from 'vitest';
import type { SessionState } from '../../../src/zookeeper/nodes.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  SessionExpiredError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from './model-ensemble.ts';
import { ModelNodes } from './model-nodes.ts';
import type { ModelSessionOptions } from './model-session.ts';
import { VirtualTime } from './virtual-time.ts';

const TIMEOUT_MS = 900;

class Place {
  readonly time = new VirtualTime();
  readonly ensemble = new ModelEnsemble(this.time, seededIntegers(1));
  readonly states: SessionState[] = [];
  readonly nodes: ModelNodes;

  constructor(options: ModelSessionOptions = {}) {
    this.nodes = new ModelNodes(this.ensemble, { sessionTimeoutMs: TIMEOUT_MS, ...options });
    this.nodes.onState((state) => this.states.push(state));
  }

  pass(ms: number): Promise<void> {
    return this.time.runUntil(this.time.nowMs + ms);
  }

  /** Lets time pass until it is answered. */
  async answer<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    await this.time.runUntil(this.time.nowMs + 10_000, () => isOver);
    return promise;
  }

  exists(path: string): boolean {
    return this.ensemble.server.tree.stat(path) !== null;
  }
}

async function connected(options: ModelSessionOptions = {}): Promise<Place> {
  const place = new Place(options);
  await place.pass(50);
  return place;
}

describe('a client of the model', () => {
  it('answers in the order in which it was asked, and tells of events before', async () => {
    const { nodes, ...place } = await connected();
    const seen: string[] = [];
    void nodes.exists('/p', ({ type, path }) => seen.push(`${type} ${path}`)).then(() => seen.push('exists'));
    void nodes.create('/p').then(() => seen.push('create'));
    void nodes.getChildren('/').then(({ children }) => seen.push(`children ${children.join()}`));
    await place.time.runUntil(100);
    expect(seen.filter((what) => what !== 'created /p')).toStrictEqual(['exists', 'create', 'children p']);
    expect(seen.indexOf('created /p')).toBeLessThan(seen.indexOf('create'));
  });

  it('keeps its session while nothing is asked of it', async () => {
    const place = await connected();
    const { sessionId } = place.nodes;
    await place.pass(100 * TIMEOUT_MS);
    expect(place.states).toStrictEqual(['connected']);
    expect(place.nodes.isSessionAlive(sessionId)).toBe(true);
    expect(place.ensemble.server.isOpen(sessionId)).toBe(true);
  });

  it.each(['before', 'after'] as const)(
    'does not know of a write whose connection is cut %s it',
    async (cut) => {
      let cuts = 1;
      const place = await connected({ cutOf: (isWrite) => (isWrite && cuts-- > 0 ? cut : 'nowhere') });
      await expect(place.answer(place.nodes.create('/p'))).rejects.toThrow(ConnectionLossError);
      expect(place.exists('/p')).toBe(cut === 'after');
      await place.pass(100);
      expect(place.states).toStrictEqual(['connected', 'suspended', 'connected']);
    },
  );

  it('asks again for what it may when the connection is back', async () => {
    let cuts = 2;
    const place = await connected({ cutOf: (isWrite) => (!isWrite && cuts-- > 0 ? 'after' : 'nowhere') });
    const events: string[] = [];
    expect(await place.answer(place.nodes.exists('/p', ({ type }) => events.push(type)))).toBeNull();
    await place.answer(place.nodes.create('/p'));
    expect(events).toStrictEqual(['created']);
  });

  it('is told on another connection what its watches have missed', async () => {
    const place = await connected();
    const other = new ModelNodes(place.ensemble, { sessionTimeoutMs: TIMEOUT_MS });
    await place.answer(other.create('/p'));
    const events: string[] = [];
    await place.answer(place.nodes.getData('/p', ({ type }) => events.push(type)));
    place.nodes.session.isolate(300);
    place.nodes.session.link?.cut();
    await place.answer(other.delete('/p'));
    expect(events).toStrictEqual([]);
    await place.pass(400);
    expect(events).toStrictEqual(['deleted']);
    expect(place.nodes.session.losses).toBe(0);
  });

  it('gives a silent server up at two thirds of the timeout, and its session at the whole', async () => {
    const place = await connected();
    const { nodes } = place;
    const { sessionId } = nodes;
    await place.answer(nodes.create('/e', { mode: 'ephemeral' }));
    const events: string[] = [];
    await place.answer(nodes.exists('/e', ({ type }) => events.push(type)));
    const read = nodes.sync('/');
    const failed = expect(read).rejects.toThrow(SessionExpiredError);
    nodes.session.isolate(2 * TIMEOUT_MS);
    nodes.session.link!.swallows = 'everything';
    await place.pass((TIMEOUT_MS * 2) / 3 + 1);
    expect(nodes.state).toBe('suspended');
    expect(nodes.isSessionAlive(sessionId)).toBe(true);
    await place.pass(TIMEOUT_MS / 3);
    await failed;
    expect(nodes.state).toBe('lost');
    expect(nodes.isSessionAlive(sessionId)).toBe(false);
    expect(events).toStrictEqual(['lost']);
    await place.pass(TIMEOUT_MS + 100);
    expect(place.exists('/e')).toBe(false);
    expect(place.states).toStrictEqual(['connected', 'suspended', 'lost', 'connected']);
    expect(nodes.sessionId).not.toBe(sessionId);
  });

  it('knows by its clock that its session is over before the server ends it', async () => {
    const place = await connected();
    const { sessionId } = place.nodes;
    place.nodes.clock.stall(Number.POSITIVE_INFINITY);
    let endedMs = 0;
    await place.time.runUntil(10_000, () => {
      if (place.nodes.isSessionAlive(sessionId)) endedMs = place.time.nowMs;
      return !place.ensemble.server.isOpen(sessionId);
    });
    expect(place.time.nowMs).toBeLessThan(10_000);
    expect(place.nodes.isSessionAlive(sessionId)).toBe(false);
    expect(place.time.nowMs).toBeGreaterThan(endedMs);
  });

  it('does nothing while it is stalled, and what is overdue then', async () => {
    const place = await connected();
    const called: number[] = [];
    place.nodes.clock.after(10, () => called.push(place.time.nowMs));
    const startMs = place.time.nowMs;
    place.nodes.clock.stall(200);
    place.time.after(150, () => place.nodes.clock.stall(100));
    await place.pass(1000);
    expect(called).toStrictEqual([startMs + 250]);
  });

  it('loses a request that is not answered, which may take effect all the same', async () => {
    const place = await connected({ requestTimeoutMs: 100 });
    place.nodes.session.link!.swallows = 'replies';
    await expect(place.answer(place.nodes.create('/p'))).rejects.toThrow(ConnectionLossError);
    expect(place.exists('/p')).toBe(true);
  });

  it('takes its nodes with it when it is closed, and answers nothing more', async () => {
    const place = await connected();
    await place.answer(place.nodes.create('/e', { mode: 'ephemeral' }));
    const asked = expect(place.nodes.sync('/')).rejects.toThrow(ClientClosedError);
    place.nodes.close();
    await asked;
    await expect(place.nodes.sync('/')).rejects.toThrow(ClientClosedError);
    await place.pass(20);
    expect(place.exists('/e')).toBe(false);
    expect(place.states).toStrictEqual(['connected', 'closed']);
  });
});
