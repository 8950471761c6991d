import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { MetricWord } from '../../../src/base/metric-words.ts';
import type { LockInfo } from '../../../src/contract/lock-info.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import type { EngineInspector } from '../../../src/server/inspection/engine-inspector.ts';
import {
  InspectionEndedError,
  NameTooLongError,
  PageTokenError,
  TooManyInspectionsError,
  TooManyWatchesError,
} from '../../../src/server/inspection/inspector.ts';
import { openInlineInspection } from './inline-inspection.ts';
import { describeLock, WatchedLocks } from './watched-locks.ts';

type Opened = Awaited<ReturnType<typeof openInlineInspection>>;

/** All pages of a listing, with what `between` does after each. */
async function listAll(
  { inspector, answerTo }: Opened,
  query: Partial<Parameters<EngineInspector['list']>[0]> = {},
  between: () => unknown = () => {},
): Promise<LockInfo[]> {
  const locks: LockInfo[] = [];
  let pageToken = '';
  do {
    const page = await answerTo(
      inspector.list({ prefix: '', pageSize: 10, waiters: false, ...query, pageToken }),
    );
    expect(page.locks.length).toBeLessThanOrEqual(query.pageSize ?? 10);
    locks.push(...page.locks);
    pageToken = page.nextPageToken;
    await between();
  } while (pageToken !== '');
  return locks;
}

