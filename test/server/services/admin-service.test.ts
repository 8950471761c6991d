import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import type { WatchStep } from '../../../src/contract/lock-info.ts';
import {
  InspectionEndedError,
  PageTokenError,
  StateSuspendedError,
  TooManyInspectionsError,
  TooManyWatchesError,
} from '../../../src/server/inspection/inspector.ts';
import { AdminService } from '../../../src/server/services/admin-service.ts';
import { protosPath } from './client-coder.ts';
import { FakeSource, holder, KEY, lock } from './fake-source.ts';
import { callWith, RecordedCall } from './recorded-call.ts';

const service = loadSync('ldlm-admin.proto', {
  includeDirs: [protosPath],
  keepCase: true,
  longs: String,
  enums: String,
  oneofs: true,
  arrays: true,
})['ldlm.Admin'] as Record<string, MethodDefinition<object, object>>;

const ipc = { name: 'IPC', wholeKeys: true } as const;
const remote = { name: 'remote', wholeKeys: false } as const;

type MethodName = 'ListLocks' | 'GetLock' | 'Unlock' | 'ServerInfo' | 'WatchLocks';

function methodOf(admin: AdminService, name: MethodName, keys: 'whole' | 'cut' = 'whole') {
  const door = keys === 'whole' ? ipc : remote;
  return admin.methodsFor(door).find(({ path }) => path === `/ldlm.Admin/${name}`)!;
}

const encode = (name: MethodName, request: object) => service[name]!.requestSerialize(request);
const repliesTo = (name: MethodName, call: RecordedCall) =>
  call.sent.map((bytes) => service[name]!.responseDeserialize(Buffer.from(bytes)));

/** Makes a call and waits for its end. */
async function ask(source: FakeSource, name: MethodName, request: object, keys?: 'cut') {
  const call = callWith(methodOf(new AdminService(source), name, keys), encode(name, request));
  await vi.waitUntil(() => call.status !== null);
  return { reply: repliesTo(name, call)[0], status: call.status, text: call.text };
}

describe('ListLocks', () => {
  it('lists a page', async () => {
    const source = new FakeSource();
    const request = { prefix: 'wo', page_size: 7, page_token: 'before', waiters: true };
    const { reply, status } = await ask(source, 'ListLocks', request);
    expect(status).toBe(GrpcStatus.Ok);
    expect(source.logged).toEqual([{ level: 'DEBUG', msg: 'Handling IPC ListLocks request' }]);
    expect(source.asked).toEqual([{ prefix: 'wo', pageSize: 7, pageToken: 'before', waiters: true }]);
    expect(reply).toMatchObject({
      next_page_token: 'next',
      locks: [
        {
          name: 'work',
          holder_count: '1',
          holders: [
            { key: KEY, age_ms: '1000', remaining_ms: '60000', fencing_token: '9223372036854775807' },
          ],
          waiters: [{ mode: 'SHARED', age_ms: '99' }],
        },
      ],
    });
  });

  it('lists a long page in full and in order', async () => {
    const source = new FakeSource();
    const locks = Array.from({ length: 1_000 }, (_, i) => ({ ...lock, name: `n${i}` }));
    source.page = { ...source.page, locks };
    const { reply } = await ask(source, 'ListLocks', {});
    const names = (reply as { locks: { name: string }[] }).locks.map(({ name }) => name);
    expect(names).toEqual(locks.map(({ name }) => name));
    expect(reply).toMatchObject({ next_page_token: 'next' });
  });

  it('cuts keys where that was asked for', async () => {
    const { reply } = await ask(new FakeSource(), 'ListLocks', {}, 'cut');
    expect(reply).toMatchObject({ locks: [{ holders: [{ key: KEY.slice(0, 8) }] }] });
  });

  it('has 100 locks on a page when nothing else was said, and at most 1,000', async () => {
    const source = new FakeSource();
    await ask(source, 'ListLocks', {});
    expect((await ask(source, 'ListLocks', { page_size: Limits.pageSizeMax })).status).toBe(GrpcStatus.Ok);
    expect(source.asked).toMatchObject([{ pageSize: 100 }, { pageSize: 1_000 }]);
    for (const page_size of [-1, Limits.pageSizeMax + 1]) {
      expect(await ask(source, 'ListLocks', { page_size })).toEqual({
        reply: undefined,
        status: GrpcStatus.InvalidArgument,
        text: `page_size must be between 1 and 1000, or 0 for 100, got ${page_size}`,
      });
    }
    expect(source.asked.length).toBe(2);
  });

  it('refuses prefixes longer than any name, and tokens longer than any token, without asking', async () => {
    const source = new FakeSource();
    const prefix = 'é'.repeat(Limits.nameBytesMax / 2);
    expect((await ask(source, 'ListLocks', { prefix })).status).toBe(GrpcStatus.Ok);
    const long = await ask(source, 'ListLocks', { prefix: `${prefix}x` });
    expect([long.status, long.text]).toEqual([
      GrpcStatus.InvalidArgument,
      'prefix must not be longer than 65536 bytes',
    ]);
    expect((await ask(source, 'ListLocks', { page_token: 'x'.repeat(257) })).status).toBe(
      GrpcStatus.InvalidArgument,
    );
    expect(source.asked.length).toBe(1);
  });

  it.each([
    [new PageTokenError(), GrpcStatus.InvalidArgument],
    [new InspectionEndedError(), GrpcStatus.Unavailable],
    [new StateSuspendedError(), GrpcStatus.Unavailable],
    [new TooManyInspectionsError(256), GrpcStatus.ResourceExhausted],
    [new TypeError('a mistake'), GrpcStatus.Internal],
  ])('ends with the status that stands for %s', async (error, expected) => {
    const source = new FakeSource();
    source.error = error;
    const { status, text } = await ask(source, 'ListLocks', {});
    expect([status, text]).toEqual([expected, error.message]);
  });
});

