import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { openTwo } from './open-over-model.ts';

const PATH = '/pool';
const paths = new LockPaths([{ name: 's', path: PATH, layout: 'semaphore' }]);

describe("a request for a lease of Curator's semaphore", () => {
  it('has its place in line when its size is looked at', async () => {
    const { ensemble, one, two } = await openTwo({ paths });
    const key = await one.caller.acquire({ name: 's', size: 2 });
    await one.caller.ask('Unlock', { name: 's', key });
    const { tree } = ensemble.server;
    // Its containers are removed as soon as nobody is below them, those above a while after those below.
    while (tree.children(PATH).length > 0) await one.pass(1);
    const read = one.nodes.getChildren.bind(one.nodes);
    let isRemade = false;
    one.nodes.getChildren = async (...args) => {
      const listing = await read(...args);
      while (args[0] === PATH && !isRemade)
        await new Promise<void>((resolve) => void one.nodes.clock.after(1, resolve));
      return listing;
    };
    const call = one.caller.send('Lock', { name: 's', size: 2 });
    await two.caller.until(() => tree.stat(PATH) === null);
    await two.caller.acquire({ name: 's', size: 3 });
    isRemade = true;
    expect(await one.caller.answerTo(call)).toMatchObject({ error: { code: Refusals.sizeMismatch.code } });
    expect(one.caller.notices).toEqual([]);
  });

  it('is granted where the idle node above it vanishes meanwhile', async () => {
    const { ensemble, one } = await openTwo({ paths });
    const create = one.nodes.create.bind(one.nodes);
    one.nodes.create = async (...args) => {
      const created = create(...args);
      one.nodes.create = create;
      await created;
      const sessionId = ensemble.server.openSession(1_000, 0);
      ensemble.server.write(sessionId, { kind: 'delete', path: PATH, version: -1 }, 0);
      for (const replica of ensemble.replicas) replica.catchUp();
      return created;
    };
    expect(await one.caller.ask('Lock', { name: 's', size: 2 })).toMatchObject({ locked: true });
    expect(one.caller.notices).toEqual([]);
  });
});
