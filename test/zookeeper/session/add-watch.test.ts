import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { ZooKeeperClient } from '../../../src/zookeeper/zookeeper-client.ts';
import { afterwards } from '../../server/running-server.ts';
import { type FakeOptions, FakeServer } from '../fake-server.ts';

const CREATED = 1;
const CHANGED = 3;
const RECURSIVE = { recursive: true };

async function run(fake: FakeOptions['answer'] = () => undefined) {
  const server = await FakeServer.start({
    answer: (asked) => {
      const answer = fake(asked);
      if (answer !== undefined) return answer;
      return asked.op === OpCode.Exists ? { code: -101 } : undefined;
    },
  });
  const client = await ZooKeeperClient.connect(`${server.address}/space`, { sessionTimeoutMs: 5_000 });
  afterwards(() => client.close());
  const told: string[] = [];
  const watcher = ({ type, path }: WatchEvent): void => void told.push(`${type} ${path}`);
  /** Whatever the server has said has arrived. */
  const settle = () => client.sync('/');
  return { server, client, told, watcher, settle };
}

describe('a watch that stays', () => {
  it.each([
    [false, 0],
    [true, 1],
  ])('is asked for by its kind: recursive %s', async (recursive, mode) => {
    const { server, client, watcher } = await run();
    await client.addWatch('/a', { recursive }, watcher);
    const [{ op, body }] = server.asked as [(typeof server.asked)[number]];
    expect([op, body.string(), body.int(), body.remaining]).toEqual([OpCode.AddWatch, '/space/a', mode, 0]);
  });

  it('hears what comes behind the answer in the same packet, and nothing from before', async () => {
    for (const goes of ['before', 'behind'] as const) {
      const { client, told, watcher, settle } = await run(({ op }) =>
        op === OpCode.AddWatch ? { event: { goes, type: CREATED, path: '/space/a/b' } } : undefined,
      );
      await client.addWatch('/a', RECURSIVE, watcher);
      await settle();
      expect(told).toEqual(goes === 'before' ? [] : ['created /a/b']);
    }
  });

  it('hears of an event before the answer behind it', async () => {
    const { client, told, watcher } = await run(({ op }) =>
      op === OpCode.Delete ? { event: { goes: 'before', type: CHANGED, path: '/space/a' } } : undefined,
    );
    await client.addWatch('/a', {}, watcher);
    await client.delete('/b').then(() => told.push('answer'));
    expect(told).toEqual(['dataChanged /a', 'answer']);
  });

  it('ends with the last of its node, which the server is told, and what is left there is asked for anew', async () => {
    const { server, client, told, watcher, settle } = await run();
    const ends = [await client.addWatch('/a', {}, watcher), await client.addWatch('/a', {}, watcher)];
    expect(await client.exists('/a', watcher)).toBeNull();
    ends[0]!();
    await settle();
    expect(server.ops).toEqual([OpCode.AddWatch, OpCode.AddWatch, OpCode.Exists]);
    ends[1]!();
    ends[1]!();
    await settle();
    await settle();
    expect(server.ops.slice(3)).toEqual([OpCode.RemoveWatches, OpCode.SetWatches]);
    const [removal, arming] = server.asked.slice(3).map(({ body }) => body);
    expect([removal!.string(), removal!.int()]).toEqual(['/space/a', 3]);
    expect([arming!.long(), arming!.strings(), arming!.strings()]).toEqual([1n, [], ['/space/a']]);
    server.notify(CREATED, '/space/a');
    server.notify(CREATED, '/space/a');
    await settle();
    expect(told).toEqual(['created /a']);
  });

  it('stands in for those for one event, for which the server is not asked', async () => {
    const { server, client, watcher } = await run();
    const end = await client.addWatch('/a', RECURSIVE, watcher);
    const flags = () =>
      server.asked.flatMap(({ op, body }) => (op === OpCode.Exists ? [[body.string(), body.bool()]] : []));
    await Promise.all(['/a', '/a/b'].map((path) => client.exists(path, watcher)));
    expect(flags()).toEqual([
      ['/space/a', false],
      ['/space/a/b', true],
    ]);
    end();
    await client.exists('/a', watcher);
    const again = server.asked.findLast(({ op }) => op === OpCode.Exists)!.body;
    expect([again.string(), again.bool()]).toEqual(['/space/a', true]);
  });

  it('cannot be had from a server before 3.6, and leaves nothing behind', async () => {
    const { server, client, told, watcher } = await run(({ op }) =>
      op === OpCode.AddWatch ? { code: -6, closes: true } : undefined,
    );
    await expect(client.addWatch('/a', {}, watcher)).rejects.toMatchObject({
      code: 'ZOOKEEPER_UNIMPLEMENTED',
      path: '/a',
    });
    await expect.poll(() => server.greetings.length).toBe(2);
    await expect.poll(() => client.state).toBe('connected');
    await client.exists('/a', watcher);
    expect([server.ops.includes(OpCode.SetWatches2), told]).toEqual([false, []]);
    const asked = server.asked.at(-1)!.body;
    expect([asked.string(), asked.bool()]).toEqual(['/space/a', true]);
  });

  it('is of one kind at a node', async () => {
    const { client, watcher } = await run();
    await client.addWatch('/a', {}, watcher);
    await expect(client.addWatch('/a', RECURSIVE, watcher)).rejects.toMatchObject({ code: 'ZOOKEEPER_USE' });
    await expect(client.addWatch('a', {}, watcher)).rejects.toMatchObject({ code: 'ZOOKEEPER_USE' });
  });
});