describe('a page of long names', () => {
  const pageOf = (bytes: number) => ({
    locks: [{ ...lock, name: 'x'.repeat(bytes) }],
    nextPageToken: '',
    nowMs: 0,
  });

  it('is refused beyond what clients take, so that they ask for less', async () => {
    const source = new FakeSource();
    source.page = pageOf(Limits.messageBytesMax - 1_000);
    expect((await ask(source, 'ListLocks', {})).status).toBe(GrpcStatus.Ok);
    source.page = pageOf(Limits.messageBytesMax);
    const { status, text } = await ask(source, 'ListLocks', {});
    expect(status).toBe(GrpcStatus.ResourceExhausted);
    expect(text).toContain('ask for less at a time');
  });
});

describe('GetLock', () => {
  it('tells of one lock', async () => {
    const source = new FakeSource();
    const { reply } = await ask(source, 'GetLock', { name: 'work' });
    expect(source.asked).toEqual([{ name: 'work' }]);
    expect(reply).toMatchObject({ lock: { name: 'work', holders: [{ age_ms: '1000' }] } });
  });

  it('does not find a lock that is idle', async () => {
    const source = new FakeSource();
    source.found = null;
    expect((await ask(source, 'GetLock', { name: 'work' })).status).toBe(GrpcStatus.NotFound);
  });

  it('refuses names that no lock has', async () => {
    const source = new FakeSource();
    const longest = 'x'.repeat(Limits.nameBytesMax);
    expect((await ask(source, 'GetLock', { name: longest })).status).toBe(GrpcStatus.Ok);
    for (const name of ['', `${longest}x`]) {
      expect((await ask(source, 'GetLock', { name })).status).toBe(GrpcStatus.InvalidArgument);
    }
    expect(source.asked.length).toBe(1);
  });
});

describe('Unlock', () => {
  it('tells who held the lock', async () => {
    const source = new FakeSource();
    const { reply } = await ask(source, 'Unlock', { name: 'work', key: KEY });
    expect(source.asked).toEqual([{ name: 'work', key: KEY, all: false }]);
    expect(reply).toMatchObject({ released: [{ key: KEY, holder: 'worker 7' }], holders: [] });
    expect(reply).not.toHaveProperty('error');
  });

  it('is logged with what became of it, and no whole key', async () => {
    const source = new FakeSource();
    await ask(source, 'Unlock', { name: 'work', key: KEY });
    await ask(source, 'Unlock', { name: '', all: true }, 'cut');
    const key = KEY.slice(0, 8);
    const line = (door: string, rest: object) => ({
      level: 'INFO',
      msg: `Handling ${door} Unlock request`,
      ...rest,
    });
    expect(source.logged).toEqual([
      line('IPC', { name: 'work', key, all: false, released: 1, error: null }),
      line('remote', {
        name: '',
        key: '',
        all: true,
        released: 0,
        error: 'a lock by that name does not exist',
      }),
    ]);
  });

  it('tells why nothing was released, and who holds the lock', async () => {
    const source = new FakeSource();
    const refusal = { code: 0, message: 'several' } as const;
    source.outcome = { released: [], releasedCount: 0, refusal, holders: [holder, holder], holderCount: 2 };
    const { reply } = await ask(source, 'Unlock', { name: 'work' });
    expect(reply).toMatchObject({
      error: { code: 'Unknown', message: 'several' },
      holders: [{}, {}],
      holder_count: '2',
    });
  });

  it.each([
    [{ name: '' }, { code: 'LockDoesNotExist', message: 'a lock by that name does not exist' }],
    [{ name: 'x'.repeat(Limits.nameBytesMax + 1) }, { code: 'Unknown', message: /65536/ }],
    [
      { name: 'a', key: 'x'.repeat(Limits.keyBytesMax + 1) },
      { code: 'Unknown', message: /256/ },
    ],
  ])('refuses what cannot be, without asking (%#)', async (request, { code, message }) => {
    const source = new FakeSource();
    const { reply, status } = await ask(source, 'Unlock', request);
    expect(status).toBe(GrpcStatus.Ok);
    expect(reply).toMatchObject({ error: { code, message: expect.stringMatching(message) }, released: [] });
    expect(source.asked).toEqual([]);
  });

  it('takes the longest name and key', async () => {
    const source = new FakeSource();
    const request = { name: 'x'.repeat(Limits.nameBytesMax), key: 'x'.repeat(Limits.keyBytesMax) };
    await ask(source, 'Unlock', request);
    expect(source.asked.length).toBe(1);
  });
});

