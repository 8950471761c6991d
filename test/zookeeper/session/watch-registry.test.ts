import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { type WatchKind, WatchRegistry } from '../../../src/zookeeper/session/watch-registry.ts';

function run() {
  const registry = new WatchRegistry();
  const told: string[] = [];
  const watch = (kind: WatchKind, path = '/a') => {
    const watcher = (event: WatchEvent): void => void told.push(`${kind} ${event.type} ${event.path}`);
    registry.add(kind, path, watcher);
    return watcher;
  };
  const fire = (type: WatchEvent['type'], path = '/a') =>
    registry.fire(path, { type, path: `/client${path}` });
  return { registry, told, watch, fire };
}

describe('watches', () => {
  it.each<[WatchEvent['type'], WatchKind[]]>([
    ['created', ['data', 'exists']],
    ['dataChanged', ['data', 'exists']],
    ['deleted', ['data', 'exists', 'children']],
    ['childrenChanged', ['children']],
  ])('are told of the events of their kind, once: %s', (type, woken) => {
    const { told, watch, fire } = run();
    for (const kind of ['data', 'exists', 'children'] as const) watch(kind);
    watch('data', '/b');
    fire(type);
    expect(told).toEqual(woken.map((kind) => `${kind} ${type} /client/a`));
    fire(type);
    expect(told).toHaveLength(woken.length);
  });

  it('of the same kind on the same node are all told, each once however often it was set', () => {
    const { registry, told, watch, fire } = run();
    const first = watch('data');
    watch('data');
    registry.add('data', '/a', first);
    fire('deleted');
    expect(told).toHaveLength(2);
  });

  it('may be set again while they are told', () => {
    const { registry, fire } = run();
    let count = 0;
    const again = (): void => {
      count++;
      registry.add('data', '/a', again);
    };
    again();
    fire('dataChanged');
    expect([count, registry.paths('data')]).toEqual([2, ['/a']]);
  });

  it('are not told when they were taken away', () => {
    const { registry, told, watch, fire } = run();
    const [first, other] = [watch('data'), watch('children')];
    registry.remove('/b', first);
    registry.remove('/a', first);
    fire('deleted');
    registry.remove('/a', other);
    expect([told, registry.isEmpty]).toEqual([['children deleted /client/a'], true]);
  });

  it('that stay are told as well, and are listed with their node', () => {
    const { registry, told, watch, fire } = run();
    const persistent = registry.persistent.add({ server: '/a', client: '/client/a' }, 'persistent', (event) =>
      told.push(`persistent ${event.type}`),
    );
    registry.persistent.asked('/a');
    persistent.isArmed = true;
    watch('data');
    fire('dataChanged');
    fire('dataChanged');
    expect(told).toEqual(['data dataChanged /client/a', 'persistent dataChanged', 'persistent dataChanged']);
    expect([registry.paths('persistent'), registry.paths('persistentRecursive')]).toEqual([['/a'], []]);
    expect(registry.isEmpty).toBe(false);
    registry.loseAll((path) => path);
    expect([told.at(-1), registry.isEmpty]).toEqual(['persistent lost', true]);
  });

  it('are all told when the session is lost', () => {
    const { registry, told, watch } = run();
    watch('data');
    watch('exists', '/b');
    expect([registry.paths('exists'), registry.isEmpty]).toEqual([['/b'], false]);
    registry.loseAll((path) => `/client${path}`);
    expect(told).toEqual(['data lost /client/a', 'exists lost /client/b']);
    expect(registry.isEmpty).toBe(true);
  });
});
