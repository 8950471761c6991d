import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { readEnv } from '../../src/config/read-env.ts';

describe('readEnv', () => {
  it('reads variables by the names of the options', () => {
    const env = {
      LDLM_SHARDS: '3',
      LDLM_NO_CLEAR_ON_DISCONNECT: 'T',
      LDLM_CONFIG_FILE: '/etc/ldlm.yaml',
      LDLM_KEEPALIVE_TIMEOUT: '1.5s',
      HOME: '/root',
    };
    expect(Object.fromEntries(readEnv(env))).toStrictEqual({
      shards: 3,
      no_clear_on_disconnect: true,
      config_file: '/etc/ldlm.yaml',
      keepalive_timeout: 1_500,
    });
  });

  it('takes an empty variable as unset', () => {
    expect(readEnv({ LDLM_LISTEN_ADDRESS: '', LDLM_SHARDS: '', LDLM_STATE_FILE: '' }).size).toBe(0);
  });

  it('has no variables for flags that only print', () => {
    expect(readEnv({ LDLM_HELP: '1', LDLM_PRINT_ENV_TEMPLATE: '1' }).size).toBe(0);
  });

  it('passes over what others set', () => {
    expect(readEnv({ LDLM_PORT: 'tcp://10.0.0.1:3144', LDLM_SERVICE_HOST: '10.0.0.1' }).size).toBe(0);
  });

  it.each([
    [
      'LDLM_SHARDS',
      'abc',
      'setFromEnv(): error setting value of field Shards: strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'LDLM_LOCK_GC_INTERVAL',
      '5',
      'setFromEnv(): error setting value of field LockGcInterval: time: missing unit in duration "5"',
    ],
    [
      'LDLM_CLIENT_CERT_VERIFY',
      'yes',
      'setFromEnv(): error setting value of field ClientCertVerify: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    ['LDLM_LOG_LEVEL', 'INFO', 'log_level must be one of debug, info, warn, error'],
  ])('refuses %s=%s', (variable, text, message) => {
    expect(() => readEnv({ [variable]: text })).toThrow(new ConfigError(message));
  });
});
