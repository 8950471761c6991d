import { describe, expect, it } from 'vitest';
import { connect, sharedServer } from '../server-process.ts';
import { granted, notUnlocked, pause, refused, renewed, taken, text, timed } from './replies.ts';

const server = sharedServer();

describe('the lock timeout', () => {
  it('31: hands the lock on when it ends', async () => {
    const waiter = connect(server.address);
    await waiter.tryLock({ name: 'connected' });
    const lock = timed(connect(server.address).lock({ name: 'c31', lock_timeout_seconds: 1 }));
    await lock;
    const { result, ms } = await timed(waiter.lock({ name: 'c31' }));
    expect(result).toStrictEqual(granted('c31'));
    // The timeout began a moment before the reply to the first Lock was here.
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1_600);
  });

  it('32: leaves nothing to unlock', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: 'c32', lock_timeout_seconds: 1 });
    await pause(1_300);
    expect(await client.unlock('c32', key)).toStrictEqual(notUnlocked('c32', 2, text.key));
  });

  it('40: of 0 never ends', async () => {
    await connectAndHold({ name: 'c40', lock_timeout_seconds: 0 });
  });

  it('41: when absent never ends, whatever is the default for restored locks', async () => {
    await connectAndHold({ name: 'c41' });
  });

  async function connectAndHold(request: { name: string; lock_timeout_seconds?: number }): Promise<void> {
    await connect(server.address).lock(request);
    await pause(3_000);
    expect(await connect(server.address).tryLock({ name: request.name })).toStrictEqual(taken(request.name));
  }
});

describe.each(['Renew', 'RefreshLock'] as const)('%s', (method) => {
  const name = (number: number): string => `c${number}-${method}`;

  it('33: is refused after the lock has expired', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: name(33), lock_timeout_seconds: 1 });
    await pause(1_300);
    const reply = await client.call(method, { name: name(33), key, lock_timeout_seconds: 10 });
    expect(reply).toStrictEqual(refused(name(33), 5, text.renewal, key));
  });

  it('34: is refused for a wrong key and for an unknown name', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: name(34), lock_timeout_seconds: 60 });
    const wrongKey = await client.call(method, { name: name(34), key: 'wrong', lock_timeout_seconds: 10 });
    expect(wrongKey).toStrictEqual(refused(name(34), 5, text.renewal, 'wrong'));
    for (const unknown of [`${name(34)}-unknown`, '']) {
      const reply = await client.call(method, { name: unknown, key, lock_timeout_seconds: 10 });
      expect(reply).toStrictEqual(refused(unknown, 5, text.renewal, key));
    }
  });

  it('35: is refused for a lock without a timeout', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: name(35) });
    const reply = await client.call(method, { name: name(35), key, lock_timeout_seconds: 10 });
    expect(reply).toStrictEqual(refused(name(35), 5, text.renewal, key));
  });

  it.each([[{}], [{ lock_timeout_seconds: 0 }], [{ lock_timeout_seconds: -1 }]])(
    '36: is refused with the timeout %j',
    async (timeout) => {
      const client = connect(server.address);
      const { key } = await client.tryLock({ name: name(36), lock_timeout_seconds: 60 });
      const reply = await client.call(method, { name: name(36), key, ...timeout });
      expect(reply).toStrictEqual(refused(name(36), 0, text.lockTimeout));
    },
  );

  it('37: works from any session', async () => {
    const { key } = await connect(server.address).lock({ name: name(37), lock_timeout_seconds: 60 });
    const reply = await connect(server.address).call(method, {
      name: name(37),
      key,
      lock_timeout_seconds: 10,
    });
    expect(reply).toStrictEqual(renewed(name(37), key));
  });

  it('38: extends', async () => {
    const holder = connect(server.address);
    const other = connect(server.address);
    const { key } = await holder.lock({ name: name(38), lock_timeout_seconds: 1 });
    await pause(500);
    const reply = await holder.call(method, { name: name(38), key, lock_timeout_seconds: 3 });
    expect(reply).toStrictEqual(renewed(name(38), key));
    await pause(1_500);
    expect(await other.tryLock({ name: name(38) })).toStrictEqual(taken(name(38)));
    await pause(2_000);
    expect(await other.tryLock({ name: name(38) })).toStrictEqual(granted(name(38)));
  });

  it('39: shortens', async () => {
    const holder = connect(server.address);
    const { key } = await holder.lock({ name: name(39), lock_timeout_seconds: 10 });
    await holder.call(method, { name: name(39), key, lock_timeout_seconds: 1 });
    const { result, ms } = await timed(connect(server.address).lock({ name: name(39) }));
    expect(result).toStrictEqual(granted(name(39)));
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1_800);
  });
});
