import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCommand } from '../../../src/core/command.ts';
import type { Origin } from '../../../src/core/origin.ts';
import { CallEnd } from '../../../src/core/sink.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimBook, requestKey } from '../../../src/engine/zookeeper/claim-book.ts';
import { ClaimCounts } from '../../../src/engine/zookeeper/claim-counts.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { RequestRepeats } from '../../../src/engine/zookeeper/request-repeats.ts';
import type { ServerRegister } from '../../../src/engine/zookeeper/server-register.ts';
import type { Replies } from '../../../src/shard/replies.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';
import { isolate, openApart } from './open-over-model.ts';

const NOW_MS = 5_000;
const SYNC = ['sync', '/a/1'];
const NEVER = Number.POSITIVE_INFINITY;

let book = new ClaimBook();
let counts = new ClaimCounts({ nowMs: () => NOW_MS }, book);
/** What calls were answered, and what was asked for. */
let said: unknown[][] = [];
/** What a renewal comes to. */
let renewal = Promise.resolve(true);
/** The transaction of the node that is there, and whether the session lives; null: there is none. */
let there: bigint | null = 1n;
let isAlive = true;
let repeats = open();

beforeEach(() => {
  book = new ClaimBook();
  counts = new ClaimCounts({ nowMs: () => NOW_MS }, book);
  said = [];
  renewal = Promise.resolve(true);
  there = 1n;
  isAlive = true;
  repeats = open();
});

/** @param register where locks outlive their server */
function open(register: ServerRegister | null = null): RequestRepeats {
  const replies = {
    notLocked: ({ call }: Origin, name: string, refusal: unknown) =>
      void said.push(['notLocked', call, name, refusal]),
    ended: ({ call }: Origin, end: CallEnd) => void said.push(['ended', call, end]),
  } as unknown as Replies;
  const nodes = {
    sync: async (path: string) => void said.push(['sync', path]),
    exists: async () => (there === null ? null : { czxid: there }),
    isSessionAlive: (sessionId: bigint) => sessionId === 9n && isAlive,
  } as unknown as Nodes;
  return new RequestRepeats(
    { book, counts, replies, nodes, register },
    {
      renew: (claim, lockTimeoutMs) => {
        said.push(['renew', claim.key, lockTimeoutMs]);
        return renewal;
      },
      deadlineMoved: (claim) => void said.push(['deadlineMoved', claim.deadlineMs]),
      gone: () => void said.push(['gone']),
      tellGrant: (_claim, { call }) => void said.push(['tellGrant', call]),
    },
  );
}

function commandOf(call: number, fields: Partial<LockCommand> = {}): LockCommand {
  const command = Object.assign(new LockCommand(), { name: 'a', requestId: 'request-1', ...fields });
  Object.assign(command.origin, { session: call, call });
  return command;
}

/** What call 1 has asked for. */
function add(state: Claim['state'], fields: Partial<LockCommand> = {}): Claim {
  const claim = new Claim(commandOf(1, fields), new LockPaths().placeOf('a'), 0);
  claim.state = state;
  claim.node = { path: '/a/1', name: '1', prefix: '', sessionId: 9n, czxid: 1n };
  book.add(claim);
  return claim;
}

const answer = (call: number, fields: Partial<LockCommand> = {}) =>
  repeats.answer(commandOf(call, fields), NOW_MS);
/** What a repeat of what is held was answered when ZooKeeper was asked. */
async function confirmed(): Promise<unknown[]> {
  expect(said.filter(([what]) => what !== 'renew' && what !== 'sync')).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  return said;
}
const repeated = () => counts.sumOf(MetricWord.Repeats);

describe('a request that nobody has made before', () => {
  it.each<[what: string, fields: Partial<LockCommand>]>([
    ['by another id', { requestId: 'request-2' }],
    ['for another lock', { name: 'b' }],
  ])('is not answered: %s', (_what, fields) => {
    add('held');
    expect(answer(2, fields)).toBe(false);
    expect([said, repeated()]).toEqual([[], 0]);
  });
});

