import { describe, expect, it } from 'vitest';
import { SharedCount, type SharedCountOptions } from '../../../src/zookeeper/locks/shared-count.ts';
import type { Watcher } from '../../../src/zookeeper/nodes.ts';
import { SystemError } from '../../../src/zookeeper/server-refusal.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { ModelNodes } from '../model/model-nodes.ts';
import { VirtualTime } from '../model/virtual-time.ts';

/** Refuses to read as often as it is told to. */
class RefusingNodes extends ModelNodes {
  readonly refusals: Error[] = [];
  reads = 0;

  override getData(path: string, watcher?: Watcher) {
    this.reads++;
    const refusal = this.refusals.shift();
    return refusal === undefined ? super.getData(path, watcher) : Promise.reject(refusal);
  }
}

async function run() {
  const time = new VirtualTime();
  const ensemble = new ModelEnsemble(time, seededIntegers(1));
  const [nodes, other] = [new RefusingNodes(ensemble), new RefusingNodes(ensemble)];
  const pass = (ms = 50): Promise<void> => time.runUntil(time.nowMs + ms);
  /** What a promise comes to, in time that is not real. */
  const come = async <Value>(promise: Promise<Value>): Promise<Value> => {
    promise.catch(() => {});
    await pass(500);
    return promise;
  };
  const open = (from: ModelNodes, options?: SharedCountOptions, path = '/a/count') =>
    come(SharedCount.open(from, path, options));
  await pass();
  return { nodes, other, pass, come, open };
}

const bytes = (...values: number[]): Buffer => Buffer.from(values);

describe('a shared count', () => {
  it('is made where there is none, and found where there is one', async () => {
    const { nodes, other, open, come } = await run();
    const count = await open(nodes, { seed: -2 });
    expect([count.path, count.count, count.versioned]).toEqual(['/a/count', -2, { count: -2, version: 0 }]);
    expect((await come(other.getData('/a/count'))).data).toEqual(bytes(255, 255, 255, 254));
    expect((await open(other, { seed: 7 })).count).toBe(-2);
    expect((await open(other, {}, '/b')).count).toBe(0);
  });

  it('follows what others write, and what is written here, telling of each change once', async () => {
    const { nodes, other, open, come } = await run();
    const [ours, theirs] = [await open(nodes), await open(other)];
    const told: string[] = [];
    ours.onChange((count) => told.push(`ours ${count}`));
    const end = theirs.onChange((count) => told.push(`theirs ${count}`));
    const setting = ours.setCount(3);
    await come(setting);
    expect([ours.versioned, theirs.versioned]).toEqual(Array(2).fill({ count: 3, version: 1 }));
    await come(theirs.setCount(4));
    expect(told.sort()).toEqual(['ours 3', 'ours 4', 'theirs 3', 'theirs 4']);
    end();
    await come(ours.setCount(5));
    expect([theirs.count, told.length]).toEqual([5, 5]);
  });

  it('is written only if nobody has written it since, where that is asked for', async () => {
    const { nodes, other, open, come } = await run();
    const [ours, theirs] = [await open(nodes), await open(other)];
    const { version } = ours.versioned;
    expect(await come(theirs.trySetCount(1))).toBe(true);
    expect(await come(ours.trySetCount(2, version))).toBe(false);
    expect(ours.versioned).toEqual({ count: 1, version: 1 });
    const trying = [ours.trySetCount(3), theirs.trySetCount(4)];
    const results = await come(Promise.all(trying));
    expect(results.filter((isDone) => isDone)).toHaveLength(1);
    expect([ours.count, theirs.count]).toEqual(results[0] ? [3, 3] : [4, 4]);
  });

  it('keeps what was known while the node is gone or has something else in it', async () => {
    const { nodes, other, open, come } = await run();
    const count = await open(nodes, { seed: 5 }, '/count');
    await come(other.setData('/count', bytes(1, 2)));
    expect(count.count).toBe(5);
    await come(other.setData('/count', bytes(0, 0, 0, 6, 99)));
    expect(count.count).toBe(6);
    await come(other.delete('/count'));
    expect(count.count).toBe(6);
    await come(other.create('/count', { data: bytes(0, 0, 1, 0) }));
    expect(count.versioned).toEqual({ count: 256, version: 0 });
  });

  it('is none where something else is in the node', async () => {
    const { nodes, open, come } = await run();
    await come(nodes.create('/text', { data: Buffer.from('5') }));
    await expect(open(nodes, {}, '/text')).rejects.toMatchObject({
      code: 'ZOOKEEPER_NOT_A_COUNT',
      path: '/text',
      message: 'a count has 4 bytes, not 1: /text',
    });
  });

  it('is followed by the next session', async () => {
    const { nodes, other, open, come, pass } = await run();
    const [ours, theirs] = [await open(nodes), await open(other)];
    nodes.session.isolate(5_000);
    nodes.session.link?.cut();
    await pass(3_000);
    expect(nodes.state).not.toBe('connected');
    await come(theirs.setCount(8));
    expect(ours.count).toBe(0);
    await pass(6_000);
    expect([nodes.session.losses, nodes.state, ours.count]).toEqual([1, 'connected', 8]);
    await come(theirs.setCount(9));
    expect(ours.count).toBe(9);
  });

  it('is looked at again where a server fails to read it, after a pause', async () => {
    const { nodes, other, open, come, pass } = await run();
    const [ours, theirs] = [await open(nodes), await open(other)];
    nodes.refusals.push(new SystemError('/a/count'), new SystemError('/a/count'));
    const { reads } = nodes;
    await come(theirs.setCount(8));
    expect([ours.count, nodes.reads]).toEqual([0, reads + 1]);
    await pass(5_000);
    expect([ours.count, nodes.reads]).toEqual([8, reads + 3]);
  });

  it.each(['count', 'client'] as const)('is followed no more once the %s is closed', async (what) => {
    const { nodes, other, open, come, pass } = await run();
    const [ours, theirs] = [await open(nodes), await open(other)];
    let calls = 0;
    ours.onChange(() => calls++);
    if (what === 'client') nodes.close();
    else ours[Symbol.dispose]();
    await pass();
    const { reads } = nodes;
    await come(theirs.setCount(8));
    await pass(100_000);
    expect([ours.count, calls, nodes.reads - reads]).toEqual([0, 0, 0]);
  });

  it.each([1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN, '1', undefined])(
    'has 32 bits, so it is refused to be %s',
    async (value) => {
      const { nodes, open } = await run();
      const wrong = value as number;
      const count = await open(nodes);
      const USE = { code: 'ZOOKEEPER_USE' };
      await expect(count.setCount(wrong)).rejects.toMatchObject(USE);
      await expect(count.trySetCount(wrong)).rejects.toMatchObject(USE);
      if (value !== undefined)
        await expect(SharedCount.open(nodes, '/a', { seed: wrong })).rejects.toMatchObject(USE);
    },
  );
});
