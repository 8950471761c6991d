import { describe, expect, it } from 'vitest';
import type { LockClient } from '../../clients/lock-client.ts';
import { connect, sharedServer } from '../server-process.ts';
import { granted, notUnlocked, pause, refused, taken, text, timed } from './replies.ts';

const lazy = sharedServer();
const eager = sharedServer('--lock_gc_interval', '200ms', '--lock_gc_min_idle', '1500ms');

/** Leaves a lock of size 1 idle, and returns the key that it had. */
async function leaveIdle(client: LockClient, name: string): Promise<string> {
  const { key } = await client.lock({ name });
  await client.unlock(name, key);
  return key;
}

/** Asks for the lock with size 2 until that is accepted, which takes a collection. */
async function lockWithNewSize(client: LockClient, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const reply = await client.tryLock({ name, size: 2 });
    if (reply.locked) return;
    expect(reply).toStrictEqual(refused(name, 6, text.mismatch));
    await pause(100);
  }
  throw new Error('the lock was not collected');
}

describe('the collection of idle locks', () => {
  it('19: an idle lock keeps its size until it is collected', async () => {
    const client = connect(lazy.address);
    await leaveIdle(client, 'c19');
    expect(await client.tryLock({ name: 'c19', size: 2 })).toStrictEqual(refused('c19', 6, text.mismatch));
  });

  it('20: a collected lock takes any size', async () => {
    const client = connect(eager.address);
    await leaveIdle(client, 'c20');
    await pause(2_500);
    expect(await client.tryLock({ name: 'c20', size: 2 })).toStrictEqual(granted('c20'));
  });

  it('21: a held lock is never collected', async () => {
    const client = connect(eager.address);
    await client.lock({ name: 'c21' });
    await pause(2_600);
    expect(await client.tryLock({ name: 'c21', size: 2 })).toStrictEqual(refused('c21', 6, text.mismatch));
    expect(await client.tryLock({ name: 'c21' })).toStrictEqual(taken('c21'));
  });

  it('22: attempts with another size do not postpone collection', async () => {
    const client = connect(eager.address);
    await leaveIdle(client, 'c22');
    const { ms } = await timed(lockWithNewSize(client, 'c22'));
    expect(ms).toBeGreaterThanOrEqual(1_400);
    expect(ms).toBeLessThan(5_000);
  });

  it('23: attempts to unlock with a wrong key postpone collection', async () => {
    const client = connect(eager.address);
    await leaveIdle(client, 'c23');
    for (let attempt = 0; attempt < 15; attempt++) {
      expect(await client.unlock('c23', 'wrong')).toStrictEqual(notUnlocked('c23', 2, text.key));
      await pause(200);
    }
    expect(await client.tryLock({ name: 'c23', size: 2 })).toStrictEqual(refused('c23', 6, text.mismatch));
  });

  it('28: the old key of a collected lock meets no lock', async () => {
    const client = connect(eager.address);
    const key = await leaveIdle(client, 'c28');
    await pause(2_500);
    expect(await client.unlock('c28', key)).toStrictEqual(notUnlocked('c28', 1, text.unknownName));
  });
});