describe('a listing', () => {
  it('tells all of holders and of waiters in their order', async () => {
    const opened = await openInlineInspection();
    const { caller, open } = opened;
    const grantedMs = open.nowMs();
    const key = await caller.acquire({ name: 'größe', lock_timeout_ms: '60000', holder: 'høst/1' }, 3);
    caller.send('Lock', { name: 'größe', wait_timeout_ms: '5000', holder: 'b' }, { session: 4 });
    caller.send('Lock', { name: 'größe' }, { session: 5 });
    await open.pass(1_000);
    const [lock, ...others] = await listAll(opened, { waiters: true });
    expect(others).toEqual([]);
    expect(lock).toMatchObject({ name: 'größe', size: 1, shard: 0, holderCount: 1, waiterCount: 2 });
    expect(lock?.holders).toMatchObject([
      {
        key,
        sessionId: 's3',
        address: '127.0.0.1:3',
        protocol: 'grpc',
        holder: 'høst/1',
        mode: 'EXCLUSIVE',
        permits: 1,
        sinceMs: grantedMs,
        deadlineMs: grantedMs + 60_000,
        lockTimeoutMs: 60_000,
        fencingToken: expect.stringMatching(/^\d+$/),
      },
    ]);
    expect(lock?.waiters).toMatchObject([
      { sessionId: 's4', holder: 'b', sinceMs: grantedMs, deadlineMs: grantedMs + 5_000 },
      { sessionId: 's5', holder: '', deadlineMs: null },
    ]);
  });

  it('leaves waiters out that nobody asked for, and idle locks', async () => {
    const opened = await openInlineInspection();
    await opened.caller.acquire({ name: 'a' });
    opened.caller.send('Lock', { name: 'a' });
    const key = await opened.caller.acquire({ name: 'idle' });
    await opened.caller.ask('Unlock', { name: 'idle', key });
    const locks = await listAll(opened);
    expect(locks).toMatchObject([{ name: 'a', waiterCount: 1, waiters: [] }]);
  });

  it('finds names by what they begin with, also beyond ASCII', async () => {
    const opened = await openInlineInspection();
    for (const name of ['ä1', 'ä2', 'a1', 'ö', 'xä']) await opened.caller.acquire({ name });
    const names = (await listAll(opened, { prefix: 'ä' })).map(({ name }) => name);
    expect(names.sort()).toEqual(['ä1', 'ä2']);
  });

  it('tells permits, modes and holders oldest first', async () => {
    const opened = await openInlineInspection();
    const keys = [];
    for (const permits of [2, 1]) keys.push(await opened.caller.acquire({ name: 'p', size: 4, permits }));
    await opened.caller.acquire({ name: 's', mode: 1 });
    const locks = await listAll(opened);
    expect(locks.find(({ name }) => name === 'p')?.holders).toMatchObject([
      { key: keys[0], permits: 2 },
      { key: keys[1], permits: 1 },
    ]);
    expect(locks.find(({ name }) => name === 's')?.holders).toMatchObject([{ mode: 'SHARED' }]);
  });

  it('names no more holders and waiters than it may, and counts the rest', async () => {
    const opened = await openInlineInspection();
    const { caller } = opened;
    const many = Limits.listedClaimsMax + 1;
    const keys: string[] = [];
    for (let i = 0; i < many; i++) keys.push(await caller.acquire({ name: 'p', size: many }));
    for (let i = 0; i < many; i++) caller.send('Lock', { name: 'p', size: many });
    const [lock] = await listAll(opened, { waiters: true });
    expect(lock).toMatchObject({ holderCount: many, waiterCount: many });
    expect(lock?.holders.map(({ key }) => key)).toEqual(keys.slice(1));
    expect(lock?.waiters).toHaveLength(Limits.listedClaimsMax);
  });

  it('comes in several records where names are long', async () => {
    const opened = await openInlineInspection();
    const name = '\u0001'.repeat(Limits.nameBytesMax);
    await opened.caller.acquire({ name });
    expect((await listAll(opened))[0]?.name).toBe(name);
  });

  it('lists a lock that is held throughout exactly once, whatever happens to others', async () => {
    const opened = await openInlineInspection();
    const { caller } = opened;
    const held = Array.from({ length: 700 }, (_, i) => `held-${i}`);
    const keys = new Map<string, string>();
    for (let i = 0; i < 700; i++) {
      keys.set(`t-${i}`, await caller.acquire({ name: `t-${i}` }));
      await caller.acquire({ name: held[i]! });
    }
    let round = 0;
    const churn = async (): Promise<void> => {
      round++;
      for (let i = round % 7; i < 700; i += 7) {
        const name = `t-${i}`;
        const key = keys.get(name);
        if (key === undefined) keys.set(name, await caller.acquire({ name: `t-${i}` }));
        else {
          keys.delete(name);
          await caller.ask('Unlock', { name, key });
        }
      }
    };
    const names = (await listAll(opened, { pageSize: 33 }, churn)).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('held-')).sort()).toEqual(held.sort());
    expect(round).toBeGreaterThan(20);
  });

  it('looks at no more rows in a turn than it may, and ends a page that finds little', async () => {
    const opened = await openInlineInspection();
    for (let i = 0; i < 3 * Limits.inspectedRowsMax; i++) await opened.caller.acquire({ name: `a${i}` });
    await opened.caller.acquire({ name: 'z' });
    const question = opened.inspector.list({ prefix: 'z', pageSize: 1, pageToken: '', waiters: false });
    let turns = 0;
    let done = false;
    void question.then(() => {
      done = true;
    });
    for (; !done; turns++) {
      opened.open.engine.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await question).locks).toMatchObject([{ name: 'z' }]);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it('refuses a token that is none', async () => {
    const { inspector } = await openInlineInspection();
    const query = { prefix: '', pageSize: 1, pageToken: 'x', waiters: false };
    await expect(inspector.list(query)).rejects.toThrow(PageTokenError);
  });
});

describe('a look at one lock', () => {
  it('tells it with its waiters, and null where nobody has it', async () => {
    const { caller, inspector, answerTo } = await openInlineInspection();
    await caller.acquire({ name: 'a' });
    caller.send('Lock', { name: 'a' });
    const key = await caller.acquire({ name: 'idle' });
    await caller.ask('Unlock', { name: 'idle', key });
    expect(await answerTo(inspector.get('a'))).toMatchObject({ name: 'a', waiters: [{}] });
    expect(await answerTo(inspector.get('idle'))).toBeNull();
    expect(await answerTo(inspector.get('unknown'))).toBeNull();
  });
});

