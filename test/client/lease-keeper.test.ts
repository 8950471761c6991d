import { describe, expect, it } from 'vitest';
import { readClaim } from '../../src/client/claim.ts';
import { checkClientOptions } from '../../src/client/client-options.ts';
import { Lease } from '../../src/client/lease.ts';
import { LeaseKeeper } from '../../src/client/lease-keeper.ts';
import {
  type CallLimits,
  type LockCall,
  type LockReply,
  type RenewCall,
  type Transport,
  TransportError,
  type UnlockCall,
} from '../../src/client/transport.ts';
import { ErrorCode } from '../../src/contract/error-code.ts';

const UNBOUNDED = Number.POSITIVE_INFINITY;
const granted: LockReply = { locked: true, key: 'k', fencingToken: 7n, certainMs: UNBOUNDED, error: null };
const gone: LockReply = {
  locked: false,
  key: '',
  fencingToken: 0n,
  certainMs: UNBOUNDED,
  error: { code: ErrorCode.LockDoesNotExistOrInvalidKey, message: 'gone' },
};

/** Every renewal and repeated request is answered by the test, when it wants: that is what these tests are about. */
class HeldBackAnswers implements Transport {
  readonly renewals: { call: RenewCall; timeoutMs: number; answer: (reply: LockReply | Error) => void }[] =
    [];
  readonly repeats: { call: LockCall; answer: (reply: LockReply | Error) => void }[] = [];
  readonly unlocked: UnlockCall[] = [];
  readonly isAlive = true;
  onDrop = (): void => {};

  renew(call: RenewCall, { timeoutMs = 0 }: CallLimits): Promise<LockReply> {
    return held((answer) => this.renewals.push({ call, timeoutMs, answer }));
  }

  tryLock(call: LockCall): Promise<LockReply> {
    return held((answer) => this.repeats.push({ call, answer }));
  }

  lock(): Promise<LockReply> {
    throw new Error('a lease asks for nothing new');
  }

  async unlock(call: UnlockCall) {
    this.unlocked.push(call);
    return { unlocked: true, error: null };
  }

  close(): void {}
}

function held(take: (answer: (reply: LockReply | Error) => void) => void): Promise<LockReply> {
  return new Promise((resolve, reject) => {
    take((reply) => (reply instanceof Error ? reject(reply) : resolve(reply)));
  });
}

function run(timeoutMs: number, { autoRenew = true, fencingToken = 7n, certainMs = UNBOUNDED } = {}) {
  const transport = new HeldBackAnswers();
  const clock = { ms: 0, nowMs: () => clock.ms };
  const lost: string[] = [];
  const claim = readClaim(
    'a',
    { lockTimeoutMs: timeoutMs === UNBOUNDED ? 0 : timeoutMs },
    checkClientOptions({}),
  );
  const target = { name: 'a', key: 'k', fencingToken, claim, requestId: new Uint8Array(16) };
  const keeper = new LeaseKeeper(target, new Lease(timeoutMs, 0, certainMs), {
    ...{ transport, clock, autoRenew },
    lost: (why) => lost.push(why),
  });
  return { transport, clock, lost, keeper };
}