describe('on the next connection', () => {
  it('a watch that stays is asked for first, and told once that there is one', async () => {
    const { server, client, told, watcher, settle } = await run();
    await client.addWatch('/a', RECURSIVE, watcher);
    await client.exists('/b', watcher);
    const suspended = new Promise((resolve) => client.onState(resolve));
    server.cut();
    expect(await suspended).toBe('suspended');
    await client.delete('/c');
    expect(server.ops.slice(2)).toEqual([OpCode.SetWatches2, OpCode.Delete]);
    server.notify(CREATED, '/space/a/x');
    await settle();
    expect(told).toEqual(['reconnected /a', 'created /a/x']);
  });

  it('where none stays, watches are asked for as old servers know it', async () => {
    const { server, client, told, watcher, settle } = await run();
    const end = await client.addWatch('/a', RECURSIVE, watcher);
    await client.exists('/b', watcher);
    end();
    await settle();
    server.cut();
    await expect.poll(() => server.greetings.length).toBe(2);
    await settle();
    expect([server.ops.slice(2), told]).toEqual([[OpCode.RemoveWatches, OpCode.SetWatches], []]);
  });

  it('of an old server they are lost, and the others can be had', async () => {
    const { server, client, told, watcher, settle } = await run(({ op }) =>
      op === OpCode.SetWatches2 ? { code: -6, closes: true } : undefined,
    );
    await client.addWatch('/a', RECURSIVE, watcher);
    await client.exists('/b', watcher);
    server.cut();
    await expect.poll(() => server.ops.at(-1)).toBe(OpCode.SetWatches);
    server.notify(CREATED, '/space/b');
    await settle();
    expect(told).toEqual(['reconnected /a', 'lost /a', 'created /b']);
    expect(server.ops.slice(2)).toEqual([OpCode.SetWatches2, OpCode.SetWatches]);
  });

  it('one whose answer was lost is asked for again', async () => {
    let isAnswered = false;
    const { server, client, told, watcher } = await run(({ op }) =>
      op === OpCode.AddWatch && !isAnswered ? null : undefined,
    );
    const adding = client.addWatch('/a', {}, watcher);
    await expect.poll(() => server.ops).toEqual([OpCode.AddWatch]);
    isAnswered = true;
    server.cut();
    await adding;
    expect([server.ops, told]).toEqual([[OpCode.AddWatch, OpCode.AddWatch], []]);
  });

  it('one that waits for it is refused by an old server as on the first', async () => {
    const { server, client, watcher, settle } = await run(({ op }) =>
      op === OpCode.AddWatch || op === OpCode.SetWatches2 ? { code: -6, closes: true } : undefined,
    );
    const suspended = new Promise((resolve) => client.onState(resolve));
    server.cut();
    await suspended;
    await expect(client.addWatch('/a', {}, watcher)).rejects.toMatchObject({
      code: 'ZOOKEEPER_UNIMPLEMENTED',
    });
    await settle();
    expect(server.ops).toEqual([OpCode.AddWatch]);
  });
});
