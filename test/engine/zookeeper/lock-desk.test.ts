import { describe, expect, it } from 'vitest';
import { type ModelServer, newRoom, openServers } from './open-over-model.ts';

async function openTwo() {
  const [one, two] = (await openServers(newRoom(), 2)) as [ModelServer, ModelServer];
  return { one, two };
}

describe('a request that was given up, and is made again by the same id', () => {
  it('does not take the node for its own that is about to vanish', async () => {
    const { one, two } = await openTwo();
    const request = { name: 'a', request_id: Buffer.from('request 1') };
    await one.caller.ask('Unlock', { name: 'a', key: await one.caller.acquire({ name: 'a' }) });
    // Both nodes are made, and none of the answers arrives.
    one.nodes.session.link!.swallows = 'replies';
    const first = one.caller.send('Lock', request);
    await one.pass(1);
    one.caller.cancel(first);
    const repeat = one.caller.send('Lock', request);
    expect(await one.caller.answerTo(repeat)).toMatchObject({ locked: true });
    await one.pass(300);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});
