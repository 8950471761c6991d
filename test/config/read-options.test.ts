import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { type Environment, readEnv } from '../../src/config/read-env.ts';
import { readFlags } from '../../src/config/read-flags.ts';
import { readOptions } from '../../src/config/read-options.ts';
import { defaultServerOptions } from '../../src/config/server-options.ts';
import { writeScratchFile } from './scratch-file.ts';

const read = (argv: readonly string[], env: Environment) => readOptions(readFlags(argv), readEnv(env));

describe('readOptions', () => {
  it('gives the defaults when nothing is set', () => {
    expect(read([], {})).toStrictEqual(defaultServerOptions());
  });

  it('puts flags before the environment, that before the file, that before the defaults', () => {
    const file = writeScratchFile('a.yaml', 'shards: 2\npassword: file\nlock_gc_interval: 2s\n');
    const env = { LDLM_SHARDS: '3', LDLM_PASSWORD: 'env', LDLM_CONFIG_FILE: file };
    expect(read(['--shards', '4'], env)).toStrictEqual({
      ...defaultServerOptions(),
      shards: 4,
      password: 'env',
      lockGcIntervalMs: 2_000,
    });
  });

  it('lets a flag set false what the environment sets true', () => {
    expect(read(['-n=false'], { LDLM_NO_CLEAR_ON_DISCONNECT: '1' }).noClearOnDisconnect).toBe(false);
  });

  it('lets an empty value in a source override the ones after it', () => {
    const file = writeScratchFile('a.yaml', 'password: file\n');
    expect(read(['--password', ''], { LDLM_CONFIG_FILE: file }).password).toBe('');
  });

  it('reads the file that a flag names in place of the one in the environment', () => {
    const file = writeScratchFile('a.json', '{"shards": 5}');
    expect(read(['-c', file], { LDLM_CONFIG_FILE: '/nowhere.yaml' }).shards).toBe(5);
    expect(read(['-c', ''], { LDLM_CONFIG_FILE: '/nowhere.yaml' }).password).toBe('');
  });

  it('refuses a mistake in a source that another overrides', () => {
    const file = writeScratchFile('a.yaml', 'shards: x\n');
    expect(() => read(['-c', file, '--shards', '2'], {})).toThrow(ConfigError);
  });

  const file = (text: string) => ({ LDLM_CONFIG_FILE: writeScratchFile('engine.yaml', text) });
  const ensemble = ['--engine', 'zookeeper', '--zookeeper_connect', 'zk1:2181'];

  it.each<[source: string, argv: readonly string[], env: () => Environment]>([
    ['a flag', [...ensemble, '--shard_spin', '150us'], () => ({})],
    ['the environment', ensemble, () => ({ LDLM_SHARD_SPIN: '150us' })],
    ['the file', ensemble, () => file('shard_spin: 150us\n')],
  ])('refuses in %s what the engine does not know, though it is the default', (_source, argv, env) => {
    expect(() => read(argv, env())).toThrow(
      new ConfigError('shard_spin is not available with engine zookeeper: it has no shards'),
    );
  });

  it.each<[source: string, argv: readonly string[], env: () => Environment]>([
    ['a flag', ['--zookeeper_session_timeout', '10s'], () => ({})],
    ['the environment', [], () => ({ LDLM_ZOOKEEPER_SESSION_TIMEOUT: '10s' })],
    ['the file', [], () => file('zookeeper_session_timeout: 10s\n')],
  ])('refuses in %s what needs an ensemble, though it is the default', (_source, argv, env) => {
    expect(() => read(argv, env())).toThrow(
      new ConfigError('zookeeper_session_timeout needs engine zookeeper'),
    );
  });

  it('takes the engine from where it counts', () => {
    const env = file('engine: zookeeper\nzookeeper_connect: zk1:2181\n');
    expect(read([], env)).toStrictEqual({
      ...defaultServerOptions(),
      engine: 'zookeeper',
      zookeeperConnect: 'zk1:2181',
    });
    expect(() => read(['--engine', 'embedded'], env)).toThrow(
      new ConfigError('zookeeper_connect needs engine zookeeper'),
    );
    expect(read(['--engine', 'embedded', '--zookeeper_connect', ''], env)).toStrictEqual(
      defaultServerOptions(),
    );
  });
});
