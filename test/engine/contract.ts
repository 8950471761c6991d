import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { ErrorCode } from '../../src/contract/error-code.ts';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import { type Refusal, Refusals } from '../../src/contract/refusal.ts';
import type { CoreOptions } from '../../src/core/lock-core.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import { decodeAlone } from '../protocol/hpack/decode-block.ts';
import { loadCoder, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import { bytesField } from '../protocol/protobuf/wire.ts';
import { EngineCaller, type OpenEngine, routeOf } from './engine-caller.ts';

export type EngineSettings = Pick<CoreOptions, 'keepOnSessionEnd' | 'gcIntervalMs' | 'gcMinIdleMs'>;

/** Opens an engine with these settings whose events go to `caller`; resolves when it takes requests. */
export type EngineFactory = (settings: EngineSettings, caller: EngineCaller) => Promise<OpenEngine>;

const SETTINGS: EngineSettings = { keepOnSessionEnd: false, gcIntervalMs: 3_600_000, gcMinIdleMs: 3_600_000 };
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NO_KEY = '00000000-0000-4000-8000-000000000000';

const errorOf = ({ code, message }: Refusal) => ({ code, message });
const lockRequest = loadCoder('Lock').requestSerialize;

/** What not every engine is able to do. Whoever lacks one refuses it with an error of its own. */
export interface EngineAbilities {
  /** Several permits of a lock's size for one holder. */
  readonly permits: boolean;
  /** Collection of idle locks when the settings say so. */
  readonly collection: boolean;
}

const ALL_ABILITIES: EngineAbilities = { permits: true, collection: true };

/**
 * What every engine has to do, seen through the bytes that go in and come out. The same suite for each of them:
 * who has an engine says how to open it.
 */
export function describeEngine(
  kind: string,
  factory: EngineFactory,
  abilities: EngineAbilities = ALL_ABILITIES,
): void {
  describe(kind, () => {
    describe('with a common configuration', () => {
      const opened = openForAll(factory, SETTINGS);
      describeGrants(opened);
      describeRefusals(opened);
      describeWaiting(opened);
      describeSessions(opened);
      describeRenewal(opened);
      if (abilities.permits) describePermits(opened);
      describeSharing(opened);
      describeRequestIds(opened);
      describeBytes(opened);
      describeLengths(opened);
    });
    describe('that keeps the locks of ended sessions', () => {
      describeKeeping(openForAll(factory, { ...SETTINGS, keepOnSessionEnd: true }));
    });
    // What an engine refuses has tests of its own; here it is left out, not skipped, since nothing may be skipped.
    if (abilities.collection) {
      describe('that collects idle locks', () => {
        describeCollection(openForAll(factory, { ...SETTINGS, gcIntervalMs: 20, gcMinIdleMs: 20 }));
      });
    }
    describe('that stops', () => {
      describeStop(openForAll(factory, SETTINGS));
    });
  });
}

interface Opened {
  readonly caller: EngineCaller;
}

/** Opens an engine before the tests of this block and closes it behind them. */
function openForAll(factory: EngineFactory, settings: EngineSettings): Opened {
  const caller = new EngineCaller();
  beforeAll(async () => {
    caller.attach(await factory(settings, caller));
  });
  afterAll(async () => {
    await caller.engine.close();
    expect(caller.failures).toEqual([]);
  });
  return { caller };
}

let names = 0;

/** A name that no other test uses. */
function newName(): string {
  return `jobs/${++names}`;
}

let sessions = 1000;

function newSession(): number {
  return ++sessions;
}

function describeGrants({ caller }: Opened): void {
  it('grants a free lock with a random key and a growing token', async () => {
    const name = newName();
    const first = await caller.ask('Lock', { name });
    expect(first).toMatchObject({ locked: true, name });
    expect(first.key).toMatch(UUID_V4);
    expect(first.error).toBeUndefined();
    await caller.ask('Unlock', { name, key: first.key });
    const second = await caller.ask('TryLock', { name });
    expect(second.locked).toBe(true);
    expect(second.key).not.toBe(first.key);
    expect(BigInt(second.fencing_token!)).toBeGreaterThan(BigInt(first.fencing_token!));
  });

  it('answers TryLock without an error and without a key when the lock is held, also by its own session', async () => {
    const name = newName();
    await caller.acquire({ name });
    for (const session of [1, 2])
      expect(await caller.ask('TryLock', { name }, { session })).toEqual({ name });
  });

  it('grants as many as the size says', async () => {
    const name = newName();
    const answers = [];
    for (let i = 0; i < 3; i++)
      answers.push((await caller.ask('TryLock', { name, size: 2 })).locked ?? false);
    expect(answers).toEqual([true, true, false]);
  });

  it('takes the largest size and timeouts', async () => {
    const max = 2 ** 31 - 1;
    const message = { name: newName(), size: max, lock_timeout_seconds: max, wait_timeout_seconds: max };
    expect(await caller.ask('Lock', message)).toMatchObject({ locked: true });
  });

  it('unlocks by key, whoever asks, and once', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    expect(await caller.ask('Unlock', { name, key }, { session: 2 })).toEqual({ unlocked: true, name });
    const again = await caller.ask('Unlock', { name, key }, { session: 2 });
    expect(again).toEqual({ name, error: errorOf(Refusals.invalidKey) });
  });

  it('keeps what is no lock of a key apart', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    for (const wrong of [undefined, NO_KEY, key.toUpperCase(), `${key} `]) {
      const answer = await caller.ask('Unlock', { name, key: wrong });
      expect(answer).toEqual({ name, error: errorOf(Refusals.invalidKey) });
    }
    const unknown = newName();
    const answer = await caller.ask('Unlock', { name: unknown, key });
    expect(answer).toEqual({ name: unknown, error: errorOf(Refusals.lockDoesNotExist) });
    expect(await caller.ask('Unlock', { name, key })).toMatchObject({ unlocked: true });
  });

  it('frees a lock when its timeout has passed', async () => {
    const name = newName();
    const key = await caller.acquire({ name, lock_timeout_ms: '60' });
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
    await caller.open.pass(70);
    expect(await caller.ask('Unlock', { name, key })).toMatchObject({ error: { code: 2 } });
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('counts a timeout in seconds when there is none in milliseconds, and from the grant', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const waiter = caller.send('Lock', { name, lock_timeout_seconds: 1 }, { session: 2 });
    await caller.open.pass(50);
    // The grant is behind this moment; its reply may come some milliseconds later.
    const unlockedMs = caller.open.nowMs();
    await caller.ask('Unlock', { name, key });
    await caller.answerTo(waiter);
    const next = await caller.ask('Lock', { name }, { session: 3 });
    expect(next.locked).toBe(true);
    expectElapsed(caller.open.nowMs() - unlockedMs, 1_000);
  });
}

