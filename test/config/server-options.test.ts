import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { ListenAddressError } from '../../src/config/listen-address.ts';
import { checkServerOptions, defaultServerOptions } from '../../src/config/server-options.ts';

describe('defaultServerOptions', () => {
  it('has the defaults of LDLM', () => {
    const { shards, logFormat, ipcSocketFile, ...rest } = defaultServerOptions();
    expect(rest).toStrictEqual({
      listenAddress: 'localhost:3144',
      restListenAddress: '',
      restSessionTimeoutMs: 600_000,
      remoteAdmin: false,
      adminListenAddress: '',
      adminHosts: '',
      warnHeldLongerThanMs: 0,
      shutdownGraceMs: 5_000,
      shardStallLimitMs: 60_000,
      shardSpinMs: 0.15,
      lockGcIntervalMs: 1_800_000,
      lockGcMinIdleMs: 300_000,
      noClearOnDisconnect: false,
      stateFile: '',
      stateSync: 'always',
      stateSyncIntervalMs: 50,
      stateRepair: false,
      defaultLockTimeoutMs: 600_000,
      engine: 'embedded',
      zookeeperConnect: '',
      zookeeperSessionTimeoutMs: 10_000,
      zookeeperSessionFile: '',
      zookeeperPathMap: '',
      zookeeperAuth: '',
      zookeeperAcl: 'open',
      zookeeperTlsCaFile: '',
      zookeeperTlsCertFile: '',
      zookeeperTlsKeyFile: '',
      keepaliveIntervalMs: 60_000,
      keepaliveTimeoutMs: 10_000,
      password: '',
      tlsCertFile: '',
      tlsKeyFile: '',
      clientCertVerify: false,
      clientCaFile: '',
      logLevel: 'info',
    });
    expect(ipcSocketFile).toMatch(/\/ldlm-ipc\.sock$/);
    expect(shards).toBeGreaterThanOrEqual(1);
    expect(shards).toBeLessThanOrEqual(16);
    expect(logFormat).toBe(process.stderr.isTTY ? 'pretty' : 'json');
  });
});

describe('checkServerOptions', () => {
  it('keeps what is given and fills the rest', () => {
    const options = checkServerOptions({ shards: 3, password: 'secret', listenAddress: ':0' });
    expect(options).toStrictEqual({
      ...defaultServerOptions(),
      shards: 3,
      password: 'secret',
      listenAddress: ':0',
    });
  });

  it('accepts what it returned', () => {
    const options = checkServerOptions({ keepaliveIntervalMs: 0, keepaliveTimeoutMs: -1, shards: 1 });
    expect(checkServerOptions(options)).toStrictEqual(options);
  });

  it.each([
    [-1_000, 7_200_000],
    [0, 7_200_000],
    [0.5, 1_000],
    [999, 1_000],
    [1_000, 1_000],
    [2_500, 2_500],
  ])('makes a keepalive interval of %d ms one of %d ms', (given, effective) => {
    expect(checkServerOptions({ keepaliveIntervalMs: given }).keepaliveIntervalMs).toBe(effective);
  });

  it.each([
    [-1_000, 20_000],
    [0, 20_000],
    [1, 1],
  ])('makes a keepalive timeout of %d ms one of %d ms', (given, effective) => {
    expect(checkServerOptions({ keepaliveTimeoutMs: given }).keepaliveTimeoutMs).toBe(effective);
  });

  it('names option, range and value', () => {
    const message = 'shards must be a whole number between 1 and 64, got 0';
    expect(() => checkServerOptions({ shards: 0 })).toThrow(new ConfigError(message));
  });

  it('refuses an unknown field', () => {
    const options = { shards: 2, shard: 2 };
    const message = 'unknown server option: shard (did you mean shards?)';
    expect(() => checkServerOptions(options)).toThrow(new ConfigError(message));
  });

  it('serves administration to clients only where they have to authenticate', () => {
    const remoteAdmin = true;
    expect(() => checkServerOptions({ remoteAdmin })).toThrow(
      new ConfigError(
        'remote_admin needs password, client_cert_verify or client_ca: ' +
          'without any of them anybody could release locks',
      ),
    );
    for (const guard of [{ password: 'x' }, { clientCertVerify: true }, { clientCaFile: 'ca.pem' }]) {
      expect(checkServerOptions({ remoteAdmin, ...guard }).remoteAdmin).toBe(true);
    }
  });

  it('refuses an address that names no place', () => {
    const reason = 'address nocolon: missing port in address';
    expect(() => checkServerOptions({ listenAddress: 'nocolon' })).toThrow(new ListenAddressError(reason));
  });
});
