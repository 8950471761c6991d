import { Limits } from '../base/limits.ts';
import { detectCoreCount } from './core-count.ts';
import { zookeeperOptionRows } from './zookeeper-option-rows.ts';

/** What values an option takes. Ranges include both ends; bytes are those of UTF-8. */
export type OptionKind =
  | { readonly type: 'duration'; readonly minMs: number; readonly maxMs: number }
  | { readonly type: 'uint'; readonly min: number; readonly max: number }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  | { readonly type: 'secret'; readonly bytesMax: number }
  | { readonly type: 'bool' | 'path' | 'address' | 'text' };

/** One option of the server program, in the form that all of its sources share. */
export interface OptionRow {
  /** The long flag, and the key in a configuration file. The environment variable is `LDLM_` and the same in capitals. */
  readonly name: string;
  /** The one-letter flag. */
  readonly short?: string;
  /** The field of `ServerOptions`; absent when the option is of the program, not of the server. */
  readonly field?: string;
  readonly kind: OptionKind;
  /** Taken when no source sets the option, in the same text form. */
  readonly default: string | (() => string);
  /** What help shows in place of a default that depends on the machine. */
  readonly defaultHelp?: string;
  readonly group:
    | 'Server'
    | 'Locks'
    | 'ZooKeeper'
    | 'Connections'
    | 'Administration'
    | 'Security'
    | 'Logging'
    | 'Program';
  readonly help: string;
  /** Beside the command line: `everywhere` (the default), `env` (no key in the file), or `nowhere`. */
  readonly elsewhere?: 'env' | 'nowhere';
  /** Left out of help. */
  readonly hidden?: true;
  /** The only engine to which the option means anything; absent: it does to all. */
  readonly engine?: 'embedded' | 'zookeeper';
}

const hourMs = 3_600_000;

/** The longest time that a timer of Node.js can wait is 2^31 - 1 ms; this is a round number below it. */
const timerMaxMs = 576 * hourMs;

/** For times that are deadlines of the lock table, not timers. Long enough to mean never. */
const deadlineMaxMs = 87_600 * hourMs;

/**
 * Every option. Flags, environment variables, keys of the configuration file, help, templates and checks all
 * come from these rows. Names, short flags, defaults and accepted forms of the ones that LDLM has are LDLM's.
 */