function describeRefusals({ caller }: Opened): void {
  const cases: [what: string, message: RequestMessage, refusal: Refusal][] = [
    ['a negative lock timeout', { lock_timeout_seconds: -1 }, Refusals.lockTimeoutNegative],
    ['a negative lock timeout in ms', { lock_timeout_ms: '-1' }, Refusals.lockTimeoutNegative],
    ['a negative wait timeout', { wait_timeout_seconds: -1 }, Refusals.waitTimeoutNegative],
    ['a negative wait timeout in ms', { wait_timeout_ms: '-1' }, Refusals.waitTimeoutNegative],
    ['no name', { name: '' }, Refusals.nameEmpty],
    ['a size of 0', { size: 0 }, Refusals.sizeInvalid],
    ['a negative size', { size: -1 }, Refusals.sizeInvalid],
    ['more permits than the size', { size: 2, permits: 3 }, Refusals.permitsExceedSize],
    ['an unknown mode', { mode: 2 }, Refusals.modeUnknown],
    ['shared mode with a size', { mode: 1, size: 2 }, Refusals.sharedWithSize],
    ['a short request id', { request_id: Buffer.alloc(7) }, Refusals.requestIdLength],
  ];
  it.each(cases)('refuses %s', async (_what, fields, refusal) => {
    const name = fields.name ?? newName();
    const echo = name === '' ? {} : { name };
    expect(await caller.ask('Lock', { name, ...fields })).toEqual({ ...echo, error: sentError(refusal) });
  });

  it('names the first fault in the order of checks', async () => {
    const all = { name: '', size: 0, lock_timeout_seconds: -1, wait_timeout_seconds: -1 };
    const order: [RequestMessage, Refusal][] = [
      [all, Refusals.lockTimeoutNegative],
      [{ ...all, lock_timeout_seconds: 1 }, Refusals.waitTimeoutNegative],
      [{ name: '', size: 0 }, Refusals.nameEmpty],
    ];
    for (const [message, refusal] of order) {
      expect((await caller.ask('Lock', message)).error).toEqual(sentError(refusal));
    }
  });

  it('has no wait timeout to check in TryLock', async () => {
    const name = newName();
    const bytes = lockRequest({ name, wait_timeout_seconds: -1, wait_timeout_ms: '-1' });
    expect(await caller.ask('TryLock', bytes)).toMatchObject({ locked: true });
  });

  it('refuses another size at once, whether held or idle, but one that is invalid for that', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const other = { name, size: 2, wait_timeout_seconds: 3 };
    expect((await caller.ask('Lock', other)).error).toEqual(errorOf(Refusals.sizeMismatch));
    expect((await caller.ask('Lock', { name, size: 0 })).error).toEqual(errorOf(Refusals.sizeInvalid));
    await caller.ask('Unlock', { name, key });
    expect((await caller.ask('Lock', other)).error).toEqual(errorOf(Refusals.sizeMismatch));
    expect(await caller.ask('Lock', { name, size: 1 })).toMatchObject({ locked: true });
  });
}

