import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../clients/lock-client.ts';
import { connectRaw, replyOn, sendCall } from '../raw-calls.ts';
import { afterwards, connect, launch, runToEnd } from '../server-process.ts';
import { enqueue, granted, pause, taken } from './replies.ts';

function writeConfig(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-config-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('91: the sources of options', () => {
  const yaml = 'password: file\n';

  it.each([
    ['the flag over the environment and the file', ['--password', 'flag'], { LDLM_PASSWORD: 'env' }, 'flag'],
    ['the environment over the file', [], { LDLM_PASSWORD: 'env' }, 'env'],
    ['the file over the default', [], {}, 'file'],
    ['the file over an empty variable', [], { LDLM_PASSWORD: '' }, 'file'],
  ])('put %s', async (_title, flags, env, password) => {
    const { address } = await launch(['--config_file', writeConfig('a.yaml', yaml), ...flags], env);
    expect(await connect(address, { password }).lock({ name: 'c91' })).toStrictEqual(granted('c91'));
    const denied = await statusOf(connect(address, { password: `not ${password}` }).lock({ name: 'c91' }));
    expect(denied.code).toBe(status.UNAUTHENTICATED);
  });

  it('take the path of the file from the environment too, and nested keys in it', async () => {
    const path = writeConfig('a.JSON', '{"no": {"clear": {"on": {"disconnect": true}}}, "password": "file"}');
    const { address } = await launch([], { LDLM_CONFIG_FILE: path });
    const holder = connect(address, { password: 'file' });
    await holder.lock({ name: 'c91' });
    holder.close();
    await pause(300);
    expect(await connect(address, { password: 'file' }).tryLock({ name: 'c91' })).toStrictEqual(taken('c91'));
  });
});

describe('92: a start that fails', () => {
  it.each([
    ['a.yaml', 'bogus: 1\n', /unknown configuration file field: bogus/],
    ['a.yaml', 'shards: many\n', /unable to set value for shards: /],
    ['a.json', '{"shards": ', /error parsing config file: /],
    [
      'a.toml',
      'shards = 1\n',
      /unsupported config file type: .*a\.toml\. Supported file types are \.json, \.yml, \.yaml/,
    ],
  ])('names what is wrong in %s with %j', async (name, content, reason) => {
    const { exitCode, stderr } = await runToEnd(['-c', writeConfig(name, content)]);
    expect(stderr).toMatch(/^error parsing configuration: /);
    expect(stderr).toMatch(reason);
    expect(exitCode).toBe(2);
  });

  it('names a file that is missing', async () => {
    const { exitCode, stderr } = await runToEnd(['-c', '/no/such.yaml']);
    expect(stderr.trimEnd()).toBe(
      'error parsing configuration: error reading config file /no/such.yaml: open /no/such.yaml: no such file or directory',
    );
    expect(exitCode).toBe(2);
  });

  it('names a bad variable', async () => {
    const { exitCode, stderr } = await runToEnd([], { LDLM_SHARDS: 'abc' });
    expect(stderr).toBe(
      'error parsing configuration: setFromEnv(): error setting value of field Shards: ' +
        'strconv.ParseUint: parsing "abc": invalid syntax\n',
    );
    expect(exitCode).toBe(2);
  });
});

describe('93: a command line that cannot be used', () => {
  it.each([
    [['--nope'], 'unknown flag: --nope'],
    [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
    [
      ['-k', '5'],
      'invalid argument "5" for "-k, --keepalive_interval" flag: time: missing unit in duration "5"',
    ],
  ])('exits 2 at %j', async (flags, reason) => {
    const { exitCode, stdout, stderr } = await runToEnd(flags);
    expect(stderr.split('\n')[0]).toBe(reason);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

describe('94: an address that is taken', () => {
  it('is named, and exits 1', async () => {
    const { address } = await launch();
    const { exitCode, stderr } = await runToEnd(['-l', address]);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      `net.Run() error starting server: listen tcp ${address}: bind: address already in use`,
    );
    expect(exitCode).toBe(1);
  });
});

describe('96: a stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)(
    'by %s ends waiters with UNAVAILABLE and exits 0',
    async (signal) => {
      const { server, address } = await launch();
      await connect(address).lock({ name: 'c96' });
      const { reply } = await enqueue(connect(address), { name: 'c96' });
      server.signal(signal);
      expect((await statusOf(reply)).code).toBe(status.UNAVAILABLE);
      expect((await server.end).exitCode).toBe(0);
    },
  );

  it('still serves Unlock, but grants nothing more', async () => {
    const { server, address } = await launch(['--shutdown_grace', '5s']);
    const goAway = 7;
    // A peer that does not answer the PING behind the GOAWAY may go on for as long as the grace period lasts.
    const peer = await connectRaw(address);
    sendCall(peer, 1, 'Lock', 'c96');
    const key = /[0-9a-f-]{36}/.exec((await replyOn(peer, 1)).toString('latin1'))![0];
    server.signal('SIGTERM');
    await peer.frame((frame) => frame.type === goAway);
    sendCall(peer, 3, 'Unlock', 'c96', key);
    expect((await replyOn(peer, 3)).toString('latin1')).toBe('\x08\x01\x12\x03c96');
    sendCall(peer, 5, 'TryLock', 'c96');
    const trailers = await peer.frame((frame) => frame.type === 1 && frame.streamId === 5);
    expect(trailers.payload.toString('latin1')).toContain('14');
    peer.socket.end();
    expect((await server.end).exitCode).toBe(0);
  });

  it('comes at once with a second signal', async () => {
    const { server, address } = await launch(['--shutdown_grace', '60s']);
    const peer = await connectRaw(address);
    sendCall(peer, 1, 'Lock', 'c96');
    await replyOn(peer, 1);
    server.signal('SIGTERM');
    await peer.frame((frame) => frame.type === 7);
    server.signal('SIGTERM');
    expect((await server.end).exitCode).toBe(143);
  });
});
