import { describe, expect, it } from 'vitest';
import { pause, text } from './conformance/replies.ts';
import { GoCaller } from './go-caller.ts';
import { sharedServer } from './server-process.ts';
import { mutualTlsFlags, tlsFile, tlsFlags } from './tls-fixture.ts';

const plain = sharedServer();

describe('a client on grpc-go', () => {
  it('locks, is refused and unlocks', async () => {
    const [holder, other] = [new GoCaller(plain.address), new GoCaller(plain.address)];
    const lock = await holder.call('Lock', { name: 'go' });
    expect(lock).toMatchObject({ locked: true, name: 'go', key: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await other.call('TryLock', { name: 'go' })).toStrictEqual({ name: 'go' });
    const { key } = lock;
    expect(await other.call('Unlock', { name: 'go', key })).toStrictEqual({ unlocked: true, name: 'go' });
    expect(await holder.call('Unlock', { name: 'go', key })).toMatchObject({
      error: { code: 'InvalidLockKey', message: text.key },
    });
  });

  it('gives up waiting at its wait timeout', async () => {
    const [holder, waiter] = [new GoCaller(plain.address), new GoCaller(plain.address)];
    await holder.call('Lock', { name: 'go-wait' });
    expect(await waiter.call('Lock', { name: 'go-wait', wait_timeout_seconds: 1 })).toStrictEqual({
      name: 'go-wait',
      error: { code: 'LockWaitTimeout', message: text.waited },
    });
  });

  it.each(['Renew', 'RefreshLock'])('keeps a lock with %s', async (method) => {
    const [holder, other] = [new GoCaller(plain.address), new GoCaller(plain.address)];
    const name = `go-${method}`;
    const { key } = await holder.call('Lock', { name, lock_timeout_seconds: 1 });
    // How long that is certain, only servers over ZooKeeper say.
    const renewed = await holder.call(method, { name, key, lock_timeout_seconds: 3 });
    const { certain_ms: _certainMs, ...renewal } = renewed;
    expect(renewal).toStrictEqual({ locked: true, name, key });
    await pause(1_500);
    expect(await other.call('TryLock', { name })).toStrictEqual({ name });
    await pause(2_000);
    expect(await other.call('TryLock', { name })).toMatchObject({ locked: true });
  });

  it('shares a lock of size 2', async () => {
    const request = { name: 'go-size', size: 2 };
    const callers = [new GoCaller(plain.address), new GoCaller(plain.address), new GoCaller(plain.address)];
    const replies = [];
    for (const caller of callers) replies.push((await caller.call('TryLock', request))['locked'] ?? false);
    expect(replies).toStrictEqual([true, true, false]);
    expect(await callers[0]!.call('TryLock', { name: 'go-size' })).toMatchObject({
      error: { code: 'LockSizeMismatch' },
    });
  });

  it('frees its lock when it dies', async () => {
    const [holder, waiter] = [new GoCaller(plain.address), new GoCaller(plain.address)];
    await holder.call('Lock', { name: 'go-dies' });
    expect(await waiter.call('TryLock', { name: 'go-dies' })).toStrictEqual({ name: 'go-dies' });
    const reply = waiter.call('Lock', { name: 'go-dies', wait_timeout_seconds: 20 });
    await holder.close();
    expect(await reply).toMatchObject({ locked: true });
  });
});

describe('a client on grpc-go with a password', () => {
  const server = sharedServer('--password', 'secret');

  it('is served with the right one only', async () => {
    const call = (flags: readonly string[]) =>
      new GoCaller(server.address, flags).call('Lock', { name: `go-password-${flags.length}` });
    expect(await call(['-password', 'secret'])).toMatchObject({ locked: true });
    expect(await call([])).toStrictEqual({ status: 16, details: 'missing credentials' });
    expect(await call(['-password', 'wrong'])).toStrictEqual({ status: 16, details: 'invalid credentials' });
  });
});

describe('a client on grpc-go with TLS', () => {
  const secure = sharedServer(...tlsFlags);
  const mutual = sharedServer(...mutualTlsFlags);
  const trust = ['-ca', tlsFile('ca.pem')] as const;
  const show = (name: string) =>
    ['-cert', tlsFile(`${name}.pem`), '-key', tlsFile(`${name}-key.pem`)] as const;
  const unavailable = { status: 14 } as const;

  it('verifies the server', async () => {
    const request = { name: 'go-tls' };
    expect(await new GoCaller(secure.address, trust).call('Lock', request)).toMatchObject({ locked: true });
    const stranger = new GoCaller(secure.address, ['-ca', tlsFile('foreign-ca.pem')]);
    expect(await stranger.call('Lock', request)).toMatchObject(unavailable);
    expect(await new GoCaller(secure.address).call('Lock', request)).toMatchObject(unavailable);
  });

  it('is verified by the server', async () => {
    const call = (flags: readonly string[]) =>
      new GoCaller(mutual.address, [...trust, ...flags]).call('Lock', { name: `go-mutual-${flags[1]}` });
    expect(await call(show('client'))).toMatchObject({ locked: true });
    expect(await call(show('foreign-client'))).toMatchObject(unavailable);
    expect(await call([])).toMatchObject(unavailable);
  });
});