function describeWaiting({ caller }: Opened): void {
  it('grants waiters in the order in which they came', async () => {
    const name = newName();
    let key = await caller.acquire({ name });
    const waiters = Array.from({ length: 8 }, (_, i) => caller.send('Lock', { name }, { session: 2 + i }));
    for (const [i, waiter] of waiters.entries()) {
      await caller.settle(name);
      expect(waiters.map((one) => caller.hasReply(one))).toEqual(waiters.map((_, j) => j < i));
      await caller.ask('Unlock', { name, key });
      const answer = await caller.answerTo(waiter);
      expect(answer.locked).toBe(true);
      key = answer.key!;
    }
  });

  it('hands a lock to who waits, before one who asks behind the release', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const waiter = caller.send('Lock', { name }, { session: 2 });
    caller.send('Unlock', { name, key });
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
    expect(await caller.answerTo(waiter)).toMatchObject({ locked: true });
  });

  it('ends a wait with the wait timeout', async () => {
    const name = newName();
    await caller.acquire({ name });
    const startMs = caller.open.nowMs();
    const answer = await caller.ask('Lock', { name, wait_timeout_ms: '80' }, { session: 2 });
    expect(answer).toEqual({ name, error: errorOf(Refusals.waitTimeout) });
    expectElapsed(caller.open.nowMs() - startMs, 80);
  });

  it('waits for ever with a wait timeout of 0', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const waiter = caller.send(
      'Lock',
      { name, wait_timeout_seconds: 0, wait_timeout_ms: '0' },
      { session: 2 },
    );
    await caller.open.pass(60);
    expect(caller.hasReply(waiter)).toBe(false);
    await caller.ask('Unlock', { name, key });
    expect(await caller.answerTo(waiter)).toMatchObject({ locked: true });
  });

  it("ends a wait with the caller's deadline", async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const deadlineMs = caller.open.nowMs() + 60;
    const waiter = caller.send('Lock', { name, wait_timeout_ms: '60000' }, { session: 2, deadlineMs });
    expect(await caller.replyTo(waiter)).toMatchObject({
      status: GrpcStatus.DeadlineExceeded,
      granted: false,
    });
    await caller.ask('Unlock', { name, key });
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('changes nothing for a call whose deadline has passed, but for Unlock', async () => {
    const name = newName();
    const late = { deadlineMs: caller.open.nowMs() - 1 };
    for (const method of ['Lock', 'TryLock'] as const) {
      const reply = await caller.replyTo(caller.send(method, { name }, late));
      expect(reply.status).toBe(GrpcStatus.DeadlineExceeded);
    }
    const key = await caller.acquire({ name, lock_timeout_ms: '60000' });
    const renewal = caller.send('Renew', { name, key, lock_timeout_ms: '1' }, late);
    expect((await caller.replyTo(renewal)).status).toBe(GrpcStatus.DeadlineExceeded);
    await caller.open.pass(20);
    expect(await caller.ask('Unlock', { name, key }, late)).toMatchObject({ unlocked: true });
  });

  it('forgets a waiter that is cancelled, and keeps the order of the others', async () => {
    const name = newName();
    const key = await caller.acquire({ name });
    const waiters = [2, 3, 4].map((session) => caller.send('Lock', { name }, { session }));
    caller.cancel(waiters[0]!);
    caller.cancel(waiters[2]!);
    await caller.ask('Unlock', { name, key });
    const answer = await caller.answerTo(waiters[1]!);
    expect(answer.locked).toBe(true);
    await caller.ask('Unlock', { name, key: answer.key });
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
    expect(waiters.map((waiter) => caller.hasReply(waiter))).toEqual([false, true, false]);
  });

  it('takes back the grant of a call that was given up, and of no other', async () => {
    const name = newName();
    const call = caller.send('Lock', { name });
    const { key } = await caller.answerTo(call);
    caller.cancel({ ...call, call: 1_000_000 });
    expect(await caller.ask('Unlock', { name, key })).toMatchObject({ unlocked: true });
    const lost = caller.send('Lock', { name });
    expect(await caller.answerTo(lost)).toMatchObject({ locked: true });
    const next = caller.send('Lock', { name }, { session: 2 });
    caller.cancel(lost);
    expect(await caller.answerTo(next)).toMatchObject({ locked: true });
  });
}

