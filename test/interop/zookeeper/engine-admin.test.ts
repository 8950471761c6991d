import { describe, expect, it } from 'vitest';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { AdminCaller, type AdminStep } from '../../clients/admin-caller.ts';
import { type AdministeredServer, launchAdministered } from '../admin/lock-command.ts';
import { afterwards, connect } from '../server-process.ts';
import { engineFlags } from './cluster-server.ts';
import { startForeignClient } from './foreign-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 20_000 };

async function startTwo(...flags: readonly string[]) {
  const ensemble = await startZooKeeper();
  const words = engineFlags(ensemble, ...flags);
  const [one, two] = await Promise.all([launchAdministered(...words), launchAdministered(...words)]);
  return { ensemble, one, two, first: connect(one.address), second: connect(two.address) };
}

function administrator({ socket }: AdministeredServer): AdminCaller {
  const caller = new AdminCaller(`unix:${socket}`);
  afterwards(() => caller.close());
  return caller;
}

describe('a listing', () => {
  it('shows the locks of all servers, with who waits', async () => {
    const { one, two, first, second } = await startTwo();
    const a = await first.lock({ name: 'a', holder: 'Zoë at the first', lock_timeout_seconds: 60 });
    const b = await second.lock({ name: 'b', size: 2, holder: 'at the second' });
    const list = () => administrator(one).list({ waiters: true });
    const waiters = async () => (await list()).map(({ waiter_count }) => waiter_count).sort();
    const waiting = [first.lock({ name: 'a' })];
    await expect.poll(waiters, WAIT).toEqual([0, 1]);
    waiting.push(second.lock({ name: 'a', mode: 'SHARED', holder: 'reader' }));
    await expect.poll(waiters, WAIT).toEqual([0, 2]);
    for (const server of [one, two]) {
      const locks = await administrator(server).list({ waiters: true });
      expect(locks.sort((x, y) => (x.name < y.name ? -1 : 1))).toMatchObject([
        {
          name: 'a',
          size: 1,
          holder_count: 1,
          waiter_count: 2,
          holders: [
            {
              key: a.key,
              holder: 'Zoë at the first',
              mode: 'EXCLUSIVE',
              lock_timeout_ms: 60_000,
              fencing_token: Number(a.fencing_token),
              session: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
            },
          ],
          waiters: [{ mode: 'EXCLUSIVE' }, { mode: 'SHARED', holder: 'reader' }],
        },
        { name: 'b', size: 2, holders: [{ key: b.key, holder: 'at the second' }], waiters: [] },
      ]);
    }
    expect((await two.lock('list')).stdout.split('\n').sort()).toEqual(
      ['', `{Name: a, Key: ${a.key}, Size: 1}`, `{Name: b, Key: ${b.key}, Size: 2}`].sort(),
    );
    await first.unlock('a', a.key);
    for (const reply of waiting) {
      const { key } = await reply;
      await second.unlock('a', key);
    }
    await expect(administrator(one).call('GetLock', { name: 'a' })).rejects.toMatchObject({ code: 5 });
  });

  it('has each lock on one page, whichever server is asked for it, and goes by prefix', async () => {
    const { one, two, first } = await startTwo();
    const names = Array.from(
      { length: 300 },
      (_, i) => `${i % 3 === 0 ? 'jobs' : 'täsks'}/${i} ${'x'.repeat(i)}`,
    );
    await Promise.all(names.map((name) => first.lock({ name })));
    const callers = [administrator(one), administrator(two)];
    const found: string[] = [];
    for (let page_token = '', i = 0; ; i++) {
      const page = await callers[i % 2]!.call<{ locks: { name: string }[]; next_page_token: string }>(
        'ListLocks',
        {
          page_size: 7,
          page_token,
        },
      );
      found.push(...page.locks.map(({ name }) => name));
      page_token = page.next_page_token;
      if (page_token === '') break;
    }
    expect(found.sort()).toEqual([...names].sort());
    const jobs = await callers[1]!.list({ prefix: 'jobs/' });
    expect(jobs.map(({ name }) => name).sort()).toEqual(
      names.filter((name) => name.startsWith('jobs/')).sort(),
    );
  });
});

