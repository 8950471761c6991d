import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { type PersistentKind, PersistentWatches } from '../../../src/zookeeper/session/persistent-watches.ts';

function run() {
  const watches = new PersistentWatches();
  const told: string[] = [];
  const add = (name: string, server: string, kind: PersistentKind = 'persistent') => {
    const at = { server, client: `/client${server}` };
    const watch = watches.add(at, kind, (event) => told.push(`${name} ${event.type} ${event.path}`));
    watches.asked(server);
    watch.isArmed = true;
    return watch;
  };
  const fire = (type: WatchEvent['type'], server: string): void =>
    watches.fire(server, { type, path: `/client${server}` });
  return { watches, told, add, fire };
}

describe('watches that stay', () => {
  it('are told of all events of their node, again and again', () => {
    const { told, add, fire } = run();
    add('a', '/a');
    const types = ['created', 'childrenChanged', 'dataChanged', 'dataChanged', 'deleted'] as const;
    for (const type of types) for (const path of ['/a', '/a/b', '/', '/ab']) fire(type, path);
    expect(told).toEqual(types.map((type) => `a ${type} /client/a`));
  });

  it.each([
    ['/a', ['/a', '/a/b', '/a/b/c']],
    ['/', ['/', '/a', '/a/b', '/a/b/c', '/ab']],
  ])('are told of all nodes below %s, but of no lists of children', (root, seen) => {
    const { told, add, fire } = run();
    add('r', root, 'persistentRecursive');
    for (const path of ['/', '/a', '/a/b', '/a/b/c', '/ab']) {
      fire('created', path);
      fire('childrenChanged', path);
    }
    expect(told).toEqual(seen.map((path) => `r created /client${path}`));
  });

  it('are told of nothing before the server has said that they stand', () => {
    const { watches, told, add, fire } = run();
    const watch = add('a', '/a');
    watch.isArmed = false;
    fire('created', '/a');
    watches.reconnected();
    watches.lose();
    watch.isArmed = true;
    fire('deleted', '/a');
    expect(told).toEqual(['a deleted /client/a']);
  });

  it('are told no more once they have ended, and the last of a node is known as such', () => {
    const { watches, told, add, fire } = run();
    const [first, second] = [add('1', '/a'), add('2', '/a')];
    expect(watches.delete('/a', first)).toBe(false);
    fire('created', '/a');
    expect([watches.delete('/a', first), watches.delete('/a', second)]).toEqual([false, true]);
    expect([watches.delete('/a', second), watches.isEmpty]).toEqual([false, true]);
    fire('deleted', '/a');
    expect(told).toEqual(['2 created /client/a']);
  });

  it('may end each other while they are told', () => {
    const { watches, told, fire, add } = run();
    const at = { server: '/a', client: '/a' };
    const first = watches.add(at, 'persistent', () => watches.delete('/a', second));
    const second = add('2', '/a');
    first.isArmed = true;
    fire('created', '/a');
    expect(told).toEqual([]);
  });

  it('are told of a new connection, and of the end, which is the last that they hear', () => {
    const { watches, told, add, fire } = run();
    add('a', '/a');
    const other = add('b', '/b', 'persistentRecursive');
    expect([watches.paths('persistent'), watches.paths('persistentRecursive')]).toEqual([['/a'], ['/b']]);
    watches.reconnected();
    watches.lose();
    watches.lose();
    watches.reconnected();
    fire('created', '/a');
    const events = ['reconnected', 'lost'].flatMap((type) => [`a ${type} /client/a`, `b ${type} /client/b`]);
    expect(told).toEqual(events);
    expect([watches.isEmpty, watches.delete('/b', other)]).toEqual([true, false]);
  });

  it('are asked for first on the next connection, if they stood on the one before', () => {
    const { watches, add } = run();
    add('a', '/a');
    add('b', '/b').isArmed = false;
    watches.add({ server: '/c', client: '/c' }, 'persistent', () => {});
    expect(watches.paths('persistent')).toEqual(['/a', '/b']);
    watches.disconnected();
    expect([watches.paths('persistent'), watches.covers('data', '/b')]).toEqual([['/a'], false]);
    watches.asked('/b');
    expect([watches.paths('persistent'), watches.covers('data', '/b')]).toEqual([['/a', '/b'], true]);
  });

  it('are of one kind at a node', () => {
    const { watches, add } = run();
    const watch = add('a', '/a');
    expect(() => add('b', '/a', 'persistentRecursive')).toThrow(
      expect.objectContaining({ code: 'ZOOKEEPER_USE', path: '/client/a' }),
    );
    watches.delete('/a', watch);
    expect(() => add('b', '/a', 'persistentRecursive')).not.toThrow();
  });

  it('stand in for those for one event, once they are asked for', () => {
    const { watches, add } = run();
    const covered = (path: string) =>
      (['data', 'exists', 'children'] as const).map((kind) => watches.covers(kind, path));
    watches.add({ server: '/c', client: '/c' }, 'persistent', () => {});
    add('a', '/a');
    add('b', '/b', 'persistentRecursive');
    expect(['/a', '/b', '/c', '/b/x'].map(covered)).toEqual([
      [true, true, true],
      [true, true, false],
      [false, false, false],
      [false, false, false],
    ]);
  });
});