function describeSessions({ caller }: Opened): void {
  it('releases what an ended session holds and gives up what it waits for', async () => {
    const [held, awaited] = [newName(), newName()];
    const session = newSession();
    await caller.acquire({ name: held }, session);
    const key = await caller.acquire({ name: awaited });
    const gone = caller.send('Lock', { name: awaited }, { session });
    const next = caller.send('Lock', { name: held }, { session: 2 });
    const last = caller.send('Lock', { name: awaited }, { session: 2 });
    caller.endSession(session);
    expect(await caller.answerTo(next)).toMatchObject({ locked: true });
    await caller.ask('Unlock', { name: awaited, key });
    expect(await caller.answerTo(last)).toMatchObject({ locked: true });
    expect(caller.hasReply(gone)).toBe(false);
  });

  it('releases what a session was granted in the same batch as its end', async () => {
    const name = newName();
    const session = newSession();
    caller.send('TryLock', { name }, { session });
    caller.endSession(session);
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it("leaves another session's locks alone", async () => {
    const name = newName();
    await caller.acquire({ name });
    caller.endSession(newSession());
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
  });

  it('takes back a grant that could not be delivered', async () => {
    const name = newName();
    const call = caller.send('Lock', { name });
    const { shard, data, granted } = await caller.replyTo(call);
    expect(granted).toBe(true);
    const waiter = caller.send('Lock', { name }, { session: 2 });
    caller.engine.releaseUndelivered(shard, data);
    caller.engine.flush();
    expect(await caller.answerTo(waiter)).toMatchObject({ locked: true });
  });

  it('does not take it back from a repeat that was delivered', async () => {
    const name = newName();
    const request_id = Buffer.from(`request ${name}`);
    const call = caller.send('Lock', { name, request_id });
    const { shard, data } = await caller.replyTo(call);
    await caller.acquire({ name, request_id }, newSession());
    caller.engine.releaseUndelivered(shard, data);
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
  });
}

function describeKeeping({ caller }: Opened): void {
  it('keeps a lock when its session ends, for who has the key', async () => {
    const name = newName();
    const session = newSession();
    const key = await caller.acquire({ name }, session);
    caller.endSession(session);
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
    expect(await caller.ask('Unlock', { name, key })).toMatchObject({ unlocked: true });
  });

  it('frees it at its timeout', async () => {
    const name = newName();
    const session = newSession();
    await caller.acquire({ name, lock_timeout_ms: '60' }, session);
    caller.endSession(session);
    expect(await caller.ask('Lock', { name }, { session: 2 })).toMatchObject({ locked: true });
  });

  it('gives up what the session waits for', async () => {
    const name = newName();
    const session = newSession();
    const key = await caller.acquire({ name });
    caller.send('Lock', { name }, { session });
    caller.endSession(session);
    await caller.ask('Unlock', { name, key });
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('takes back a grant that could not be delivered, also behind the end of its session', async () => {
    const name = newName();
    const session = newSession();
    const call = caller.send('Lock', { name }, { session });
    const { shard, data } = await caller.replyTo(call);
    caller.endSession(session);
    caller.engine.releaseUndelivered(shard, data);
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });
}

function describeRenewal({ caller }: Opened): void {
  it('lengthens and shortens the timeout, whoever asks, and repeats the key', async () => {
    const name = newName();
    const key = await caller.acquire({ name, lock_timeout_ms: '60' });
    const renewed = await caller.ask('Renew', { name, key, lock_timeout_seconds: 100 }, { session: 2 });
    expect(renewed).toEqual({ locked: true, name, key });
    await caller.open.pass(80);
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
    await caller.ask('Renew', { name, key, lock_timeout_ms: '10' });
    expect(await caller.ask('Lock', { name }, { session: 2 })).toMatchObject({ locked: true });
  });

  it('refuses without a timeout', async () => {
    const name = newName();
    const key = await caller.acquire({ name, lock_timeout_seconds: 100 });
    for (const fields of [{}, { lock_timeout_seconds: 0 }, { lock_timeout_ms: '-1' }]) {
      const answer = await caller.ask('Renew', { name, key, ...fields });
      expect(answer).toEqual({ name, error: sentError(Refusals.lockTimeoutNegative) });
    }
  });

  it('refuses a wrong key, an unknown name and a lock without a timeout', async () => {
    const [timed, untimed] = [newName(), newName()];
    await caller.acquire({ name: timed, lock_timeout_seconds: 100 });
    const key = await caller.acquire({ name: untimed });
    for (const [name, sent] of [
      [timed, NO_KEY],
      [timed, 'no key'],
      [newName(), key],
      [untimed, key],
    ]) {
      const answer = await caller.ask('Renew', { name, key: sent, lock_timeout_seconds: 5 });
      expect(answer).toEqual({ name, key: sent, error: errorOf(Refusals.invalidKeyOnRenew) });
    }
  });

  it('does not take a name and a key for another split of the same text', async () => {
    const key = await caller.acquire({ name: 'xy', lock_timeout_seconds: 100 });
    const split = { name: 'x', key: `y${key}` };
    expect((await caller.ask('Renew', { ...split, lock_timeout_seconds: 5 })).error?.code).toBe(
      ErrorCode.LockDoesNotExistOrInvalidKey,
    );
    expect((await caller.ask('Unlock', split)).error?.code).toBe(ErrorCode.LockDoesNotExist);
  });
}

function describePermits({ caller }: Opened): void {
  it('gives out permits in order, and nobody passes the head', async () => {
    const name = newName();
    const some = await caller.acquire({ name, size: 5, permits: 3 });
    const large = caller.send('Lock', { name, size: 5, permits: 4 }, { session: 2 });
    const small = caller.send('Lock', { name, size: 5, permits: 1 }, { session: 3 });
    expect(await caller.ask('TryLock', { name, size: 5, permits: 1 })).toEqual({ name });
    expect([caller.hasReply(large), caller.hasReply(small)]).toEqual([false, false]);
    await caller.ask('Unlock', { name, key: some });
    expect(await caller.answerTo(large)).toMatchObject({ locked: true });
    expect(await caller.answerTo(small)).toMatchObject({ locked: true });
  });
}

function describeSharing({ caller }: Opened): void {
  it('lets any number of readers in, then a writer alone, then readers', async () => {
    const name = newName();
    const shared = { name, mode: 1 };
    const keys = [await caller.acquire(shared, 2), await caller.acquire(shared, 3)];
    const writer = caller.send('Lock', { name }, { session: 4 });
    const late = [5, 6].map((session) => caller.send('Lock', shared, { session }));
    expect(await caller.ask('TryLock', shared)).toEqual({ name });
    await caller.ask('Unlock', { name, key: keys[0] });
    await caller.settle(name);
    expect(caller.hasReply(writer)).toBe(false);
    await caller.ask('Unlock', { name, key: keys[1] });
    const { key } = await caller.answerTo(writer);
    expect(late.map((one) => caller.hasReply(one))).toEqual([false, false]);
    await caller.ask('Unlock', { name, key });
    for (const one of late) expect(await caller.answerTo(one)).toMatchObject({ locked: true });
  });
}

function describeRequestIds({ caller }: Opened): void {
  it('answers a repeat with the same grant and moves it to the new session', async () => {
    const name = newName();
    const request_id = Buffer.from('repeat-1');
    const [before, after] = [newSession(), newSession()];
    const first = await caller.ask('Lock', { name, request_id }, { session: before });
    const second = await caller.ask('Lock', { name, request_id }, { session: after });
    expect(second).toEqual(first);
    caller.endSession(before);
    expect(await caller.ask('TryLock', { name })).toEqual({ name });
    caller.endSession(after);
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('moves a waiter to the repeating call, whose elder is ABORTED', async () => {
    const name = newName();
    const request_id = Buffer.from('repeat-2');
    const key = await caller.acquire({ name });
    const first = caller.send('Lock', { name, request_id }, { session: 2 });
    const behind = caller.send('Lock', { name }, { session: 3 });
    const second = caller.send('Lock', { name, request_id }, { session: 4 });
    expect((await caller.replyTo(first)).status).toBe(GrpcStatus.Aborted);
    await caller.ask('Unlock', { name, key });
    expect(await caller.answerTo(second)).toMatchObject({ locked: true });
    expect(caller.hasReply(behind)).toBe(false);
  });

  it('unlocks by request id and refuses what arrives late', async () => {
    const name = newName();
    const request_id = Buffer.from('repeat-3');
    await caller.acquire({ name, request_id });
    expect(await caller.ask('Unlock', { name, request_id })).toMatchObject({ unlocked: true });
    const late = await caller.ask('Lock', { name, request_id });
    expect(late).toEqual({ name, error: errorOf(Refusals.requestReleased) });
    expect(await caller.ask('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('refuses the id for another request', async () => {
    const name = newName();
    const request_id = Buffer.from('repeat-4');
    await caller.acquire({ name, request_id });
    const other = await caller.ask('Lock', { name, mode: 1, request_id });
    expect(other.error).toEqual(sentError(Refusals.requestDiffers));
  });
}

function describeBytes({ caller }: Opened): void {
  it('brings origins back as they were', async () => {
    const session = 2 ** 53 - 1;
    const call = caller.send('TryLock', { name: newName() }, { session });
    const reply = await caller.replyTo(call);
    expect(reply).toMatchObject({
      route: routeOf(session),
      session,
      form: ReplyForm.Protobuf,
      granted: true,
    });
    expect(reply.shard).toBe(call.shard);
    expect([reply.headers.length, reply.trailers.length]).toEqual([0, 0]);
  });

  it('encodes replies as HTTP/2 frames when asked to', async () => {
    const name = newName();
    const call = caller.send('Lock', { name }, { form: ReplyForm.GrpcFrames });
    const { headers, data, trailers, granted } = await caller.replyTo(call);
    expect(granted).toBe(true);
    const [head, body, tail] = [headers, data, trailers].map(readFrame);
    expect(head).toMatchObject({ type: 1, flags: 0x4, streamId: call.call });
    expect(decodeAlone(head!.payload)).toEqual([
      [':status', '200'],
      ['content-type', 'application/grpc'],
    ]);
    expect(body).toMatchObject({ type: 0, flags: 0, streamId: call.call });
    expect(body!.payload[0]).toBe(0);
    expect(body!.payload.readUInt32BE(1)).toBe(body!.payload.length - 5);
    const message = loadCoder('Lock').responseDeserialize(body!.payload.subarray(5));
    expect(message).toMatchObject({ locked: true, name });
    expect(tail).toMatchObject({ type: 1, flags: 0x5, streamId: call.call });
    expect(decodeAlone(tail!.payload)).toEqual([['grpc-status', '0']]);
  });

  it.each([ReplyForm.GrpcFrames, ReplyForm.Protobuf])('answers malformed messages, form %s', async (form) => {
    const text = 'grpc: error unmarshalling request: proto: cannot parse invalid wire-format data';
    for (const bytes of [Buffer.of(0x0a), Buffer.of(0x0a, 5, 1), Buffer.of(7, 7), Buffer.alloc(12, 0xff)]) {
      for (const method of ['Lock', 'TryLock', 'Unlock', 'Renew'] as const) {
        const reply = await caller.replyTo(caller.send(method, bytes, { form }));
        expectStatus(reply, GrpcStatus.Internal, text);
      }
    }
  });

  it('answers invalid UTF-8', async () => {
    const text = 'grpc: error unmarshalling request: string field contains invalid UTF-8';
    const form = ReplyForm.GrpcFrames;
    for (const method of ['Lock', 'TryLock', 'Unlock', 'Renew'] as const) {
      const call = caller.send(method, bytesField(1, Buffer.of(0x61, 0xff)), { form });
      expectStatus(await caller.replyTo(call), GrpcStatus.Internal, text);
    }
    const key = bytesField(2, Buffer.of(0xc3));
    expectStatus(await caller.replyTo(caller.send('Unlock', key, { form })), GrpcStatus.Internal, text);
  });

  it('repeats any name unchanged', async () => {
    for (const name of ['\0', 'a\nb/c', 'naïve Ünïcödé', '鍵 🔒', ' ']) {
      const key = await caller.acquire({ name });
      expect(await caller.ask('Unlock', { name, key })).toEqual({ unlocked: true, name });
    }
  });

  it('takes the last of repeated fields and skips unknown ones', async () => {
    const [first, last] = [newName(), newName()];
    const unknown = bytesField(77, Buffer.alloc(300, 0xff));
    const bytes = Buffer.concat([bytesField(1, first), unknown, bytesField(1, last)]);
    expect(await caller.ask('TryLock', bytes)).toMatchObject({ locked: true, name: last });
    expect(await caller.ask('TryLock', { name: last })).toEqual({ name: last });
    expect(await caller.ask('TryLock', { name: first })).toMatchObject({ locked: true });
  });
}

function describeLengths({ caller }: Opened): void {
  const { nameBytesMax, keyBytesMax, holderBytesMax, requestIdBytesMax } = Limits;

  it('takes the longest name, holder and request id at once, and refuses one byte more of each', async () => {
    const name = 'n'.repeat(nameBytesMax);
    const holder = 'h'.repeat(holderBytesMax);
    const request_id = Buffer.alloc(requestIdBytesMax, 1);
    const answer = await caller.ask('Lock', { name, holder, request_id });
    expect(answer).toMatchObject({ locked: true, name });
    const other = newName();
    for (const [fields, refusal] of [
      [{ name: `${name}n` }, Refusals.nameTooLong],
      [{ name: other, holder: `${holder}h` }, Refusals.holderTooLong],
      [{ name: other, request_id: Buffer.alloc(requestIdBytesMax + 1) }, Refusals.requestIdLength],
    ] as const) {
      const echo = refusal === Refusals.nameTooLong ? {} : { name: other };
      expect(await caller.ask('Lock', fields)).toEqual({ ...echo, error: sentError(refusal) });
    }
    expect(await caller.ask('Unlock', { name, key: answer.key })).toEqual({ unlocked: true, name });
  });

  it('answers a name that is too long, also one cut in the middle of a character, without repeating it', async () => {
    for (const length of [nameBytesMax + 1, Limits.recordBodyBytesMax + 1, 1_000_000]) {
      const name = `${'a'.repeat(length % 2)}${'é'.repeat(length >> 1)}`;
      for (const method of ['Lock', 'TryLock', 'Unlock'] as const) {
        expect(await caller.ask(method, { name })).toEqual({ error: sentError(Refusals.nameTooLong) });
      }
      const renewal = await caller.ask('Renew', { name, lock_timeout_seconds: 1 });
      expect(renewal).toEqual({ error: sentError(Refusals.nameTooLong) });
    }
  });

  it('refuses a key one byte beyond the limit', async () => {
    const name = newName();
    await caller.acquire({ name, lock_timeout_seconds: 100 });
    const longest = 'k'.repeat(keyBytesMax);
    expect((await caller.ask('Unlock', { name, key: longest })).error).toEqual(errorOf(Refusals.invalidKey));
    const key = `${longest}k`;
    expect((await caller.ask('Unlock', { name, key })).error).toEqual(sentError(Refusals.keyTooLong));
    const renewal = await caller.ask('Renew', { name, key, lock_timeout_seconds: 1 });
    expect(renewal).toEqual({ name, error: sentError(Refusals.keyTooLong) });
  });

  it('takes a message of the greatest length, whatever fills it', async () => {
    const name = newName();
    const head = bytesField(1, name);
    const filler = (bytes: number) => bytesField(77, Buffer.alloc(bytes, 7));
    const record = Buffer.concat([head, filler(Limits.recordBodyBytesMax - head.length - 5)]);
    for (const bytes of [record, Buffer.concat([record, Buffer.of(0x20, 1)])]) {
      const { key } = await caller.ask('TryLock', bytes);
      expect(await caller.ask('Unlock', { name, key })).toMatchObject({ unlocked: true });
    }
    const largest = Buffer.concat([filler(Limits.messageBytesMax - head.length - 6), head]);
    expect(await caller.ask('TryLock', largest)).toMatchObject({ locked: true, name });
  });

  it('answers a long message that is malformed', async () => {
    const bytes = Buffer.concat([bytesField(77, Buffer.alloc(Limits.recordBodyBytesMax)), Buffer.of(0x0a)]);
    for (const method of ['Lock', 'Renew'] as const) {
      expect((await caller.replyTo(caller.send(method, bytes))).status).toBe(GrpcStatus.Internal);
    }
  });
}

function describeCollection({ caller }: Opened): void {
  it('collects an idle lock, not a held one', async () => {
    const [idle, held] = [newName(), newName()];
    const key = await caller.acquire({ name: idle, size: 2 });
    await caller.acquire({ name: held, size: 2 });
    await caller.ask('Unlock', { name: idle, key });
    await caller.open.pass(80);
    const unlock = await caller.ask('Unlock', { name: idle, key });
    expect(unlock.error).toEqual(errorOf(Refusals.lockDoesNotExist));
    expect(await caller.ask('TryLock', { name: idle })).toMatchObject({ locked: true });
    expect((await caller.ask('TryLock', { name: held })).error).toEqual(errorOf(Refusals.sizeMismatch));
  });
}

function describeStop({ caller }: Opened): void {
  it('ends waiters and refuses further locks, while Unlock and Renew go on', async () => {
    const name = newName();
    const key = await caller.acquire({ name, lock_timeout_seconds: 100 });
    const waiters = [2, 3].map((session) => caller.send('Lock', { name }, { session }));
    let stopped = false;
    const stopping = caller.engine.stopGranting().then(() => {
      stopped = true;
    });
    await caller.until(() => stopped);
    await stopping;
    for (const waiter of waiters) {
      // Who is told that all have their answers finds the answers there.
      expect(caller.hasReply(waiter)).toBe(true);
      expect((await caller.replyTo(waiter)).status).toBe(GrpcStatus.Unavailable);
    }
    const form = ReplyForm.GrpcFrames;
    for (const method of ['Lock', 'TryLock'] as const) {
      const reply = await caller.replyTo(caller.send(method, { name: newName() }, { form }));
      expectStatus(reply, GrpcStatus.Unavailable, 'the server is shutting down');
    }
    expect(await caller.ask('Renew', { name, key, lock_timeout_seconds: 5 })).toMatchObject({ locked: true });
    expect(await caller.ask('Unlock', { name, key })).toMatchObject({ unlocked: true });
  });
}

/** A code of 0 is absent on the wire. */
function sentError({ code, message }: Refusal): { code?: number; message: string } {
  return code === ErrorCode.Unknown ? { message } : { code, message };
}

/** Time runs on while a test does other things, and machines are slow; but never is anything early. */
function expectElapsed(elapsedMs: number, expectedMs: number): void {
  expect(elapsedMs).toBeGreaterThan(expectedMs - 2);
  expect(elapsedMs).toBeLessThan(expectedMs + 2_000);
}

function readFrame(bytes: Buffer): { type: number; flags: number; streamId: number; payload: Buffer } {
  expect(bytes.readUIntBE(0, 3)).toBe(bytes.length - 9);
  const streamId = bytes.readUInt32BE(5);
  return { type: bytes[3]!, flags: bytes[4]!, streamId, payload: bytes.subarray(9) };
}

function expectStatus(
  reply: Awaited<ReturnType<EngineCaller['replyTo']>>,
  status: GrpcStatus,
  text: string,
): void {
  expect(reply).toMatchObject({ status, granted: false });
  const isBare = reply.form === ReplyForm.Protobuf;
  expect([reply.headers.length, String(reply.data)]).toEqual([0, isBare ? text : '']);
  if (isBare) return expect(reply.trailers.length).toBe(0);
  const frame = readFrame(reply.trailers);
  expect(frame).toMatchObject({ type: 1, flags: 0x5, streamId: reply.call });
  const fields = new Map(decodeAlone(frame.payload) as [string, string][]);
  expect(fields.get('grpc-status')).toBe(String(status));
  expect(decodeURIComponent(fields.get('grpc-message')!)).toBe(text);
}