describe('an unlock by force', () => {
  const ask = ({ inspector, answerTo }: Opened, query: Partial<Parameters<EngineInspector['unlock']>[0]>) =>
    answerTo(inspector.unlock({ name: 'a', key: '', all: false, ...query }));

  it('releases the only holder, and the waiter gets the lock', async () => {
    const opened = await openInlineInspection();
    const key = await opened.caller.acquire({ name: 'a' });
    const waiter = opened.caller.send('Lock', { name: 'a' }, { session: 2 });
    expect(await ask(opened, {})).toMatchObject({ refusal: null, released: [{ key }], releasedCount: 1 });
    expect(await opened.caller.answerTo(waiter)).toMatchObject({ locked: true });
    expect(await opened.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ error: { code: 2 } });
  });

  it('takes a whole key, or its beginning', async () => {
    const opened = await openInlineInspection();
    const [first, second] = [
      await opened.caller.acquire({ name: 'a', size: 2 }),
      await opened.caller.acquire({ name: 'a', size: 2 }),
    ];
    expect(await ask(opened, { key: first })).toMatchObject({ released: [{ key: first }] });
    expect(await ask(opened, { key: second.slice(0, 8) })).toMatchObject({ released: [{ key: second }] });
  });

  it.each([
    ['a lock that nobody knows', { name: 'unknown' }, Refusals.lockDoesNotExist],
    ['a key that nobody has', { key: '00000000' }, Refusals.invalidKey],
    ['a whole key that nobody has', { key: '00000000-0000-4000-8000-000000000000' }, Refusals.invalidKey],
    ['what is longer than a key', { key: '0'.repeat(40) }, Refusals.invalidKey],
    ['too little of a key', { key: '0000000' }, Refusals.keyPrefixShort],
    ['too much of one', { key: '0'.repeat(Limits.keyBytesMax + 1) }, Refusals.keyTooLong],
    ['a key and all', { key: '00000000', all: true }, Refusals.keyWithAll],
  ])('refuses %s', async (_what, query, refusal) => {
    const opened = await openInlineInspection();
    await opened.caller.acquire({ name: 'a' });
    expect(await ask(opened, query)).toMatchObject({ refusal, releasedCount: 0 });
    expect(await listAll(opened)).toHaveLength(1);
  });

  it('refuses to choose among several holders, and names them', async () => {
    const opened = await openInlineInspection();
    const keys = [];
    for (let i = 0; i < 3; i++) keys.push(await opened.caller.acquire({ name: 'a', size: 3 }));
    const outcome = await ask(opened, {});
    expect(outcome).toMatchObject({ refusal: Refusals.severalHolders, releasedCount: 0, holderCount: 3 });
    expect(outcome.holders.map(({ key }) => key)).toEqual(keys);
  });

  it('releases all who hold the lock when asked, in slices, and nobody who gets it meanwhile', async () => {
    const opened = await openInlineInspection();
    const { caller } = opened;
    const size = Limits.sliceCount + 10;
    for (let i = 0; i < size; i++) await caller.acquire({ name: 'a', size });
    const waiters = Array.from({ length: 20 }, () =>
      caller.send('Lock', { name: 'a', size }, { session: 2 }),
    );
    const outcome = await ask(opened, { all: true });
    expect(outcome).toMatchObject({ refusal: null, releasedCount: size });
    expect(outcome.released).toHaveLength(Limits.listedClaimsMax);
    for (const waiter of waiters) expect(await caller.answerTo(waiter)).toMatchObject({ locked: true });
    expect(await listAll(opened)).toMatchObject([{ holderCount: 20, waiterCount: 0 }]);
  });
});

