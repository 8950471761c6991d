import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../clients/lock-client.ts';
import { connect, sharedServer } from '../server-process.ts';
import { granted, refused, taken, text, timed } from './replies.ts';

const server = sharedServer();

describe('acquiring a lock', () => {
  it('1: Lock grants a free lock with a UUID as key', async () => {
    expect(await connect(server.address).lock({ name: 'c1' })).toStrictEqual(granted('c1'));
  });

  it('2: TryLock of a held lock answers locked=false without an error', async () => {
    await connect(server.address).lock({ name: 'c2' });
    expect(await connect(server.address).tryLock({ name: 'c2' })).toStrictEqual(taken('c2'));
  });

  it('3: Lock with a wait timeout of 1 s gives up after 1 s', async () => {
    await connect(server.address).lock({ name: 'c3' });
    const waiter = connect(server.address);
    await waiter.tryLock({ name: 'connected' });
    const { result, ms } = await timed(waiter.lock({ name: 'c3', wait_timeout_seconds: 1 }));
    expect(result).toStrictEqual(refused('c3', 3, text.waited));
    expect(ms).toBeGreaterThanOrEqual(995);
    expect(ms).toBeLessThan(1_600);
  });

  it.each([[{}], [{ wait_timeout_seconds: 0 }]])('4: Lock with %j waits for ever', async (wait) => {
    await connect(server.address).lock({ name: 'c4' });
    const deadline = Date.now() + 1_200;
    const { result, ms } = await timed(
      statusOf(connect(server.address).lock({ name: 'c4', ...wait }, { deadline })),
    );
    expect(result.code).toBe(status.DEADLINE_EXCEEDED);
    expect(ms).toBeGreaterThanOrEqual(1_100);
  });

  it('5: a negative wait timeout is refused', async () => {
    const reply = await connect(server.address).lock({ name: 'c5', wait_timeout_seconds: -1 });
    expect(reply).toStrictEqual(refused('c5', 0, text.waitTimeout));
  });

  it.each(['Lock', 'TryLock'] as const)('6: a negative lock timeout is refused by %s', async (method) => {
    const reply = await connect(server.address).call(method, { name: 'c6', lock_timeout_seconds: -1 });
    expect(reply).toStrictEqual(refused('c6', 0, text.lockTimeout));
  });

  it('7: of several faults the lock timeout is named first', async () => {
    const request = { name: 'c7', lock_timeout_seconds: -1, wait_timeout_seconds: -1, size: 0 };
    expect(await connect(server.address).lock(request)).toStrictEqual(refused('c7', 0, text.lockTimeout));
  });

  it.each([
    ['8: an empty name is refused', {}, text.name],
    ['9: an empty name is named before a bad size', { size: 0 }, text.name],
    ['10: a bad lock timeout is named before an empty name', { lock_timeout_seconds: -1 }, text.lockTimeout],
  ])('%s', async (_title, faults, message) => {
    for (const method of ['Lock', 'TryLock'] as const) {
      const reply = await connect(server.address).call(method, { name: '', ...faults });
      expect(reply).toStrictEqual(refused('', 0, message));
    }
  });

  it.each([0, -1])('11: size %i is refused', async (size) => {
    for (const method of ['Lock', 'TryLock'] as const) {
      const reply = await connect(server.address).call(method, { name: 'c11', size });
      expect(reply).toStrictEqual(refused('c11', 7, text.size));
    }
  });
});

describe('the size of a lock', () => {
  it('12: size 0 is refused as invalid, not as a mismatch, on a held lock too', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c12' });
    expect(await client.tryLock({ name: 'c12', size: 0 })).toStrictEqual(refused('c12', 7, text.size));
  });

  it('13: another size than that of a held lock is a mismatch', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c13' });
    expect(await client.tryLock({ name: 'c13', size: 2 })).toStrictEqual(refused('c13', 6, text.mismatch));
  });

  it('14: a mismatch is answered at once, also with a wait timeout', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c14' });
    const { result, ms } = await timed(client.lock({ name: 'c14', size: 2, wait_timeout_seconds: 3 }));
    expect(result).toStrictEqual(refused('c14', 6, text.mismatch));
    expect(ms).toBeLessThan(1_500);
  });

  it('15: no size on a held lock of size 2 is a mismatch', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c15', size: 2 });
    expect(await client.tryLock({ name: 'c15' })).toStrictEqual(refused('c15', 6, text.mismatch));
  });

  it('16: size 1 and no size are the same', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c16' });
    expect(await client.tryLock({ name: 'c16', size: 1 })).toStrictEqual(taken('c16'));
  });

  it('17: size 2 has two holders and no third', async () => {
    const clients = [connect(server.address), connect(server.address), connect(server.address)];
    const replies = [];
    for (const client of clients) replies.push(await client.tryLock({ name: 'c17', size: 2 }));
    expect(replies).toStrictEqual([granted('c17'), granted('c17'), taken('c17')]);
    expect(replies[0]!.key).not.toBe(replies[1]!.key);
  });

  it('18: the largest size is accepted', async () => {
    const request = { name: 'c18', size: 2_147_483_647, lock_timeout_seconds: 2_147_483_647 };
    expect(await connect(server.address).lock(request)).toStrictEqual(granted('c18'));
  });
});

describe('one session', () => {
  it('42: locks a lock once: TryLock is not re-entrant', async () => {
    const client = connect(server.address);
    expect(await client.tryLock({ name: 'c42' })).toStrictEqual(granted('c42'));
    expect(await client.tryLock({ name: 'c42' })).toStrictEqual(taken('c42'));
  });

  it('43: waits for itself: Lock is not re-entrant', async () => {
    const client = connect(server.address);
    await client.lock({ name: 'c43' });
    const { result, ms } = await timed(client.lock({ name: 'c43', wait_timeout_seconds: 1 }));
    expect(result).toStrictEqual(refused('c43', 3, text.waited));
    expect(ms).toBeGreaterThanOrEqual(995);
  });
});