describe('a request that was released', () => {
  it('is granted no more, for as long as that is remembered', () => {
    book.released.add(requestKey('a', 'request-2'), NOW_MS - Limits.requestMemoryMs);
    book.released.add(requestKey('a', 'request-1'), NOW_MS - Limits.requestMemoryMs + 1);
    expect(answer(2, { requestId: 'request-2' })).toBe(false);
    expect(answer(3)).toBe(true);
    expect(said).toEqual([['notLocked', 3, 'a', Refusals.requestReleased]]);
  });

  it('is granted again if it is held again', async () => {
    add('held');
    book.released.add(requestKey('a', 'request-1'), NOW_MS);
    expect(answer(2)).toBe(true);
    expect(await confirmed()).toEqual([SYNC, ['tellGrant', 2]]);
  });
});

describe('a request by the id of another one', () => {
  it.each<[what: string, state: Claim['state'], fields: Partial<LockCommand>]>([
    ['a held one of another size', 'held', { size: 2 }],
    ['a held one of another mode', 'held', { mode: LockMode.Shared }],
    ['a waiting one of another size', 'waiting', { size: 2 }],
    ['a waiting one of another mode', 'waiting', { mode: LockMode.Shared, tryOnly: true }],
  ])('is refused: %s', (_what, state, fields) => {
    const claim = add(state);
    expect(answer(2, fields)).toBe(true);
    expect(said).toEqual([['notLocked', 2, 'a', Refusals.requestDiffers]]);
    expect([claim.origin.call, claim.isShared, repeated()]).toEqual([1, false, 0]);
  });
});

describe('a repeat of what is held', () => {
  it.each([false, true])(
    'is told of the grant, which none of its calls can give back: TryLock %s',
    async (tryOnly) => {
      const claim = add('held');
      expect(answer(2, { tryOnly })).toBe(true);
      expect(await confirmed()).toEqual([SYNC, ['tellGrant', 2]]);
      expect([claim.isShared, repeated()]).toEqual([true, 1]);
      expect([book.ofCall(1, 1), book.ofCall(2, 2)]).toEqual([null, claim]);
      expect([book.ofSession(1), book.ofSession(2)]).toEqual([[], [claim]]);
    },
  );

  it('renews the lease before that, if it asks for one', async () => {
    const claim = add('held', { lockTimeoutMs: 9_000 });
    answer(2, { lockTimeoutMs: 1 });
    expect(await confirmed()).toEqual([['renew', claim.key, 1], SYNC, ['tellGrant', 2]]);
  });

  const tooLate = ['ended', 2, CallEnd.Unreachable];
  const released = ['notLocked', 2, 'a', Refusals.requestReleased];

  it.each<[what: string, change: (claim: Claim) => void, told: unknown[][]]>([
    ['it is there', () => {}, [SYNC, ['tellGrant', 2]]],
    ['its node is gone', () => (there = null), [SYNC, ['gone'], released]],
    ['there is another node in its place', () => (there = 2n), [SYNC, ['gone'], released]],
    ['it has ended here', (claim) => (claim.state = 'ended'), [SYNC, tooLate]],
    ['the session is over', () => (isAlive = false), [SYNC, tooLate]],
  ])('is answered when ZooKeeper was asked: %s', async (_what, change, told) => {
    const claim = add('held', { lockTimeoutMs: 9_000 });
    const command = commandOf(2, { lockTimeoutMs: 1 });
    repeats.answer(command, NOW_MS);
    change(claim);
    // The command is the next call's by then, and so may be the claim.
    command.origin.call = 3;
    claim.origin.call = 4;
    expect((await confirmed()).slice(1)).toEqual(told);
  });

  it.each<[where: string, register: ServerRegister | null, told: unknown[][]]>([
    ['is told where nobody else sees to the lock', null, [SYNC, ['tellGrant', 2]]],
    ['is not told where locks outlive their server', {} as ServerRegister, [tooLate]],
  ])('whose lease may not be written %s', async (_where, register, told) => {
    repeats = open(register);
    add('held', { lockTimeoutMs: 9_000 });
    renewal = Promise.reject(new Error('no answer'));
    answer(2, { lockTimeoutMs: 1 });
    expect((await confirmed()).slice(1)).toEqual(told);
  });

  it('leaves the lease alone if it asks for none', async () => {
    const claim = add('held', { lockTimeoutMs: 9_000 });
    answer(2);
    expect([await confirmed(), claim.lockTimeoutMs]).toEqual([[SYNC, ['tellGrant', 2]], 9_000]);
  });
});