describe('an unlock of very many', () => {
  it('looks for the beginning of a key among so many holders and not among more', async () => {
    const opened = await openInlineInspection();
    const { caller, inspector, answerTo } = opened;
    const size = Limits.sliceCount + 1;
    const keys: string[] = [];
    for (let i = 0; i < size; i++) keys.push(await caller.acquire({ name: 'a', size }));
    const ask = (key: string) => answerTo(inspector.unlock({ name: 'a', key, all: false }));
    expect(await ask(keys[0]!.slice(0, 13))).toMatchObject({ refusal: Refusals.keyPrefixAmongMany });
    expect(await ask(keys[1]!)).toMatchObject({ releasedCount: 1 });
    expect(await ask(keys[0]!.slice(0, 13))).toMatchObject({ released: [{ key: keys[0] }] });
  });

  it('lets no more through in a turn than a slice and what one release lets through', async () => {
    const { caller, open, inspector, answerTo } = await openInlineInspection();
    const [holders, each] = [200, 100];
    const size = holders * each;
    for (let i = 0; i < holders; i++) await caller.acquire({ name: 'a', size, permits: each });
    for (let i = 0; i < size; i++) {
      caller.send('Lock', { name: 'a', size }, { session: 2 + (i % 2) });
      if (i % 1_000 === 0) await open.pass(0);
    }
    await open.pass(0);
    let grantsBefore = 0;
    let most = 0;
    const watch = inspector.watch({ prefix: '' }, () => {});
    const question = inspector.unlock({ name: 'a', key: '', all: true });
    let done = false;
    void question.then(() => {
      done = true;
    });
    grantsBefore = open.engine.metrics[MetricWord.Grants]!;
    while (!done) {
      open.engine.step();
      const grants = open.engine.metrics[MetricWord.Grants]!;
      most = Math.max(most, grants - grantsBefore);
      grantsBefore = grants;
      await new Promise((resolve) => setImmediate(resolve));
    }
    watch.close();
    expect(await question).toMatchObject({ refusal: null, releasedCount: holders });
    expect(most).toBeLessThanOrEqual(3 * Limits.sliceCount);
    await open.pass(0);
    expect(await answerTo(inspector.get('a'))).toMatchObject({ holderCount: size, waiterCount: 0 });
  });

  it('passes over newcomers once, and says what was done when it cannot go on', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const size = 3 * Limits.sliceCount;
    for (let i = 0; i < size; i++) await caller.acquire({ name: 'a', size });
    const question = inspector.unlock({ name: 'a', key: '', all: true });
    open.engine.step();
    await new Promise((resolve) => setImmediate(resolve));
    inspector.close();
    await expect(question).rejects.toMatchObject({
      code: 'LDLM_UNLOCK_INTERRUPTED',
      releasedCount: Limits.sliceCount,
    });
  });
});

describe('many who ask at once', () => {
  it('are answered by one slice in each turn', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    for (let i = 0; i < 100; i++) await caller.acquire({ name: `a${i}` });
    let answered = 0;
    const query = { prefix: '', pageSize: 10, pageToken: '', waiters: false };
    const all = Array.from({ length: 50 }, () => inspector.list(query).then(() => void answered++));
    for (let turn = 1; answered < 50; turn++) {
      open.engine.step();
      await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBeLessThanOrEqual(turn + 1);
    }
    await Promise.all(all);
  });

  it('keep the shard awake until each has an answer', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    await caller.acquire({ name: 'a' });
    const query = { prefix: '', pageSize: 10, pageToken: '', waiters: false };
    let answered = 0;
    for (let i = 0; i < 5; i++) void inspector.list(query).then(() => answered++);
    await open.pass(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(5);
  });
});

