import { expect, it } from 'vitest';
import { LdlmClient } from '../../src/client/index.ts';
import { startPythonLocker } from './python-locker.ts';
import { afterwards, sharedServer } from './server-process.ts';

const server = sharedServer();

/** LDLM's Python client in a process of its own, and ours, on the same locks. */
function openBoth() {
  const { child, call: python } = startPythonLocker(server.address);
  const client = new LdlmClient({ address: server.address });
  afterwards(() => client.close());
  return { python, client, child };
}

it('our client and the Python client exclude each other, and keys work across', async () => {
  const { python, client } = openBoth();
  const lock = await client.lock('shared');
  expect(await python('try_lock', { name: 'shared' })).toMatchObject({ locked: false });
  expect(await python('renew', { name: 'shared', key: lock.key, lock_timeout_seconds: 20 })).toMatchObject({
    locked: true,
  });
  expect(await python('unlock', { name: 'shared', key: lock.key })).toEqual({});
  const theirs = await python('try_lock', { name: 'shared', lock_timeout_seconds: 60 });
  expect(theirs).toMatchObject({ locked: true });
  expect(await client.tryLock('shared')).toBeNull();
  await client.renew('shared', theirs.key!, 20_000);
  await client.unlock('shared', theirs.key!);
  expect(await client.tryLock('shared')).not.toBeNull();
});

it('they wait for each other, and share a size', async () => {
  const { python, client, child } = openBoth();
  const lock = await client.lock('queue');
  const theirs = python('lock', { name: 'queue', wait_timeout_seconds: 20 });
  await lock.unlock();
  expect(await theirs).toMatchObject({ locked: true });
  expect(await python('lock', { name: 'slots', size: 2 })).toMatchObject({ locked: true });
  await client.lock('slots', { size: 2 });
  await expect(client.lock('slots', { size: 3 })).rejects.toMatchObject({ code: 'LDLM_LOCK_SIZE_MISMATCH' });
  const waiting = client.lock('queue', { waitTimeoutMs: 10_000 });
  child.kill('SIGKILL');
  expect((await waiting).locked).toBe(true);
});
