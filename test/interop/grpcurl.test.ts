import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { peers } from './peers.ts';
import { sharedServer } from './server-process.ts';
import { mutualTlsFlags, tlsFile, tlsFlags } from './tls-fixture.ts';

const plain = sharedServer();

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs grpcurl, which learns of services and messages by reflection: no proto file is given to it. */
function grpcurl(...words: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(peers.grpcurl, ['-max-time', '20', ...words], (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Calls a method and returns its reply; default fields are in it. */
async function call(
  flags: readonly string[],
  method: string,
  request: object,
  address: string,
): Promise<unknown> {
  const words = ['-emit-defaults', ...flags, '-d', JSON.stringify(request), address, method];
  const { exitCode, stdout, stderr } = await grpcurl(...words);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

const callPlain = (method: string, request: object) =>
  call(['-plaintext'], `ldlm.LDLM/${method}`, request, plain.address);

describe('grpcurl', () => {
  it('lists the services', async () => {
    const { stdout } = await grpcurl('-plaintext', plain.address, 'list');
    const services = stdout.trim().split('\n');
    expect(services).toEqual(
      expect.arrayContaining(['grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'ldlm.LDLM']),
    );
    const methods = await grpcurl('-plaintext', plain.address, 'list', 'ldlm.LDLM');
    expect(methods.stdout.trim().split('\n').sort()).toStrictEqual(
      ['Lock', 'RefreshLock', 'Renew', 'TryLock', 'Unlock'].map((name) => `ldlm.LDLM.${name}`),
    );
  });

  it('describes services, methods, messages and enums', async () => {
    const describeSymbol = async (...symbol: readonly string[]) =>
      (await grpcurl('-plaintext', plain.address, 'describe', ...symbol)).stdout;
    expect(await describeSymbol()).toContain('service LDLM {');
    expect(await describeSymbol('ldlm.LDLM.Lock')).toContain('.ldlm.LockRequest');
    expect(await describeSymbol('ldlm.LockRequest')).toContain('optional int32 lock_timeout_seconds = 100;');
    expect(await describeSymbol('ldlm.ErrorCode')).toContain('LockSizeMismatch = 6;');
  });

  it('calls every method', async () => {
    const name = 'curled';
    const lock = (await callPlain('Lock', { name, lock_timeout_seconds: 60, holder: 'grpcurl' })) as {
      key: string;
    };
    // The connection that took the lock is gone, and the lock with it.
    expect(lock).toMatchObject({ locked: true, name, fencingToken: expect.stringMatching(/^\d+$/) });
    expect(await callPlain('TryLock', { name })).toMatchObject({ locked: true });
    const { key } = lock;
    for (const method of ['Renew', 'RefreshLock']) {
      expect(await callPlain(method, { name, key, lock_timeout_seconds: 60 })).toMatchObject({
        locked: false,
        error: { code: 'LockDoesNotExistOrInvalidKey' },
      });
    }
    expect(await callPlain('Unlock', { name, key })).toStrictEqual({
      unlocked: false,
      name,
      error: { code: 'InvalidLockKey', message: 'invalid lock key' },
    });
  });

  it('asks for health', async () => {
    for (const service of ['', 'ldlm.LDLM']) {
      const reply = await call(['-plaintext'], 'grpc.health.v1.Health/Check', { service }, plain.address);
      expect(reply).toStrictEqual({ status: 'SERVING' });
    }
    const unknown = [
      '-plaintext',
      '-d',
      '{"service": "no.Such"}',
      plain.address,
      'grpc.health.v1.Health/Check',
    ];
    expect((await grpcurl(...unknown)).stderr).toContain('NotFound');
  });
});

describe('grpcurl with a password', () => {
  const server = sharedServer('--password', 'secret');

  it('is served with the right one only, but for health', async () => {
    const guarded = (...flags: readonly string[]) =>
      grpcurl('-plaintext', ...flags, '-d', '{"name": "a"}', server.address, 'ldlm.LDLM/Lock');
    const good = await guarded('-H', 'authorization: secret');
    expect(good.stdout, good.stderr).toContain('"locked": true');
    // Reflection is refused as well, so grpcurl does not come as far as the call.
    expect((await guarded()).stderr).toContain('missing credentials');
    expect((await guarded('-H', 'authorization: wrong')).stderr).toContain('invalid credentials');
  });
});

describe('grpcurl with TLS', () => {
  const secure = sharedServer(...tlsFlags);
  const mutual = sharedServer(...mutualTlsFlags);
  const trust = ['-cacert', tlsFile('ca.pem')] as const;

  it('verifies the server', async () => {
    const { address } = secure;
    expect(await call(trust, 'ldlm.LDLM/Lock', { name: 'a' }, address)).toMatchObject({ locked: true });
    const stranger = ['-cacert', tlsFile('foreign-ca.pem'), address, 'list'];
    expect((await grpcurl(...stranger)).exitCode).not.toBe(0);
  });

  it('is verified by the server', async () => {
    const { address } = mutual;
    const show = ['-cert', tlsFile('client.pem'), '-key', tlsFile('client-key.pem')];
    expect(await call([...trust, ...show], 'ldlm.LDLM/Lock', { name: 'a' }, address)).toMatchObject({
      locked: true,
    });
    expect((await grpcurl(...trust, address, 'list')).exitCode).not.toBe(0);
  });
});
