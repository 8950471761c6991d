import { parseConnectString } from '../zookeeper/connect-string.ts';
import { ConfigError } from './config-error.ts';
import { type OptionRow, type OptionValue, type OptionValues, optionRows } from './option-table.ts';
import { parsePathMap } from './path-map.ts';
import type { ServerOptions } from './server-options.ts';

const NO_SHARDS = 'it has no shards';
const ZOOKEEPER_KEEPS = 'ZooKeeper keeps the locks';
const ZOOKEEPER_REMOVES = 'ZooKeeper removes the nodes of idle locks';

/** What stands with ZooKeeper for what only the embedded engine has, by the option's name. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['shards', NO_SHARDS],
  ['shard_stall_limit', NO_SHARDS],
  ['shard_spin', NO_SHARDS],
  ['lock_gc_interval', ZOOKEEPER_REMOVES],
  ['lock_gc_min_idle', ZOOKEEPER_REMOVES],
  ['state_file', ZOOKEEPER_KEEPS],
  ['state_sync', ZOOKEEPER_KEEPS],
  ['state_sync_interval', ZOOKEEPER_KEEPS],
  ['state_repair', ZOOKEEPER_KEEPS],
]);

/**
 * Refuses options by which locks would be kept, found or served in a way that the engine does not have, and an ensemble that cannot
 * be used. Here a value that is the default one counts as not given.
 *
 * @param defaults the same options where nobody has said anything
 * @throws ConfigError
 */
export function checkEngineOptions(options: ServerOptions, defaults: ServerOptions): void {
  const values: ReadonlyMap<string, OptionValue> = new Map(Object.entries(options));
  const usual: ReadonlyMap<string, OptionValue> = new Map(Object.entries(defaults));
  const changed = optionRows.flatMap(({ name, field = '' }) => {
    const value = values.get(field);
    return value === undefined || value === usual.get(field) ? [] : [[name, value] as const];
  });
  refuseOtherEngine(new Map(changed));
  if (options.engine === 'embedded') return;
  checkEnsemble(options);
  parsePathMap(options.zookeeperPathMap);
}

/**
 * Refuses what is said to an engine that is not there, rather than to leave somebody in the belief that it has been heard. A text
 * that is empty and a switch that is off ask for nothing.
 *
 * @param given what somebody has said, by the names of the options
 * @throws ConfigError naming all that is refused
 */
export function refuseOtherEngine(given: OptionValues): void {
  const engine = given.get('engine') ?? 'embedded';
  const refused = optionRows.filter((row) => {
    const value = given.get(row.name) ?? '';
    return row.engine !== undefined && row.engine !== engine && value !== '' && value !== false;
  });
  if (refused.length > 0) throw new ConfigError(refused.map(explain).join('; '));
}

function explain({ name, engine }: OptionRow): string {
  if (engine === 'zookeeper') return `${name} needs engine zookeeper`;
  return `${name} is not available with engine zookeeper: ${INSTEAD.get(name)}`;
}

function checkEnsemble(options: ServerOptions): void {
  const { zookeeperConnect, zookeeperAuth, zookeeperAcl } = options;
  if (zookeeperConnect === '') throw new ConfigError('engine zookeeper needs zookeeper_connect');
  try {
    parseConnectString(zookeeperConnect);
  } catch (error) {
    throw new ConfigError(`zookeeper_connect: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (zookeeperAuth !== '' && !/^(?!digest:)\w+:.|^digest:[^:]+:./.test(zookeeperAuth))
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