describe('a forced unlock', () => {
  it('releases what another server has granted, and the holder learns of it', async () => {
    const { two, first, second } = await startTwo();
    const { key } = await first.lock({ name: 'a', lock_timeout_seconds: 60 });
    const waiting = second.lock({ name: 'a' });
    expect((await two.lock('unlock', 'a')).stdout).toBe('Unlocked: true\n');
    expect((await waiting).locked).toBe(true);
    await expect
      .poll(
        async () => (await first.call('Renew', { name: 'a', key, lock_timeout_seconds: 60 })).error?.code,
        WAIT,
      )
      .toBe(5);
    expect((await two.lock('unlock', 'nothing')).stderr).toContain('a lock by that name does not exist');
  });

  it('takes the beginning of a key, lists several holders, and releases them all', async () => {
    const { one, two, first, second } = await startTwo();
    const [x] = [await first.lock({ name: 'a', size: 3 }), await second.lock({ name: 'a', size: 3 })];
    expect((await one.lock('unlock', 'a')).stderr).toContain('several hold the lock');
    expect((await two.lock('unlock', 'a', x!.key.slice(0, 8))).stdout).toBe('Unlocked: true\n');
    await first.lock({ name: 'a', size: 3 });
    expect((await two.lock('unlock', 'a', '--all')).exitCode).toBe(0);
    expect(await administrator(one).list()).toEqual([]);
  });

  it('releases what another program holds at a mapped path', async () => {
    const { ensemble, one, first } = await startTwo('--zookeeper_path_map', 'a=/a:mutex');
    const curator = await startForeignClient('curator', ensemble.address);
    await curator.acquire('mutex', '/a');
    const waiting = first.lock({ name: 'a' });
    await expect.poll(() => curator.children('/a'), WAIT).toHaveLength(2);
    expect(await administrator(one).list()).toMatchObject([
      { name: 'a', holders: [{ holder: expect.stringMatching(/^external [\d.]+$/) }], waiter_count: 1 },
    ]);
    expect((await one.lock('unlock', 'a')).stdout).toBe('Unlocked: true\n');
    expect((await waiting).locked).toBe(true);
  });
});

describe('a watch', () => {
  const WORDS = ['waiting', 'granted', 'renewed', 'released', 'left'];

  function watchAt(server: AdministeredServer, prefix = '') {
    const steps: AdminStep[] = [];
    const stream = administrator(server).watch({ prefix });
    stream.on('data', (step: AdminStep) => steps.push(step));
    stream.on('error', () => {});
    afterwards(() => stream.cancel());
    const events = () =>
      steps.flatMap(({ event }) =>
        event === undefined ? [] : [`${event.type.toLowerCase()} ${event.name}`],
      );
    const hasBegun = () =>
      expect.poll(() => steps.some(({ snapshot_end }) => snapshot_end !== undefined), WAIT);
    return { steps, events, hasBegun };
  }

  it('begins with a snapshot, and tells what happens at all servers', async () => {
    const { one, two, first, second } = await startTwo();
    await first.lock({ name: 'before' });
    const all = watchAt(two);
    const some = watchAt(one, 'jobs/');
    await all.hasBegun().toBe(true);
    await some.hasBegun().toBe(true);
    expect(all.steps.flatMap(({ lock }) => lock?.name ?? [])).toEqual(['before']);
    expect(some.steps.flatMap(({ lock }) => lock?.name ?? [])).toEqual([]);
    const { key } = await first.lock({ name: 'jobs/a', lock_timeout_seconds: 60 });
    await expect.poll(all.events, WAIT).toEqual(['granted jobs/a']);
    const waiting = second.lock({ name: 'jobs/a' });
    await expect.poll(some.events, WAIT).toEqual(['granted jobs/a', 'waiting jobs/a']);
    await second.call('Renew', { name: 'jobs/a', key, lock_timeout_seconds: 90 });
    await expect.poll(() => all.events().at(-1), WAIT).toBe('renewed jobs/a');
    await second.unlock('jobs/a', key);
    await waiting;
    await expect.poll(() => all.events().slice(-2), WAIT).toEqual(['released jobs/a', 'granted jobs/a']);
    for (const { steps } of [all, some]) {
      expect(steps.map(({ sequence }) => sequence)).toEqual(steps.map((_, i) => i + 1));
      for (const { event } of steps) if (event) expect(WORDS).toContain(event.type.toLowerCase());
    }
    expect((await one.lock('unlock', 'before')).exitCode).toBe(0);
    await expect.poll(() => all.events().at(-1), WAIT).toBe('released before');
    expect(some.events()).not.toContain('released before');
  });

  it('goes on behind a lost connection', async () => {
    const ensemble = await startZooKeeper();
    const proxy = await TcpProxy.open(ensemble.address);
    afterwards(() => proxy.close());
    const one = await launchAdministered(...engineFlags({ connectString: proxy.address }));
    const two = await launchAdministered(...engineFlags(ensemble));
    const watch = watchAt(one);
    await watch.hasBegun().toBe(true);
    const client = connect(two.address);
    const { key } = await client.lock({ name: 'a' });
    await expect.poll(watch.events, WAIT).toEqual(['granted a']);
    proxy.cut(true);
    await client.unlock('a', key);
    await client.lock({ name: 'b' });
    proxy.isDown = false;
    await expect.poll(() => watch.events().sort(), WAIT).toEqual(['granted a', 'granted b', 'released a']);
  });
});
