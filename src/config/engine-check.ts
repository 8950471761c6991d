import { parseConnectString } from '../zookeeper/connect-string.ts';
import { ConfigError } from './config-error.ts';
import { parsePathMap } from './path-map.ts';
import type { ServerOptions } from './server-options.ts';

/** What only the embedded engine has, and what stands for it with ZooKeeper. */
const EMBEDDED_ONLY = {
  stateFile: ['state_file', 'ZooKeeper keeps the locks'],
  lockGcIntervalMs: ['lock_gc_interval', 'ZooKeeper removes the nodes of idle locks'],
  lockGcMinIdleMs: ['lock_gc_min_idle', 'ZooKeeper removes the nodes of idle locks'],
} as const satisfies Partial<Record<keyof ServerOptions, readonly [name: string, why: string]>>;

const ZOOKEEPER_ONLY = {
  zookeeperConnect: 'zookeeper_connect',
  zookeeperSessionFile: 'zookeeper_session_file',
  zookeeperPathMap: 'zookeeper_path_map',
  zookeeperAuth: 'zookeeper_auth',
  zookeeperTlsCaFile: 'zookeeper_tls_ca',
  zookeeperTlsCertFile: 'zookeeper_tls_cert',
} as const satisfies Partial<Record<keyof ServerOptions, string>>;

type EngineOptions = Pick<
  ServerOptions,
  'engine' | 'zookeeperAcl' | 'zookeeperTlsKeyFile' | keyof typeof EMBEDDED_ONLY | keyof typeof ZOOKEEPER_ONLY
>;

/**
 * Refuses options by which locks would be kept or found in a way that the engine does not have, rather than to leave somebody in
 * that belief. Options of the embedded engine's threads mean nothing to the other one, and do no harm.
 *
 * @param defaults the same options where nobody has said anything
 * @throws ConfigError
 */
export function checkEngineOptions(options: EngineOptions, defaults: EngineOptions): void {
  if (options.engine === 'embedded') {
    for (const field of Object.keys(ZOOKEEPER_ONLY) as (keyof typeof ZOOKEEPER_ONLY)[]) {
      if (options[field] !== '') throw new ConfigError(`${ZOOKEEPER_ONLY[field]} needs engine zookeeper`);
    }
    return;
  }
  for (const field of Object.keys(EMBEDDED_ONLY) as (keyof typeof EMBEDDED_ONLY)[]) {
    const [name, why] = EMBEDDED_ONLY[field];
    if (options[field] !== defaults[field])
      throw new ConfigError(`${name} is not available with engine zookeeper: ${why}`);
  }
  checkEnsemble(options);
  parsePathMap(options.zookeeperPathMap);
}

function checkEnsemble(options: EngineOptions): void {
  const { zookeeperConnect, zookeeperAuth, zookeeperAcl } = options;
  if (zookeeperConnect === '') throw new ConfigError('engine zookeeper needs zookeeper_connect');
  try {
    parseConnectString(zookeeperConnect);
  } catch (error) {
    throw new ConfigError(`zookeeper_connect: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (zookeeperAuth !== '' && !/^\w+:./.test(zookeeperAuth))
    throw new ConfigError('zookeeper_auth must be of the form scheme:credentials, as digest:user:password');
  if (zookeeperAcl === 'creator' && zookeeperAuth === '')
    throw new ConfigError(
      'zookeeper_acl creator needs zookeeper_auth: there would be nobody who may use the nodes',
    );
  if ((options.zookeeperTlsCertFile === '') !== (options.zookeeperTlsKeyFile === ''))
    throw new ConfigError('zookeeper_tls_cert and zookeeper_tls_key need each other');
  if (options.zookeeperTlsCertFile !== '' && options.zookeeperTlsCaFile === '')
    throw new ConfigError('zookeeper_tls_cert needs zookeeper_tls_ca, which turns TLS on');
}
