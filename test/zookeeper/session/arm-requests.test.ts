import { expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { armRequests } from '../../../src/zookeeper/session/arm-requests.ts';
import { WatchRegistry } from '../../../src/zookeeper/session/watch-registry.ts';
import { JuteReader } from '../../../src/zookeeper/wire/jute-reader.ts';
import { JuteWriter } from '../../../src/zookeeper/wire/jute-writer.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';

function run(isPersistent: boolean) {
  const registry = new WatchRegistry();
  const watcher = (): void => {};
  registry.add('data', '/d', watcher);
  registry.add('exists', '/e', watcher);
  registry.add('children', '/c', watcher);
  if (isPersistent) {
    registry.persistent.add({ server: '/r', client: '/r' }, 'persistentRecursive', watcher);
    registry.persistent.add({ server: '/d', client: '/d' }, 'persistent', watcher);
    for (const path of ['/r', '/d']) registry.persistent.asked(path);
    registry.persistent.add({ server: '/later', client: '/later' }, 'persistent', watcher);
  }
  const requests = (path?: string) => armRequests(registry, 7n, path).map(read);
  return { registry, watcher, requests };
}

function read({ op, write }: ReturnType<typeof armRequests>[number]) {
  const writer = new JuteWriter();
  write(writer);
  const reader = new JuteReader(writer.take());
  const sinceZxid = reader.long();
  const lists: string[][] = [];
  while (reader.remaining > 0) lists.push(reader.strings());
  return { op, sinceZxid, lists };
}

it('watches for one event are asked for as all servers know it', () => {
  const { requests } = run(false);
  expect(requests()).toEqual([{ op: OpCode.SetWatches, sinceZxid: 7n, lists: [['/d'], ['/e'], ['/c']] }]);
});

it('with those that stay among them, as servers from 3.6 on do', () => {
  const { requests } = run(true);
  expect(requests()).toEqual([
    { op: OpCode.SetWatches2, sinceZxid: 7n, lists: [['/d'], ['/e'], ['/c'], ['/d'], ['/r']] },
  ]);
});

it('those of one node are asked for alone', () => {
  const { requests } = run(true);
  expect(requests('/d').map(({ lists }) => lists)).toEqual([[['/d'], [], [], ['/d'], []]]);
  expect(requests('/x')).toEqual([]);
});

it('many of them need several requests, of which those to which servers from 3.6 on are needed come last', () => {
  const { registry, watcher, requests } = run(true);
  const long = 'x'.repeat(1_000);
  for (let i = 0; i < 400; i++) registry.add('children', `/${i}${long}`, watcher);
  const all = requests();
  expect(all.map(({ op }) => op)).toEqual([...Array(3).fill(OpCode.SetWatches), OpCode.SetWatches2]);
  const paths = all.flatMap(({ lists }) => lists.flat());
  expect([paths.length, new Set(paths).size]).toEqual([405, 404]);
  for (const { lists } of all) expect(Buffer.byteLength(lists.flat().join(''))).toBeLessThan(135_000);
});

it('so many bytes of paths fit a request, and one more needs another', () => {
  const countAt = (bytes: number): number => {
    const registry = new WatchRegistry();
    // Each has its length before it.
    for (const path of [`/a${'x'.repeat(994)}`, `/b${'x'.repeat(bytes - 1_000 - 4 - 2)}`])
      registry.add('data', path, () => {});
    return armRequests(registry, 7n).length;
  };
  expect(countAt(Limits.zookeeperArmedBytesMax)).toBe(1);
  expect(countAt(Limits.zookeeperArmedBytesMax + 1)).toBe(2);
});

it('a long path does not go behind others in a request that servers would not take any more', () => {
  const registry = new WatchRegistry();
  for (let i = 0; i < 100; i++) registry.add('data', `/${i}${'x'.repeat(1_000)}`, () => {});
  registry.add('data', `/${'y'.repeat(1_000_000)}`, () => {});
  const lengths = armRequests(registry, 7n).map(({ write }) => {
    const writer = new JuteWriter();
    write(writer);
    return writer.take().length;
  });
  expect(lengths).toHaveLength(2);
  expect(Math.max(...lengths)).toBeLessThan(Limits.zookeeperRequestBytesMax);
});
