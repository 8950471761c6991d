import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { openTwo } from './open-over-model.ts';

const RENEWAL = { name: 'a', lock_timeout_ms: '60000' };

describe('a request that comes in', () => {
  it('is told of its key, also when its bytes are somebody else’s by then', async () => {
    const { one } = await openTwo();
    const key = await one.caller.acquire({ ...RENEWAL });
    expect(await one.caller.ask('Renew', { ...RENEWAL, key })).toEqual({ name: 'a', locked: true, key });
  });

  it('is one of two at once, which have nothing in common', async () => {
    const { one } = await openTwo();
    const keys = [await one.caller.acquire(RENEWAL), await one.caller.acquire({ ...RENEWAL, name: 'b' })];
    const calls = ['a', 'b'].map((name, at) =>
      one.caller.send('Renew', { ...RENEWAL, name, key: keys[at]! }),
    );
    const answers = await Promise.all(calls.map((call) => one.caller.answerTo(call)));
    expect(answers).toEqual(['a', 'b'].map((name, at) => ({ name, locked: true, key: keys[at] })));
  });

  it.each(['Lock', 'TryLock', 'Unlock', 'Renew'] as const)(
    'is refused where it is none, and changes nothing: %s',
    async (method) => {
      const { one, two } = await openTwo();
      const key = await one.caller.acquire(RENEWAL);
      // A field that ends behind the message, and one that is no UTF-8.
      for (const bytes of ['\x0a\x05a', '\x0a\x01\xff']) {
        const reply = await one.caller.replyTo(one.caller.send(method, Buffer.from(bytes, 'latin1')));
        expect([reply.status, reply.granted]).toEqual([GrpcStatus.Internal, false]);
      }
      expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    },
  );

  it('comes too late by its caller’s deadline, but for an Unlock', async () => {
    const { one } = await openTwo();
    const key = await one.caller.acquire(RENEWAL);
    const late = { deadlineMs: one.nowMs() };
    for (const [method, message] of [
      ['Lock', { name: 'b' }],
      ['TryLock', { name: 'b' }],
      ['Renew', { ...RENEWAL, key }],
    ] as const) {
      const { status } = await one.caller.replyTo(one.caller.send(method, message, late));
      expect([method, status]).toEqual([method, GrpcStatus.DeadlineExceeded]);
    }
    expect(await one.caller.ask('Unlock', { name: 'a', key }, late)).toMatchObject({ unlocked: true });
  });
});