const away = new TransportError('unavailable', 'no');
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what keeps a lease', () => {
  it('says that it is lost when its time is over, once', () => {
    const { clock, lost, keeper } = run(1_000);
    clock.ms = 998;
    expect([keeper.check(), keeper.remainingMs(), lost]).toEqual([true, 1, []]);
    clock.ms = 999;
    expect([keeper.check(), keeper.check(), keeper.remainingMs()]).toEqual([false, false, 0]);
    expect(lost).toEqual(['it was not renewed in time']);
  });

  it.each([
    ['is not known any more', gone],
    ['was refused without a reason', { ...gone, error: null }],
  ])('says so when the server says that it %s', async (_, reply) => {
    const { transport, lost, keeper } = run(1_000);
    const renewed = keeper.renew(1_000);
    transport.renewals[0]!.answer(reply);
    expect(await renewed).toEqual(reply);
    expect(lost).toEqual(['the server no longer knows it']);
  });

  it('keeps it when a renewal is refused for another reason, or has no answer', async () => {
    const { transport, lost, keeper } = run(1_000);
    const refused = keeper.renew(1_000);
    transport.renewals[0]!.answer({ ...gone, error: { code: 999, message: 'bad' } });
    await refused;
    const failed = keeper.renew(1_000);
    transport.renewals[1]!.answer(away);
    await expect(failed).rejects.toBe(away);
    expect([keeper.check(), lost]).toEqual([true, []]);
    keeper.stop();
  });

  it('gives it back when a renewal is answered that nobody waits for any more', async () => {
    const { transport, clock, lost, keeper } = run(1_000);
    clock.ms = 500;
    const renewed = keeper.renew(1_000);
    clock.ms = 1_100;
    expect(keeper.check()).toBe(false);
    transport.renewals[0]!.answer(granted);
    await renewed;
    expect(transport.unlocked).toEqual([{ name: 'a', key: 'k', requestId: null }]);
    expect([keeper.check(), lost.length]).toEqual([false, 1]);
  });

  it('does not do so when it was given back before', async () => {
    const { transport, keeper } = run(1_000);
    const renewed = keeper.renew(1_000);
    keeper.stop();
    transport.renewals[0]!.answer(granted);
    await renewed;
    expect(transport.unlocked).toEqual([]);
  });

  it('is sure of it only while the server gives signs of life', async () => {
    const { transport, clock, keeper } = run(600_000);
    clock.ms = 59_999;
    expect(keeper.isSure).toBe(true);
    clock.ms = 60_000;
    expect([keeper.isSure, keeper.check()]).toEqual([false, true]);
    const renewed = keeper.renew(600_000);
    transport.renewals[0]!.answer(granted);
    await renewed;
    expect(keeper.isSure).toBe(true);
    keeper.stop();
  });

  it('does not count on signs of life where it was told not to renew', () => {
    const { clock, keeper } = run(600_000, { autoRenew: false });
    clock.ms = 500_000;
    expect(keeper.isSure).toBe(true);
    keeper.stop();
  });
});

describe('a lease in doubt', () => {
  it.each([true, false])(
    'is asked for at once, and its request repeated (renewed by itself: %s)',
    async (autoRenew) => {
      const { transport, clock, lost, keeper } = run(30_000, { autoRenew });
      clock.ms = 100;
      keeper.doubt();
      expect(keeper.isSure).toBe(false);
      await expect.poll(() => transport.renewals.length).toBe(1);
      transport.renewals[0]!.answer(granted);
      await settle();
      expect([keeper.isSure, transport.repeats.length]).toEqual([false, 1]);
      transport.repeats[0]!.answer(granted);
      await settle();
      expect([keeper.isSure, lost]).toEqual([true, []]);
      keeper.stop();
    },
  );

  it('stays in doubt when only what was sent before it is answered, and is asked for again soon', async () => {
    const { transport, clock, keeper } = run(30_000);
    const early = keeper.renew(30_000);
    clock.ms = 10;
    keeper.doubt();
    transport.renewals[0]!.answer(granted);
    await early;
    expect(keeper.isSure).toBe(false);
    await expect.poll(() => transport.renewals.length).toBe(2);
    transport.renewals[1]!.answer(away);
    await settle();
    clock.ms = 40;
    await expect.poll(() => transport.renewals.length).toBe(3);
    keeper.stop();
  });

  it.each([
    ['refused', gone],
    ['answered with another key', { ...granted, key: 'other' }],
  ])('is lost when its repeated request is %s', async (_, reply) => {
    const { transport, lost, keeper } = run(30_000);
    keeper.doubt();
    await expect.poll(() => transport.renewals.length).toBe(1);
    transport.renewals[0]!.answer(granted);
    await settle();
    transport.repeats[0]!.answer(reply);
    await settle();
    expect([keeper.check(), lost]).toEqual([false, ['the server no longer knows it']]);
  });

  it('has to do with its key where servers give no tokens', async () => {
    const { transport, keeper } = run(30_000, { fencingToken: 0n });
    keeper.doubt();
    await expect.poll(() => transport.renewals.length).toBe(1);
    transport.renewals[0]!.answer(granted);
    await settle();
    expect([keeper.isSure, transport.repeats]).toEqual([true, []]);
    keeper.stop();
  });
});

