import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { checkEngineOptions, refuseOtherEngine } from '../../src/config/engine-check.ts';
import { optionRows } from '../../src/config/option-table.ts';
import { defaultServerOptions, type ServerOptions } from '../../src/config/server-options.ts';

const defaults = defaultServerOptions();
const check = (options: Partial<ServerOptions>) => checkEngineOptions({ ...defaults, ...options }, defaults);
const zookeeper = { engine: 'zookeeper', zookeeperConnect: 'zk1:2181,zk2:2181/ldlm' } as const;
const tls = {
  zookeeperTlsCaFile: 'ca.pem',
  zookeeperTlsCertFile: 'cert.pem',
  zookeeperTlsKeyFile: 'key.pem',
};

describe('checkEngineOptions', () => {
  it.each<[what: string, options: Partial<ServerOptions>]>([
    ['the defaults', {}],
    ['what only the embedded engine has', { stateFile: 's', shards: 99, lockGcMinIdleMs: 2 }],
    ['an ensemble', zookeeper],
    [
      'all there is to say of it',
      { ...zookeeper, zookeeperAuth: 'digest:u:p', zookeeperAcl: 'creator', ...tls },
    ],
    ['TLS without a certificate', { ...zookeeper, zookeeperTlsCaFile: 'ca.pem' }],
    ['a map of paths', { ...zookeeper, zookeeperPathMap: 'a=/a:rw' }],
  ])('takes %s', (_what, options) => {
    expect(() => check(options)).not.toThrow();
  });

  it.each<[message: string, options: Partial<ServerOptions>]>([
    ['zookeeper_connect needs engine zookeeper', { zookeeperConnect: 'zk:2181' }],
    ['zookeeper_path_map needs engine zookeeper', { zookeeperPathMap: 'a=/a:rw' }],
    ['zookeeper_auth needs engine zookeeper', { zookeeperAuth: 'digest:u:p' }],
    ['zookeeper_tls_ca needs engine zookeeper', { zookeeperTlsCaFile: 'ca.pem' }],
    ['zookeeper_tls_cert needs engine zookeeper', { zookeeperTlsCertFile: 'cert.pem' }],
    ['zookeeper_tls_key needs engine zookeeper', { zookeeperTlsKeyFile: 'key.pem' }],
    ['zookeeper_acl needs engine zookeeper', { zookeeperAcl: 'creator' }],
    ['zookeeper_session_file needs engine zookeeper', { zookeeperSessionFile: 'session' }],
    ['zookeeper_session_timeout needs engine zookeeper', { zookeeperSessionTimeoutMs: 5_000 }],
    ['shards is not available with engine zookeeper: it has no shards', { ...zookeeper, shards: 99 }],
    [
      'shard_stall_limit is not available with engine zookeeper: it has no shards; ' +
        'shard_spin is not available with engine zookeeper: it has no shards',
      { ...zookeeper, shardStallLimitMs: 100, shardSpinMs: 0 },
    ],
    [
      'state_repair is not available with engine zookeeper: ZooKeeper keeps the locks',
      { ...zookeeper, stateRepair: true },
    ],
    [
      'state_file is not available with engine zookeeper: ZooKeeper keeps the locks',
      { ...zookeeper, stateFile: 'state' },
    ],
    [
      'lock_gc_interval is not available with engine zookeeper: ZooKeeper removes the nodes of idle locks',
      { ...zookeeper, lockGcIntervalMs: 1_000 },
    ],
    [
      'lock_gc_min_idle is not available with engine zookeeper: ZooKeeper removes the nodes of idle locks',
      { ...zookeeper, lockGcMinIdleMs: 1_000 },
    ],
    ['engine zookeeper needs zookeeper_connect', { engine: 'zookeeper' }],
    [
      'zookeeper_auth must be of the form scheme:credentials, as digest:user:password',
      { ...zookeeper, zookeeperAuth: 'secret' },
    ],
    [
      'zookeeper_auth must be of the form scheme:credentials, as digest:user:password',
      { ...zookeeper, zookeeperAuth: 'digest:' },
    ],
    ...['digest:foo', 'digest:foo:', 'digest::foo'].map((zookeeperAuth): [string, Partial<ServerOptions>] => [
      'zookeeper_auth must be of the form scheme:credentials, as digest:user:password',
      { ...zookeeper, zookeeperAuth },
    ]),
    [
      'zookeeper_acl creator needs zookeeper_auth: there would be nobody who may use the nodes',
      { ...zookeeper, zookeeperAcl: 'creator' },
    ],
    [
      'zookeeper_tls_cert and zookeeper_tls_key need each other',
      { ...zookeeper, ...tls, zookeeperTlsKeyFile: '' },
    ],
    [
      'zookeeper_tls_cert and zookeeper_tls_key need each other',
      { ...zookeeper, ...tls, zookeeperTlsCertFile: '' },
    ],
    [
      'zookeeper_tls_cert needs zookeeper_tls_ca, which turns TLS on',
      { ...zookeeper, ...tls, zookeeperTlsCaFile: '' },
    ],
    ['zookeeper_path_map names a path for "a" twice', { ...zookeeper, zookeeperPathMap: 'a=/a:rw,a=/b:rw' }],
  ])('says: %s', (message, options) => {
    expect(() => check(options)).toThrow(new ConfigError(message));
  });

  it.each(['zk1:0', ',', 'zk1:2181/a//b'])('refuses the ensemble %j by its own name', (connect) => {
    const options = { ...zookeeper, zookeeperConnect: connect };
    expect(() => check(options)).toThrow(ConfigError);
    expect(() => check(options)).toThrow(/^zookeeper_connect: ./);
  });
});