describe('a repeat of what waits', () => {
  it('takes the place of the call before, with times of its own', () => {
    const claim = add('waiting', { lockTimeoutMs: 9_000, waitTimeoutMs: 100 });
    expect(answer(2, { lockTimeoutMs: 3_000, waitTimeoutMs: 700, deadlineMs: NOW_MS + 800 })).toBe(true);
    expect(said).toEqual([
      ['ended', 1, CallEnd.Superseded],
      ['deadlineMoved', NOW_MS + 700],
    ]);
    expect([claim.lockTimeoutMs, claim.endsWithCaller, claim.isShared, repeated()]).toEqual([
      ...[3_000, false, false, 1],
    ]);
    expect([book.ofCall(1, 1), book.ofCall(2, 2)]).toEqual([null, claim]);
  });

  it('waits for ever if that is what it asks for', () => {
    add('waiting', { waitTimeoutMs: 100 });
    answer(2);
    expect(said.at(-1)).toEqual(['deadlineMoved', NEVER]);
  });

  it('is told so if it never waits, and the waiter stays with its call', () => {
    const claim = add('waiting', { waitTimeoutMs: 100 });
    expect(answer(2, { tryOnly: true })).toBe(true);
    expect(said).toEqual([['notLocked', 2, 'a', null]]);
    expect([claim.origin.call, claim.deadlineMs, repeated()]).toEqual([1, 100, 0]);
  });
});

describe('a repeat of an attempt that has no answer yet', () => {
  it('is to be asked again if it would wait, because the attempt does not', () => {
    const claim = add('waiting', { tryOnly: true });
    expect(answer(2, { waitTimeoutMs: 700 })).toBe(true);
    expect(said).toEqual([['ended', 2, CallEnd.Pending]]);
    expect([claim.origin.call, claim.deadlineMs, repeated()]).toEqual([1, NEVER, 0]);
  });

  it('finds the lock taken if it is an attempt, too', () => {
    const claim = add('waiting', { tryOnly: true });
    expect(answer(2, { tryOnly: true })).toBe(true);
    expect(said).toEqual([['notLocked', 2, 'a', null]]);
    expect(claim.origin.call).toBe(1);
  });
});

describe('a repeat of what was released at another server meanwhile', () => {
  const request = { name: 'a', request_id: Buffer.from('request 1') };

  it.each<[what: string, heldMs: number, repeat: 'Lock' | 'TryLock', lockTimeout: object]>([
    ['whose node is not watched yet', 0, 'Lock', { lock_timeout_ms: '60000' }],
    ['whose watch has not told yet', 300, 'Lock', { lock_timeout_ms: '60000' }],
    ['without a lease', 300, 'TryLock', {}],
  ])('is told so, and not of the grant: %s', async (_what, heldMs, repeat, lockTimeout) => {
    const { one, two } = await openApart();
    const key = await one.caller.acquire({ ...request, ...lockTimeout });
    await one.pass(heldMs);
    expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    await two.caller.acquire({ name: 'a' });
    expect(await one.caller.ask(repeat, { ...request, ...lockTimeout })).toMatchObject({
      error: { code: Refusals.requestReleased.code },
    });
    expect(one.engine.claimOf('a', key)).toBeNull();
  });

  it('is told so where locks outlive their server, too', async () => {
    const { one, two } = await openApart({ keepOnSessionEnd: true });
    const key = await one.caller.acquire({ ...request, lock_timeout_ms: '60000' });
    await one.pass(300);
    await two.caller.ask('Unlock', { name: 'a', key });
    await two.caller.acquire({ name: 'a' });
    expect(await one.caller.ask('Lock', { ...request, lock_timeout_ms: '60000' })).toMatchObject({
      error: { code: Refusals.requestReleased.code },
    });
  });

  it('is not answered before ZooKeeper can be asked', async () => {
    const { one } = await openApart();
    const key = await one.caller.acquire(request);
    isolate(one, 300);
    const repeat = one.caller.send('Lock', request);
    await one.pass(200);
    expect(one.caller.hasReply(repeat)).toBe(false);
    expect(await one.caller.answerTo(repeat)).toMatchObject({ locked: true, key });
  });

  it('is lost for the session that was told of the grant, too, if the repeat has no answer yet', async () => {
    const { one } = await openApart();
    await one.caller.acquire(request);
    isolate(one, 5_000);
    const repeat = one.caller.send('Lock', request, { session: 2 });
    expect(await one.caller.replyTo(repeat)).toMatchObject({ status: GrpcStatus.Unavailable });
    expect(one.losers).toEqual([new Set([1, 2])]);
  });
});
