import { describe, expect, it } from 'vitest';
import { CommandFailure } from '../../../src/cli/lock/command-failure.ts';
import { findTarget } from '../../../src/cli/lock/lock-target.ts';
import { readLockWords } from '../../../src/cli/lock/read-lock-words.ts';
import type { Environment } from '../../../src/config/read-env.ts';
import { UsageError } from '../../../src/config/usage-error.ts';
import { writeScratchFile } from '../../config/scratch-file.ts';

const target = (argv: readonly string[], env: Environment = {}) =>
  findTarget(readLockWords(['list', ...argv]).flags, env);

describe('the socket', () => {
  it('is the one of the flag, else of the environment, else the default', () => {
    const path = writeScratchFile('a.sock', '');
    const env = { LDLM_IPC_SOCKET_FILE: '/from/env' };
    expect(target(['-s', path], env)).toEqual({ kind: 'socket', path });
    expect(target([], env)).toEqual({ kind: 'socket', path: '/from/env' });
    const byDefault = { kind: 'socket', path: `${process.env['TMPDIR'] || '/tmp'}/ldlm-ipc.sock` };
    expect(target([])).toEqual(byDefault);
    expect(target([], { LDLM_IPC_SOCKET_FILE: '' })).toEqual(byDefault);
  });

  it('of the flag must be there', () => {
    const message = '--socket: stat /no/such.sock: no such file or directory';
    expect(() => target(['-s', '/no/such.sock'])).toThrow(new UsageError(message));
  });

  it('is not used together with flags for an address', () => {
    expect(() => target(['--tls'])).toThrow(new UsageError('--tls needs --address'));
    expect(() => target(['--password', 'x'])).toThrow(new UsageError('--password needs --address'));
    expect(() => target(['-s', '/dev/null', '--address', 'a:1'])).toThrow(
      new UsageError("--socket and --address can't be used together"),
    );
    expect(target(['--tls=false'], { LDLM_IPC_SOCKET_FILE: '/a' })).toEqual({ kind: 'socket', path: '/a' });
  });
});

describe('an address', () => {
  const address = ['--address', 'host:3144'];

  it('has neither TLS nor a password unless they are named', () => {
    expect(target(address)).toEqual({ kind: 'address', address: 'host:3144', tls: null, password: '' });
  });

  it('is a host and a port', () => {
    for (const text of ['host:1', '10.0.0.7:65535', '[::1]:3144', 'a.example:3144']) {
      expect(target(['--address', text])).toMatchObject({ address: text });
    }
    for (const text of [
      'foo',
      ':3144',
      'foo:',
      'foo:0',
      'foo:65536',
      'foo:x',
      '::1:3144',
      'unix:/a:1',
      'dns:///a:1',
    ]) {
      expect(() => target(['--address', text])).toThrow(
        new UsageError(`--address: address must be host:port, got "${text}"`),
      );
    }
  });

  it('may be several, each of them one, and none of them twice', () => {
    for (const text of ['a:1,[::1]:2,b:1', 'a:1, b:1 , c:1'])
      expect(target(['--address', text])).toMatchObject({ address: text });
    for (const [text, wrong] of Object.entries({ 'a:1,': '', 'a:1,b': 'b', ',a:1': '', ' a:1,b:1': ' a:1' }))
      expect(() => target(['--address', text])).toThrow(
        new UsageError(`--address: address must be host:port, got "${wrong}"`),
      );
    expect(() => target(['--address', 'a:1,b:1,a:1'])).toThrow(new UsageError('--address names a:1 twice'));
  });

  it('has TLS as soon as a flag speaks of it', () => {
    const none = { ca: null, cert: null, key: null, serverName: '', skipVerify: false };
    expect(target([...address, '--tls'])).toMatchObject({ tls: none });
    expect(target([...address, '--server_name', 'x'])).toMatchObject({ tls: { ...none, serverName: 'x' } });
    expect(target([...address, '--skip_verify'])).toMatchObject({ tls: { ...none, skipVerify: true } });
    const file = writeScratchFile('a.pem', 'pem');
    const pem = Buffer.from('pem');
    expect(target([...address, '--ca', file])).toMatchObject({ tls: { ...none, ca: pem } });
    expect(target([...address, '--cert', file, '--key', file])).toMatchObject({
      tls: { cert: pem, key: pem },
    });
  });

  it('needs certificate and key together, and files that are there', () => {
    const file = writeScratchFile('a.pem', 'pem');
    expect(() => target([...address, '--cert', file])).toThrow(UsageError);
    expect(() => target([...address, '--ca', '/no/such.pem'])).toThrow(
      new CommandFailure('--ca: open /no/such.pem: no such file or directory'),
    );
  });

  it('takes the password from the flag, or a file, or the environment', () => {
    const env = { LDLM_PASSWORD: 'from env' };
    const file = writeScratchFile('password', 'from file\r\nnot this');
    expect(target(address, env)).toMatchObject({ password: 'from env' });
    expect(target([...address, '--password', 'from flag'], env)).toMatchObject({ password: 'from flag' });
    expect(target([...address, '--password_file', file], env)).toMatchObject({ password: 'from file' });
    expect(() => target([...address, '--password', 'x', '--password_file', file])).toThrow(UsageError);
    expect(() => target([...address, '--password', 'geheim ñ'])).toThrow(
      new CommandFailure('a password can be sent only if all of it is printable ASCII'),
    );
  });
});