export const optionTable = [
  {
    name: 'listen_address',
    short: 'l',
    field: 'listenAddress',
    kind: { type: 'address' },
    default: 'localhost:3144',
    group: 'Server',
    help: 'Host and port to serve gRPC on; without a host all interfaces',
  },
  {
    name: 'rest_listen_address',
    short: 'r',
    field: 'restListenAddress',
    kind: { type: 'address' },
    default: '',
    group: 'Server',
    help: 'Host and port to serve REST on; empty for no REST',
  },
  {
    name: 'shards',
    field: 'shards',
    kind: { type: 'uint', min: 1, max: 64 },
    default: () => String(Math.max(1, Math.min(16, detectCoreCount() - 1))),
    defaultHelp: 'available cores but one, 1 to 16',
    group: 'Server',
    help: 'Worker threads among which the locks are divided',
    engine: 'embedded',
  },
  {
    name: 'shutdown_grace',
    field: 'shutdownGraceMs',
    kind: { type: 'duration', minMs: 0, maxMs: timerMaxMs },
    default: '5s',
    group: 'Server',
    help: 'How long an orderly stop may take before connections are cut',
  },
  {
    name: 'shard_stall_limit',
    field: 'shardStallLimitMs',
    kind: { type: 'duration', minMs: 100, maxMs: timerMaxMs },
    default: '60s',
    group: 'Server',
    help: 'How long a shard may make no progress before the server exits',
    engine: 'embedded',
  },
  {
    name: 'shard_spin',
    field: 'shardSpinMs',
    kind: { type: 'duration', minMs: 0, maxMs: 10 },
    default: '150us',
    group: 'Server',
    help: 'How long a shard looks for the next request before it sleeps; 0 for never',
    engine: 'embedded',
  },
  {
    name: 'lock_gc_interval',
    short: 'g',
    field: 'lockGcIntervalMs',
    kind: { type: 'duration', minMs: 100, maxMs: deadlineMaxMs },
    default: '30m',
    group: 'Locks',
    help: 'How often idle locks are collected',
    engine: 'embedded',
  },
  {
    name: 'lock_gc_min_idle',
    short: 'm',
    field: 'lockGcMinIdleMs',
    kind: { type: 'duration', minMs: 0, maxMs: deadlineMaxMs },
    default: '5m',
    group: 'Locks',
    help: 'How long a lock must be idle before it is collected',
    engine: 'embedded',
  },
  {
    name: 'no_clear_on_disconnect',
    short: 'n',
    field: 'noClearOnDisconnect',
    kind: { type: 'bool' },
    default: 'false',
    group: 'Locks',
    help: 'Keep the locks of a client that disconnects',
  },
  {
    name: 'state_file',
    short: 's',
    field: 'stateFile',
    kind: { type: 'path' },
    default: '',
    group: 'Locks',
    help: 'File that locks are kept in, so that they survive a restart or a crash',
    engine: 'embedded',
  },
  {
    name: 'state_sync',
    field: 'stateSync',
    kind: { type: 'choice', choices: ['always', 'interval', 'never'] },
    default: 'always',
    group: 'Locks',
    help: 'When the state file is synced: before each reply, at intervals, or never',
    engine: 'embedded',
  },
  {
    name: 'state_sync_interval',
    field: 'stateSyncIntervalMs',
    kind: { type: 'duration', minMs: 1, maxMs: 60_000 },
    default: '50ms',
    group: 'Locks',
    help: 'How long a change may wait to be durable with --state_sync interval',
    engine: 'embedded',
  },
  {
    name: 'state_repair',
    field: 'stateRepair',
    kind: { type: 'bool' },
    default: 'false',
    group: 'Locks',
    help: 'Cut a damaged state file where the damage begins, and keep it aside',
    engine: 'embedded',
  },
  {
    name: 'default_lock_timeout',
    short: 'd',
    field: 'defaultLockTimeoutMs',
    kind: { type: 'duration', minMs: 0, maxMs: deadlineMaxMs },
    default: '10m',
    group: 'Locks',
    help: 'Timeout of a lock loaded from the state file that had none',
  },
  ...zookeeperOptionRows,
  {
    name: 'keepalive_interval',
    short: 'k',
    field: 'keepaliveIntervalMs',
    kind: { type: 'duration', minMs: Number.NEGATIVE_INFINITY, maxMs: timerMaxMs },
    default: '1m',
    group: 'Connections',
    help: 'Ping a client that was silent for so long; raised to 1s, 0 is 2h',
  },
  {
    name: 'keepalive_timeout',
    short: 't',
    field: 'keepaliveTimeoutMs',
    kind: { type: 'duration', minMs: Number.NEGATIVE_INFINITY, maxMs: timerMaxMs },
    default: '10s',
    group: 'Connections',
    help: 'Drop a client that does not answer a ping for so long; 0 is 20s',
  },
  {
    name: 'rest_session_timeout',
    field: 'restSessionTimeoutMs',
    kind: { type: 'duration', minMs: 100, maxMs: timerMaxMs },
    default: '10m',
    group: 'Connections',
    help: 'End a REST session that was idle for so long',
  },
  {
    name: 'ipc_socket_file',
    field: 'ipcSocketFile',
    kind: { type: 'path' },
    default: () => `${process.env['TMPDIR'] || '/tmp'}/ldlm-ipc.sock`,
    defaultHelp: 'ldlm-ipc.sock in TMPDIR or /tmp',
    group: 'Administration',
    help: 'Unix socket that ldlm-lock uses; empty for none',
  },
  {
    name: 'remote_admin',
    field: 'remoteAdmin',
    kind: { type: 'bool' },
    default: 'false',
    group: 'Administration',
    help: 'Serve administration over gRPC and REST too, to those who authenticate',
  },
  {
    name: 'admin_listen_address',
    field: 'adminListenAddress',
    kind: { type: 'address' },
    default: '',
    group: 'Administration',
    help: 'Host and port of metrics, health and dashboard; empty for none',
  },
  {
    name: 'admin_hosts',
    field: 'adminHosts',
    kind: { type: 'text' },
    default: '',
    group: 'Administration',
    help: 'Names by which browsers may reach the admin listener and REST, with commas',
  },
  {
    name: 'warn_held_longer_than',
    field: 'warnHeldLongerThanMs',
    kind: { type: 'duration', minMs: 0, maxMs: deadlineMaxMs },
    default: '0s',
    group: 'Administration',
    help: 'Log a warning for a lock that is held for longer; 0 for none',
  },
  {
    name: 'password',
    field: 'password',
    kind: { type: 'secret', bytesMax: Limits.authorizationBytesMax },
    default: '',
    group: 'Security',
    help: 'Password that clients must send',
  },
  {
    name: 'tls_cert',
    field: 'tlsCertFile',
    kind: { type: 'path' },
    default: '',
    group: 'Security',
    help: 'PEM file with the certificate chain; turns TLS on',
  },
  {
    name: 'tls_key',
    field: 'tlsKeyFile',
    kind: { type: 'path' },
    default: '',
    group: 'Security',
    help: 'PEM file with the private key of the certificate',
  },
  {
    name: 'client_cert_verify',
    field: 'clientCertVerify',
    kind: { type: 'bool' },
    default: 'false',
    group: 'Security',
    help: 'Require and verify client certificates',
  },
  {
    name: 'client_ca',
    field: 'clientCaFile',
    kind: { type: 'path' },
    default: '',
    group: 'Security',
    help: 'PEM file with the CA of client certificates; implies client_cert_verify',
  },
  {
    name: 'log_level',
    short: 'v',
    field: 'logLevel',
    kind: { type: 'choice', choices: ['debug', 'info', 'warn', 'error'] },
    default: 'info',
    group: 'Logging',
    help: 'Least severe level that is logged',
  },
  {
    name: 'log_format',
    field: 'logFormat',
    kind: { type: 'choice', choices: ['json', 'pretty'] },
    default: () => (process.stderr.isTTY ? 'pretty' : 'json'),
    defaultHelp: 'pretty at a terminal, else json',
    group: 'Logging',
    help: 'Form of the log lines',
  },
  {
    name: 'config_file',
    short: 'c',
    kind: { type: 'path' },
    default: '',
    elsewhere: 'env',
    group: 'Program',
    help: 'Configuration file: .json, .yaml or .yml',
  },
  {
    name: 'check_state',
    kind: { type: 'path' },
    default: '',
    elsewhere: 'nowhere',
    group: 'Program',
    help: 'Print what a state file holds, and whether it is sound, and exit',
  },
  {
    name: 'version',
    kind: { type: 'bool' },
    default: 'false',
    elsewhere: 'env',
    group: 'Program',
    help: 'Print the version and exit',
  },
  {
    name: 'help',
    short: 'h',
    kind: { type: 'bool' },
    default: 'false',
    elsewhere: 'nowhere',
    group: 'Program',
    help: 'Print this text and exit',
  },
  {
    name: 'print_env_template',
    kind: { type: 'bool' },
    default: 'false',
    elsewhere: 'nowhere',
    hidden: true,
    group: 'Program',
    help: 'Print all environment variables with their defaults and exit',
  },
  {
    name: 'print_yaml_template',
    kind: { type: 'bool' },
    default: 'false',
    elsewhere: 'nowhere',
    hidden: true,
    group: 'Program',
    help: 'Print a configuration file with the defaults and exit',
  },
] as const satisfies readonly OptionRow[];

/** The value that a kind of option has once it is parsed. */
export type OptionValue = string | number | boolean;

/** Values by the name of their option, as one source gives them. */
export type OptionValues = ReadonlyMap<string, OptionValue>;

/** The rows without the exact types of their constants, for code that treats all rows alike. */
export const optionRows: readonly OptionRow[] = [...optionTable];

const rowsByName: ReadonlyMap<string, OptionRow> = new Map(optionRows.map((row) => [row.name, row]));

/** The name of the environment variable that sets an option. */
export function envNameOf(row: OptionRow): string {
  return `LDLM_${row.name.toUpperCase()}`;
}

/** The row of an option, by the name that flags and files use. */
export function findOption(name: string): OptionRow | undefined {
  return rowsByName.get(name);
}

/** The default in text form, asked of the machine where it depends on it. */
export function defaultTextOf(row: OptionRow): string {
  return typeof row.default === 'string' ? row.default : row.default();
}
