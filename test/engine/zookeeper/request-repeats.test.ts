import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { MetricWord } from '../../../src/base/metric-words.ts';
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

const NOW_MS = 5_000;
const NEVER = Number.POSITIVE_INFINITY;

let book = new ClaimBook();
let counts = new ClaimCounts({ nowMs: () => NOW_MS }, book);
/** What calls were answered, and what was asked for. */
let said: unknown[] = [];
/** What a renewal comes to. */
let renewal = Promise.resolve(true);
let repeats = open();

beforeEach(() => {
  book = new ClaimBook();
  counts = new ClaimCounts({ nowMs: () => NOW_MS }, book);
  said = [];
  renewal = Promise.resolve(true);
  repeats = open();
});

/** @param register where locks outlive their server */
function open(register: ServerRegister | null = null): RequestRepeats {
  const replies = {
    notLocked: ({ call }: Origin, name: string, refusal: unknown) =>
      void said.push(['notLocked', call, name, refusal]),
    ended: ({ call }: Origin, end: CallEnd) => void said.push(['ended', call, end]),
  } as unknown as Replies;
  return new RequestRepeats(
    { book, counts, replies, register },
    {
      renew: (claim, lockTimeoutMs) => {
        said.push(['renew', claim.key, lockTimeoutMs]);
        return renewal;
      },
      deadlineMoved: (claim) => void said.push(['deadlineMoved', claim.deadlineMs]),
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
  book.add(claim);
  return claim;
}

const answer = (call: number, fields: Partial<LockCommand> = {}) =>
  repeats.answer(commandOf(call, fields), NOW_MS);
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

  it('is granted again if it is held again', () => {
    add('held');
    book.released.add(requestKey('a', 'request-1'), NOW_MS);
    expect(answer(2)).toBe(true);
    expect(said).toEqual([['tellGrant', 2]]);
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
    (tryOnly) => {
      const claim = add('held');
      expect(answer(2, { tryOnly })).toBe(true);
      expect(said).toEqual([['tellGrant', 2]]);
      expect([claim.isShared, repeated()]).toEqual([true, 1]);
      expect([book.ofCall(1, 1), book.ofCall(2, 2)]).toEqual([null, claim]);
      expect([book.ofSession(1), book.ofSession(2)]).toEqual([[], [claim]]);
    },
  );

  it('renews the lease before that, if it asks for one', () => {
    const claim = add('held', { lockTimeoutMs: 9_000 });
    answer(2, { lockTimeoutMs: 1 });
    expect(said).toEqual([
      ['renew', claim.key, 1],
      ['tellGrant', 2],
    ]);
  });

  it.each<[what: string, outcome: () => Promise<boolean>, answer: unknown[]]>([
    ['it is there', () => Promise.resolve(true), ['tellGrant', 2]],
    ['the lock is gone', () => Promise.resolve(false), ['ended', 2, CallEnd.Unreachable]],
    ['nothing is known', () => Promise.reject(new Error('no answer')), ['ended', 2, CallEnd.Unreachable]],
  ])(
    'is told where locks outlive their server when the lease is written: %s',
    async (_what, outcome, told) => {
      repeats = open({} as ServerRegister);
      const claim = add('held', { lockTimeoutMs: 9_000 });
      renewal = outcome();
      const command = commandOf(2, { lockTimeoutMs: 1 });
      repeats.answer(command, NOW_MS);
      // The command is the next call's by then, and so may be the claim.
      command.origin.call = 3;
      claim.origin.call = 4;
      expect(said).toEqual([['renew', claim.key, 1]]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(said.slice(1)).toEqual([told]);
    },
  );

  it('is told at once elsewhere, whatever becomes of the renewal', async () => {
    renewal = Promise.reject(new Error('no answer'));
    add('held', { lockTimeoutMs: 9_000 });
    answer(2, { lockTimeoutMs: 1 });
    expect(said.slice(1)).toEqual([['tellGrant', 2]]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toHaveLength(2);
  });

  it('leaves the lease alone if it asks for none', () => {
    const claim = add('held', { lockTimeoutMs: 9_000 });
    answer(2);
    expect([said, claim.lockTimeoutMs]).toEqual([[['tellGrant', 2]], 9_000]);
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
    expect(said).toEqual([['ended', 2, CallEnd.Elsewhere]]);
    expect([claim.origin.call, claim.deadlineMs, repeated()]).toEqual([1, NEVER, 0]);
  });

  it('finds the lock taken if it is an attempt, too', () => {
    const claim = add('waiting', { tryOnly: true });
    expect(answer(2, { tryOnly: true })).toBe(true);
    expect(said).toEqual([['notLocked', 2, 'a', null]]);
    expect(claim.origin.call).toBe(1);
  });
});