describe('refuseOtherEngine', () => {
  const embedded = optionRows.filter(({ engine }) => engine === 'embedded').map(({ name }) => name);
  const overZooKeeper = optionRows.filter(({ engine }) => engine === 'zookeeper').map(({ name }) => name);

  it('knows every option of one engine', () => {
    expect(embedded).toEqual([
      ...['shards', 'shard_stall_limit', 'shard_spin', 'lock_gc_interval', 'lock_gc_min_idle'],
      ...['state_file', 'state_sync', 'state_sync_interval', 'state_repair'],
    ]);
    expect(overZooKeeper).toEqual(
      optionRows.map(({ name }) => name).filter((name) => name.startsWith('zookeeper_')),
    );
  });

  it.each(embedded)('refuses %s with ZooKeeper by its name and with a reason', (name) => {
    const given = new Map(Object.entries({ engine: 'zookeeper', [name]: 1 }));
    expect(() => refuseOtherEngine(given)).toThrow(ConfigError);
    expect(() => refuseOtherEngine(given)).toThrow(
      new RegExp(`^${name} is not available with engine zookeeper: (it|ZooKeeper) [a-z ]+$`),
    );
    expect(() => refuseOtherEngine(new Map([[name, 1]]))).not.toThrow();
  });

  it.each(overZooKeeper)('refuses %s with the embedded engine, also where that is named', (name) => {
    const refusal = new ConfigError(`${name} needs engine zookeeper`);
    expect(() => refuseOtherEngine(new Map([[name, 'x']]))).toThrow(refusal);
    expect(() => refuseOtherEngine(new Map(Object.entries({ engine: 'embedded', [name]: 'x' })))).toThrow(
      refusal,
    );
    expect(() =>
      refuseOtherEngine(new Map(Object.entries({ engine: 'zookeeper', [name]: 'x' }))),
    ).not.toThrow();
  });

  it('names all that it refuses, and takes what asks for nothing', () => {
    const values = { zookeeper_connect: '', zookeeper_acl: 'open', zookeeper_tls_key: 'key.pem', shards: 2 };
    expect(() => refuseOtherEngine(new Map(Object.entries(values)))).toThrow(
      new ConfigError('zookeeper_acl needs engine zookeeper; zookeeper_tls_key needs engine zookeeper'),
    );
    const off = { engine: 'zookeeper', state_repair: false, state_file: '' };
    expect(() => refuseOtherEngine(new Map(Object.entries(off)))).not.toThrow();
  });
});
