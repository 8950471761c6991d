import { expect, it } from 'vitest';
import { onRevoke, revoke } from '../../../src/zookeeper/locks/revocation.ts';
import type { Watcher } from '../../../src/zookeeper/nodes.ts';
import { NoAuthError, SystemError } from '../../../src/zookeeper/server-refusal.ts';
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
  const nodes = new RefusingNodes(new ModelEnsemble(time, seededIntegers(1)));
  const pass = (ms: number): Promise<void> => time.runUntil(time.nowMs + ms);
  await pass(50);
  void nodes.create('/lock');
  await pass(50);
  return { nodes, pass };
}

/** What nobody catches in the meantime. */
async function uncaughtIn(work: () => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => errors.push(error));
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 10));
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
  return errors;
}

it('what the callback throws is not swallowed, and it is called once', async () => {
  const { nodes, pass } = await run();
  let calls = 0;
  const bug = new Error('a bug');
  const errors = await uncaughtIn(async () => {
    onRevoke(nodes, { path: '/lock' }, () => {
      calls++;
      throw bug;
    });
    await pass(50);
    void revoke(nodes, '/lock');
    await pass(50);
    void revoke(nodes, '/lock');
    await pass(50);
  });
  expect([calls, errors]).toEqual([1, [bug]]);
});

it('a server that fails to read is asked again, after a pause', async () => {
  const { nodes, pass } = await run();
  nodes.refusals.push(new SystemError('/lock'), new SystemError('/lock'));
  let calls = 0;
  onRevoke(nodes, { path: '/lock' }, () => calls++);
  await pass(50);
  expect(nodes.reads).toBe(1);
  await pass(5_000);
  void revoke(nodes, '/lock');
  await pass(50);
  expect(calls).toBe(1);
});

it('nobody is asked again who has ended it, or may not read', async () => {
  const { nodes, pass } = await run();
  nodes.refusals.push(new SystemError('/lock'), new NoAuthError('/lock'));
  const end = onRevoke(nodes, { path: '/lock' }, () => {});
  await pass(50);
  end();
  onRevoke(nodes, { path: '/lock' }, () => {});
  await pass(20_000);
  expect(nodes.reads).toBe(2);
});