describe('a watch', () => {
  it('begins with a snapshot and tells what happens from then on', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    await caller.acquire({ name: 'before' });
    const told: string[] = [];
    const watch = inspector.watch({ prefix: '' }, (steps) => {
      for (const step of steps) {
        told.push(step.kind === 'event' ? `${step.event.type} ${step.event.name}` : step.kind);
      }
    });
    open.engine.step();
    const key = await caller.acquire({ name: 'a', lock_timeout_ms: '100' });
    const waiter = caller.send('Lock', { name: 'a' }, { session: 2 });
    caller.send('Lock', { name: 'a', wait_timeout_ms: '10' }, { session: 3 });
    await open.pass(20);
    await caller.ask('Renew', { name: 'a', key, lock_timeout_ms: '200' });
    await open.pass(300);
    const { key: second } = await caller.answerTo(waiter);
    await caller.ask('Unlock', { name: 'a', key: second });
    watch.close();
    open.engine.step();
    await caller.acquire({ name: 'after' });
    expect(told).toEqual([
      ...['snapshotBegin', 'lock', 'snapshotEnd'],
      ...[
        'granted a',
        'waiting a',
        'waiting a',
        'left a',
        'renewed a',
        'expired a',
        'granted a',
        'released a',
      ],
    ]);
  });

  it('tells the same claim under one id from its first moment in the queue', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const ids: string[] = [];
    inspector.watch({ prefix: 'a' }, (steps) => {
      for (const step of steps)
        if (step.kind === 'event') ids.push(`${step.event.type} ${step.event.claim.claimId}`);
    });
    open.engine.step();
    const key = await caller.acquire({ name: 'a' });
    const waiter = caller.send('Lock', { name: 'a' });
    await caller.acquire({ name: 'other' });
    await caller.ask('Unlock', { name: 'a', key });
    await caller.answerTo(waiter);
    const [granted, waiting, released, again] = ids.map((text) => text.split(' ')[1]);
    expect(ids).toHaveLength(4);
    expect(released).toBe(granted);
    expect(again).toBe(waiting);
    expect(waiting).not.toBe(granted);
  });

  it('keeps some of what happens while its listener cannot take more', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const watched = new WatchedLocks();
    const watch = inspector.watch({ prefix: '' }, (steps) => watched.apply(steps));
    await open.pass(10);
    watch.pause();
    const names = Array.from({ length: 800 }, (_, i) => `a${i}`);
    for (const name of names) await caller.acquire({ name });
    // What was under way when it paused is paid from the credit that it had.
    expect(watched.steps).toBeLessThan(600);
    watch.resume();
    await open.pass(0);
    expect(watched).toMatchObject({ missed: 0, snapshots: 1, problems: [], steps: 802 });
    expect(watched.describe()).toHaveLength(800);
  });

  it('counts what it cannot keep, and begins anew when its listener goes on', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const watched = new WatchedLocks();
    const watch = inspector.watch({ prefix: '' }, (steps) => watched.apply(steps));
    await open.pass(10);
    watch.pause();
    const count = 4_000;
    for (let i = 0; i < count; i++) await caller.acquire({ name: `a${i}` });
    await open.pass(2_000);
    const told = watched.steps;
    expect(told).toBeLessThan(count / 2);
    watch.resume();
    await open.pass(2_000);
    expect(watched).toMatchObject({ snapshots: 2, problems: [] });
    expect(watched.missed).toBeGreaterThan(count / 4);
    expect(watched.describe()).toHaveLength(count);
  });

  it('comes to the end of a large snapshot, though its listener pauses and locks change meanwhile', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const count = 20_000;
    for (let i = 0; i < count; i++)
      caller.send('TryLock', { name: `a${i}` }) && i % 500 === 0 && (await open.pass(0));
    await open.pass(0);
    const watched = new WatchedLocks();
    let batches = 0;
    const watch = inspector.watch({ prefix: '' }, (steps) => {
      watched.apply(steps);
      batches++;
    });
    let changes = 0;
    for (let turns = 0; watched.snapshots === 0 && turns < 5_000; turns++) {
      watch.pause();
      open.engine.step();
      changes++;
      await caller.ask('TryLock', { name: `b${turns}` });
      watch.resume();
      open.engine.step();
    }
    expect(watched).toMatchObject({ snapshots: 1, missed: 0, problems: [] });
    await open.pass(0);
    expect(watched.describe()).toHaveLength(count + changes);
    expect(batches).toBeGreaterThan(20);
  });

  it('gathers no more than it may of events of long names, and no text without end', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const name = '\u0001'.repeat(Limits.nameBytesMax);
    await caller.acquire({ name });
    for (let i = 0; i < 1_400; i++) {
      caller.send('Lock', { name }, { session: 2 + (i % 2) });
      open.engine.step();
    }
    const watched = new WatchedLocks();
    inspector.watch({ prefix: '' }, (steps) => watched.apply(steps));
    await open.pass(0);
    for (const session of [2, 3]) caller.engine.endSession(session, 1);
    caller.engine.flush();
    await open.pass(10_000);
    expect(watched).toMatchObject({ snapshots: 2, problems: [] });
    expect(watched.missed).toBeGreaterThan(1_000);
    expect(watched.describe()).toHaveLength(1);
  });

  it('begins a broken off snapshot again no sooner than one that came to its end', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    for (let i = 0; i < 3_000; i++) await caller.acquire({ name: `a${i}` });
    let begun = 0;
    const watch = inspector.watch({ prefix: '' }, (steps) => {
      for (const { kind } of steps) if (kind === 'snapshotBegin') begun++;
    });
    // Changes that the snapshot has come by, and that are too many to be kept, again and again.
    for (let round = 0; round < 20; round++) {
      open.engine.step();
      watch.pause();
      for (let i = 0; i < 1_200; i++) {
        caller.send('Renew', { name: 'a0', key: '', lock_timeout_ms: '1' });
        if (i % 200 === 0) await open.pass(0);
      }
      for (let i = 0; i < 600; i++) {
        const { key } = await caller.ask('TryLock', { name: `new${round}-${i}` });
        await caller.ask('Unlock', { name: `new${round}-${i}`, key: key! });
      }
      watch.resume();
      await open.pass(1);
    }
    expect(begun).toBeLessThan(4);
  });

  it('tells no more events in a second than it may, but how many they were', async () => {
    const { caller, open, inspector } = await openInlineInspection();
    const watched = new WatchedLocks();
    inspector.watch({ prefix: '' }, (steps) => watched.apply(steps));
    await open.pass(10);
    const many = Limits.watchEventsPerSecond + 5;
    for (let i = 0; i < many; i++) {
      caller.send('TryLock', { name: `a${i}` });
      if (i % 1_000 === 0) await open.pass(0);
    }
    await open.pass(0);
    expect(watched.steps).toBe(2 + Limits.watchEventsPerSecond);
    await open.pass(5_000);
    expect(watched).toMatchObject({ missed: 5, snapshots: 2, problems: [] });
    expect(watched.describe()).toHaveLength(many);
  });

  it('knows at each moment what a listing knows, through everything that can happen', async () => {
    const opened = await openInlineInspection({ sliceCount: 8 });
    const { caller, open, inspector } = opened;
    const watched = new WatchedLocks();
    const watch = inspector.watch({ prefix: 'n' }, (steps) => watched.apply(steps));
    let seed = 12_345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const keys: { name: string; key: string }[] = [];
    const sessions = [1, 2, 3, 4, 5, 6];
    let compared = 0;
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 30; i++) {
        const name = `n${random(12)}`;
        const place = random(6);
        const session = sessions[place]!;
        const timeouts = random(3) === 0 ? { lock_timeout_ms: String(1 + random(400)) } : {};
        const waits = random(3) === 0 ? { wait_timeout_ms: String(1 + random(300)) } : {};
        const choice = random(10);
        if (choice < 5) caller.send('Lock', { name, size: 2, ...timeouts, ...waits }, { session });
        else if (choice < 7) {
          const { locked, key } = await caller.ask('TryLock', { name, size: 2, ...timeouts }, { session });
          if (locked === true) keys.push({ name, key: key! });
        } else if (choice === 7 && keys.length > 0) {
          await caller.ask('Unlock', keys.splice(random(keys.length), 1)[0]!);
        } else if (choice === 8 && keys.length > 0) {
          await caller.ask('Renew', {
            ...keys[random(keys.length)]!,
            lock_timeout_ms: String(1 + random(400)),
          });
        } else if (choice === 9 && random(8) === 0) {
          caller.engine.endSession(session, 1);
          caller.engine.flush();
          sessions[place] = session + 6;
        }
      }
      if (round % 10 === 4) watch.pause();
      // So much that it cannot be kept.
      for (let i = 0; round % 20 === 15 && i < 1_500; i++) {
        await caller.ask('TryLock', { name: `n${random(12)}-${i}`, lock_timeout_ms: '50' });
      }
      if (round % 10 === 6) watch.resume();
      await open.pass(random(120));
      if (round % 10 === 8) await open.pass(2_000);
      if (round % 10 >= 4 && round % 10 <= 7) continue;
      const listed = (await listAll(opened, { waiters: true })).map(describeLock).sort();
      expect(watched.describe()).toEqual(listed);
      compared++;
    }
    expect(compared).toBeGreaterThan(25);
    expect(watched.problems).toEqual([]);
    expect(watched.missed).toBeGreaterThan(0);
    expect(watched.snapshots).toBeGreaterThanOrEqual(3);
  });
});

