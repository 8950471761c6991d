import { type ClientUnaryCall, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../clients/lock-client.ts';
import { connectRaw, destroyRaw, replyOn, sendCall } from '../raw-calls.ts';
import { connect, sharedServer } from '../server-process.ts';
import { enqueue, granted, isPending, taken, timed } from './replies.ts';

const server = sharedServer();

describe('the queue of a lock', () => {
  it('44: is served in the order in which it formed', async () => {
    const holder = connect(server.address);
    let { key } = await holder.lock({ name: 'c44' });
    const order: number[] = [];
    const waiters = [];
    for (let number = 0; number < 8; number++) {
      const { reply } = await enqueue(connect(server.address), { name: 'c44' });
      waiters.push(reply);
      void reply.then(() => order.push(number));
    }
    for (const waiter of waiters) {
      await holder.unlock('c44', key);
      const reply = await waiter;
      expect(reply).toStrictEqual(granted('c44'));
      key = reply.key;
    }
    expect(order).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('45: gets the lock before the client that releases it', async () => {
    const holder = connect(server.address);
    const { key } = await holder.lock({ name: 'c45' });
    const { reply } = await enqueue(connect(server.address), { name: 'c45' });
    const [, again] = await Promise.all([holder.unlock('c45', key), holder.tryLock({ name: 'c45' })]);
    expect(again).toStrictEqual(taken('c45'));
    expect(await reply).toStrictEqual(granted('c45'));
  });

  it('46: is not passed by TryLock', async () => {
    const holder = connect(server.address);
    await holder.lock({ name: 'c46' });
    const { reply } = await enqueue(connect(server.address), { name: 'c46' });
    expect(await connect(server.address).tryLock({ name: 'c46' })).toStrictEqual(taken('c46'));
    holder.close();
    expect(await reply).toStrictEqual(granted('c46'));
  });

  it('47: loses a waiter that disconnects, and nothing else', async () => {
    const holder = connect(server.address);
    const { key } = await holder.lock({ name: 'c47' });
    const leaver = await connectRaw(server.address);
    sendCall(leaver, 1, 'Lock', 'c47');
    sendCall(leaver, 3, 'TryLock', 'c47');
    await replyOn(leaver, 3);
    const { reply } = await enqueue(connect(server.address), { name: 'c47' });
    await destroyRaw(leaver);
    await holder.unlock('c47', key);
    const next = await reply;
    expect(next).toStrictEqual(granted('c47'));
    await holder.unlock('c47', next.key);
    expect(await holder.tryLock({ name: 'c47' })).toStrictEqual(granted('c47'));
  });

  it('48: loses a waiter that is cancelled, and keeps its order', async () => {
    const holder = connect(server.address);
    const { key } = await holder.lock({ name: 'c48' });
    const first = await enqueue(connect(server.address), { name: 'c48' });
    const canceller = connect(server.address);
    const calls: ClientUnaryCall[] = [];
    const cancelled = statusOf(canceller.call('Lock', { name: 'c48' }, {}, (call) => calls.push(call)));
    expect(await canceller.tryLock({ name: 'c48' })).toStrictEqual(taken('c48'));
    const last = await enqueue(connect(server.address), { name: 'c48' });
    calls[0]!.cancel();
    expect((await cancelled).code).toBe(status.CANCELLED);

    await holder.unlock('c48', key);
    const firstReply = await first.reply;
    expect(firstReply).toStrictEqual(granted('c48'));
    expect(await isPending(last.reply, 100)).toBe(true);
    await holder.unlock('c48', firstReply.key);
    const lastReply = await last.reply;
    expect(lastReply).toStrictEqual(granted('c48'));
    await holder.unlock('c48', lastReply.key);
    expect(await holder.tryLock({ name: 'c48' })).toStrictEqual(granted('c48'));
  });

  it("49: loses a waiter whose caller's deadline passes", async () => {
    const holder = connect(server.address);
    const { key } = await holder.lock({ name: 'c49' });
    const waiter = connect(server.address);
    await waiter.tryLock({ name: 'connected' });
    const call = waiter.lock({ name: 'c49' }, { deadline: Date.now() + 1_000 });
    const { result, ms } = await timed(statusOf(call));
    expect(result.code).toBe(status.DEADLINE_EXCEEDED);
    expect(ms).toBeGreaterThan(950);
    await holder.unlock('c49', key);
    expect(await holder.tryLock({ name: 'c49' })).toStrictEqual(granted('c49'));
  });

  it('53: of 400 waiters on one connection delays no other call on it', async () => {
    const holder = connect(server.address);
    await holder.lock({ name: 'c53' });
    const crowd = connect(server.address);
    await crowd.tryLock({ name: 'connected' });
    const calls: ClientUnaryCall[] = [];
    const waiting = Array.from({ length: 400 }, () =>
      statusOf(crowd.call('Lock', { name: 'c53' }, {}, (call) => calls.push(call))),
    );
    const { result, ms } = await timed(crowd.tryLock({ name: 'c53-free' }));
    expect(result).toStrictEqual(granted('c53-free'));
    expect(ms).toBeLessThan(1_000);
    expect(await isPending(Promise.race(waiting), 50)).toBe(true);
    for (const call of calls) call.cancel();
    const codes = (await Promise.all(waiting)).map(({ code }) => code);
    expect(new Set(codes)).toStrictEqual(new Set([status.CANCELLED]));
  });
});