describe('a lease whose lock is being given back', () => {
  it('is not renewed, and tells its end', async () => {
    const { transport, clock, keeper, lost } = run(60);
    keeper.retire();
    clock.ms = 30;
    await expect.poll(() => keeper.check()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect([lost, transport.renewals]).toEqual([[], []]);
    clock.ms = 60;
    await expect.poll(() => lost).toEqual(['it was not renewed in time']);
  });

  it('is not lost by a renewal that finds it given back', async () => {
    const { transport, keeper, lost } = run(1_000);
    const renewed = keeper.renew(1_000);
    keeper.retire();
    transport.renewals[0]!.answer(gone);
    await renewed;
    expect([keeper.check(), lost]).toEqual([true, []]);
    keeper.stop();
  });
});

describe('what keeps a lease for which the server can answer for a while only', () => {
  /** Waits until the keeper has asked. */
  const until = (isThere: () => boolean) => expect.poll(isThere, { interval: 1 }).toBe(true);

  it('says that it is lost when that is over, long before its timeout', () => {
    const { clock, lost, keeper } = run(30_000, { certainMs: 6_000 });
    clock.ms = 5_993;
    expect([keeper.check(), keeper.remainingMs()]).toEqual([true, 1]);
    clock.ms = 5_994;
    expect([keeper.check(), lost]).toEqual([false, ['it was not renewed in time']]);
  });

  it('renews by it, and goes on for as long as each answer says', async () => {
    const { transport, clock, keeper } = run(30_000, { certainMs: 60 });
    clock.ms = 20;
    await until(() => transport.renewals.length === 1);
    expect(transport.renewals[0]!.call.lockTimeoutMs).toBe(30_000);
    // Without an answer there is time for another one.
    expect(transport.renewals[0]!.timeoutMs).toBe(20);
    transport.renewals[0]!.answer({ ...granted, certainMs: 10_000 });
    await settle();
    expect(keeper.lease.deadlineMs).toBe(20 + 9_990);
    keeper.stop();
  });

  it('asks without renewing where its user renews it, and its timeout goes on', async () => {
    const { transport, clock, lost, keeper } = run(1_000, { autoRenew: false, certainMs: 60 });
    clock.ms = 20;
    await until(() => transport.repeats.length === 1);
    const [{ call, answer }] = transport.repeats as [(typeof transport.repeats)[0]];
    expect([call.name, call.lockTimeoutMs, call.requestId]).toEqual(['a', 0, new Uint8Array(16)]);
    answer({ ...granted, certainMs: 5_000 });
    await settle();
    expect([keeper.lease.deadlineMs, transport.renewals]).toEqual([999, []]);
    clock.ms = 999;
    expect([keeper.check(), lost]).toEqual([false, ['it was not renewed in time']]);
  });

  it('asks in the same way where there is no timeout, and says that it is lost when nobody confirms it', async () => {
    const { transport, clock, lost, keeper } = run(UNBOUNDED, { autoRenew: false, certainMs: 60 });
    clock.ms = 20;
    await until(() => transport.repeats.length === 1);
    expect(transport.repeats[0]!.call.lockTimeoutMs).toBe(0);
    transport.repeats[0]!.answer({ ...granted, certainMs: 5_000 });
    await settle();
    expect([keeper.lease.deadlineMs, keeper.lease.isTimed, transport.renewals]).toEqual([5_015, false, []]);
    clock.ms = 5_015;
    expect([keeper.check(), lost]).toEqual([false, ['it was not confirmed in time']]);
  });

  it.each([
    ['does not hold it', gone],
    ['holds another', { ...granted, key: 'another' }],
  ])('loses it where the server says that it %s', async (_, reply) => {
    const { transport, clock, lost } = run(1_000, { autoRenew: false, certainMs: 60 });
    clock.ms = 20;
    await until(() => transport.repeats.length === 1);
    transport.repeats[0]!.answer(reply);
    await settle();
    expect(lost).toEqual(['the server no longer knows it']);
  });

  it('asks again soon where there is no answer', async () => {
    const { transport, clock, lost, keeper } = run(10_000, { autoRenew: false, certainMs: 600 });
    clock.ms = 200;
    await until(() => transport.repeats.length === 1);
    transport.repeats[0]!.answer(away);
    await settle();
    clock.ms = 226;
    await until(() => transport.repeats.length === 2);
    expect([lost, keeper.check()]).toEqual([[], true]);
    keeper.stop();
  });

  it('needs nobody where the timeout alone counts', async () => {
    const { transport, clock, keeper } = run(100, { autoRenew: false });
    clock.ms = 60;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([transport.renewals, transport.repeats]).toEqual([[], []]);
    keeper.stop();
  });
});