describe('limits', () => {
  it('allow so many questions at a time and not one more', async () => {
    const { inspector, answerTo } = await openInlineInspection();
    const questions = Array.from({ length: Limits.inspectionsMax }, () => inspector.get('a'));
    await expect(inspector.get('a')).rejects.toThrow(TooManyInspectionsError);
    expect(await answerTo(Promise.all(questions))).toHaveLength(Limits.inspectionsMax);
    expect(await answerTo(inspector.get('a'))).toBeNull();
  });

  it('allow so many watches and not one more, until one is closed', async () => {
    const { inspector, open } = await openInlineInspection();
    const watches = Array.from({ length: Limits.watchesMax }, () =>
      inspector.watch({ prefix: '' }, () => {}),
    );
    expect(() => inspector.watch({ prefix: '' }, () => {})).toThrow(TooManyWatchesError);
    watches[0]!.close();
    watches[0]!.close();
    // Until its shards know of it, it still takes what it took.
    expect(() => inspector.watch({ prefix: '' }, () => {})).toThrow(TooManyWatchesError);
    await open.pass(0);
    inspector.watch({ prefix: '' }, () => {}).close();
  });
});

describe('names that no lock can have', () => {
  const name = 'x'.repeat(Limits.nameBytesMax + 1);

  it('are refused at every door, and nothing is left waiting', async () => {
    const { inspector, answerTo } = await openInlineInspection();
    for (let i = 0; i < Limits.inspectionsMax; i++) {
      await expect(inspector.get(name)).rejects.toThrow(NameTooLongError);
    }
    await expect(inspector.unlock({ name, key: '', all: true })).rejects.toThrow(NameTooLongError);
    const query = { prefix: name, pageSize: 1, pageToken: '', waiters: false };
    await expect(inspector.list(query)).rejects.toThrow(NameTooLongError);
    expect(() => inspector.watch({ prefix: name }, () => {})).toThrow(NameTooLongError);
    expect(await answerTo(inspector.get(name.slice(1)))).toBeNull();
  });
});

describe('the end of the engine', () => {
  it('ends all questions, and later ones', async () => {
    const { inspector } = await openInlineInspection();
    const question = inspector.get('a');
    inspector.close();
    await expect(question).rejects.toThrow(InspectionEndedError);
    await expect(inspector.get('a')).rejects.toThrow(InspectionEndedError);
    expect(() => inspector.watch({ prefix: '' }, () => {})).toThrow(InspectionEndedError);
  });
});