describe('ServerInfo', () => {
  it('tells of the server', async () => {
    const { reply } = await ask(new FakeSource(), 'ServerInfo', {});
    expect(reply).toMatchObject({ version: '1.2.3', pid: String(process.pid), shards: [{ locks: '2' }] });
  });
});

describe('WatchLocks', () => {
  function watch(source: FakeSource, admin = new AdminService(source), prefix = '') {
    const call = new RecordedCall();
    const listener = methodOf(admin, 'WatchLocks').start(call);
    listener.message(encode('WatchLocks', { prefix }));
    listener.halfClosed();
    return { call, listener, admin };
  }
  const step: WatchStep = { shard: 0, sequence: 1, kind: 'lock', lock };

  it('passes on every step, one message each', () => {
    const source = new FakeSource();
    const { call } = watch(source, undefined, 'wo');
    expect(source.asked).toEqual([{ prefix: 'wo' }]);
    source.watches[0]!.listener([{ shard: 0, sequence: 1, kind: 'snapshotBegin' }, step]);
    source.watches[0]!.listener([{ shard: 1, sequence: 1, kind: 'missed', count: 3 }]);
    expect(repliesTo('WatchLocks', call)).toMatchObject([
      { step: 'snapshot_begin' },
      { step: 'lock', lock: { name: 'work', holders: [{ key: KEY }] } },
      { step: 'missed', missed: { count: '3' }, shard: 1 },
    ]);
    expect(call.status).toBeNull();
  });

  it('closes the watch of a caller that goes, once', () => {
    const source = new FakeSource();
    const { listener, admin } = watch(source);
    listener.cancelled();
    listener.cancelled();
    admin.close();
    expect(source.watches[0]!.events).toEqual(['close']);
  });

  it('does not begin for a caller that goes before its request is whole', () => {
    const source = new FakeSource();
    const listener = methodOf(new AdminService(source), 'WatchLocks').start(new RecordedCall());
    listener.message(encode('WatchLocks', {}));
    listener.cancelled();
    expect(source.watches).toEqual([]);
  });

  it('ends with UNAVAILABLE when the server stops, and so does one that comes later', () => {
    const source = new FakeSource();
    const { call, admin } = watch(source);
    admin.close();
    expect([call.status, call.text]).toEqual([GrpcStatus.Unavailable, 'the server is shutting down']);
    expect(source.watches[0]!.events).toEqual(['close']);
    expect(watch(source, admin).call.status).toBe(GrpcStatus.Unavailable);
    expect(source.watches.length).toBe(1);
  });

  it.each([
    [new TooManyWatchesError(64), GrpcStatus.ResourceExhausted],
    [new InspectionEndedError(), GrpcStatus.Unavailable],
  ])('is refused with the status that stands for %s', (error, expected) => {
    const source = new FakeSource();
    source.error = error;
    const { call } = watch(source);
    expect([call.status, call.text]).toEqual([expected, error.message]);
  });

  it('refuses a prefix longer than any name', () => {
    const source = new FakeSource();
    const { call } = watch(source, undefined, 'x'.repeat(Limits.nameBytesMax + 1));
    expect(call.status).toBe(GrpcStatus.InvalidArgument);
    expect(source.watches).toEqual([]);
  });
});
