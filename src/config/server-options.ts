import { ConfigError } from './config-error.ts';
import { checkEngineOptions } from './engine-check.ts';
import { parseListenAddress } from './listen-address.ts';
import {
  defaultTextOf,
  type OptionRow,
  type OptionValue,
  optionRows,
  type optionTable,
} from './option-table.ts';
import { checkOptionValue, parseOptionValue } from './option-value.ts';
import { suggestName } from './suggestion.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
type StateSync = 'always' | 'interval' | 'never';
type EngineKind = 'embedded' | 'zookeeper';
export type LogFormat = 'json' | 'pretty';

/** What can be set about a server. Strings are empty when unset; times are in milliseconds, fractions allowed. */
export interface ServerOptions {
  /** Where gRPC is served, as `host:port`; without a host on all interfaces. Default `localhost:3144`. */
  readonly listenAddress: string;
  /** Where REST is served, in the same form; empty: nowhere. Default empty. */
  readonly restListenAddress: string;
  /** Worker threads among which the locks are divided, 1 to 64. Default: the available cores but one, which the main thread has; 1 to 16. */
  readonly shards: number;
  /** How long an orderly stop may take before connections are cut. Default 5 s. */
  readonly shutdownGraceMs: number;
  /** How long a shard may make no progress with work pending before the server gives up. Default 60 s, at least 100 ms. */
  readonly shardStallLimitMs: number;
  /** How long a shard with few clients looks for the next request before it sleeps. Default 150 µs, at most 10 ms; 0: not at all. */
  readonly shardSpinMs: number;
  /** How often idle locks are collected. Default 30 min, at least 100 ms; may exceed what a timer of Node.js can wait. */
  readonly lockGcIntervalMs: number;
  /** How long a lock must be idle before it is collected. Default 5 min; may exceed what a timer can wait. */
  readonly lockGcMinIdleMs: number;
  /** Keep the locks of a client that disconnects. Default false. */
  readonly noClearOnDisconnect: boolean;
  /** File that names where locks are kept, so that they survive the server; empty: they live in memory only. */
  readonly stateFile: string;
  /** When changes are made durable: before each reply, every `stateSyncIntervalMs`, or when the system likes. Default `always`. */
  readonly stateSync: StateSync;
  /** With `stateSync` `interval`: the most that passes between a change and its being durable. Default 50 ms. */
  readonly stateSyncIntervalMs: number;
  /** Cut damaged state files where the damage begins, and keep them aside, instead of refusing to start. Default false. */
  readonly stateRepair: boolean;
  /** The timeout that a lock without one gets when it is loaded from the state file. Default 10 min. */
  readonly defaultLockTimeoutMs: number;
  /** Where the locks are: in this server, or in a ZooKeeper ensemble, which several servers may share. Default `embedded`. */
  readonly engine: EngineKind;
  /** The ensemble, as `host1:2181,host2:2181/chroot`; needed with the engine `zookeeper`, and for nothing else. */
  readonly zookeeperConnect: string;
  /** How long the session outlives the server, and its locks with it; the ensemble may grant more or less. Default 10 s. */
  readonly zookeeperSessionTimeoutMs: number;
  /** File by which a server that is started within the session timeout goes on with the locks of one that has stopped. Default none. */
  readonly zookeeperSessionFile: string;
  /** Locks whose nodes other programs use, too: `name=/path:mutex`, `:rw` or `:semaphore`, with commas. Default none. */
  readonly zookeeperPathMap: string;
  /** What is shown to the ensemble, as `digest:user:password`. Default nothing. */
  readonly zookeeperAuth: string;
  /** Who may use the nodes: anybody, or who shows the same. Default `open`. */
  readonly zookeeperAcl: 'open' | 'creator';
  /** PEM file with the CA of the ensemble's certificates; without one it is spoken to in the clear. */
  readonly zookeeperTlsCaFile: string;
  /** PEM files with the certificate that is shown to the ensemble, and its private key. */
  readonly zookeeperTlsCertFile: string;
  readonly zookeeperTlsKeyFile: string;
  /** A connection that was silent for so long is pinged. Default 1 min. Checked values are 1 s or more; 0 and less mean 2 h. */
  readonly keepaliveIntervalMs: number;
  /** A connection that does not answer a ping for so long is closed. Default 10 s. Checked values are above 0; 0 and less mean 20 s. */
  readonly keepaliveTimeoutMs: number;
  /** A REST session that was idle for so long ends, and its locks with it. Default 10 min. */
  readonly restSessionTimeoutMs: number;
  /** Path of the unix-domain socket of `ldlm.Admin`; empty: none. Default `ldlm-ipc.sock` in the folder for temporary files. */
  readonly ipcSocketFile: string;
  /** Serve `ldlm.Admin` and listings over gRPC and REST too. Needs a password or verified client certificates. Default false. */
  readonly remoteAdmin: boolean;
  /** Where metrics, health and the dashboard are served, as `host:port`; empty: nowhere. Default empty. */
  readonly adminListenAddress: string;
  /** Host names beside the bound address that browsers may name, separated by commas. Default empty. */
  readonly adminHosts: string;
  /** A lock that is held for longer is warned of; 0: never. Default 0. */
  readonly warnHeldLongerThanMs: number;
  /**
   * What clients must send in the `authorization` metadata, up to 4096 bytes without control characters and without blanks
   * at the ends; empty: no password is asked for.
   */
  readonly password: string;
  /** PEM file with the certificate chain; empty: no TLS. */
  readonly tlsCertFile: string;
  /** PEM file with the private key of the certificate. */
  readonly tlsKeyFile: string;
  /** Require and verify client certificates; without `clientCaFile` against the system's CAs. Default false. */
  readonly clientCertVerify: boolean;
  /** PEM file with the CA of client certificates; implies `clientCertVerify`. */
  readonly clientCaFile: string;
  /** Least severe level that is logged. Default `info`. */
  readonly logLevel: LogLevel;
  /** Default `pretty` when stderr is a terminal, else `json`. */
  readonly logFormat: LogFormat;
}

/** The type that the value of an option of this kind has. */
type ValueOf<Kind> = Kind extends { readonly type: 'duration' | 'uint' }
  ? number
  : Kind extends { readonly type: 'bool' }
    ? boolean
    : Kind extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string;
type FieldRow = Extract<(typeof optionTable)[number], { readonly field: string }>;
/**
 * The options as the table describes them. That they are returned as `ServerOptions` below compiles only while
 * table and interface name the same fields with the same types.
 */
type TableOptions = { readonly [Row in FieldRow as Row['field']]: ValueOf<Row['kind']> };

const rowsByField: ReadonlyMap<string, OptionRow> = new Map(
  optionRows.flatMap((row) => (row.field === undefined ? [] : [[row.field, row] as const])),
);

/** Every option at its default. */
export function defaultServerOptions(): ServerOptions {
  return checkServerOptions({});
}

/**
 * Fills what is absent or undefined with defaults and checks the rest, wherever the values come from.
 *
 * @throws ConfigError naming the option as flags and files do, the range and the value; or an unknown field.
 * @throws ListenAddressError when one of the listen addresses names no place.
 */
export function checkServerOptions(options: Partial<ServerOptions>): ServerOptions {
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(options));
  for (const field of given.keys()) refuseUnknownField(field);

  const checked: Record<string, OptionValue> = {};
  const defaults: Record<string, OptionValue> = {};
  for (const [field, row] of rowsByField) {
    const value = given.get(field);
    defaults[field] = parseOptionValue(row, defaultTextOf(row), (_row, _text, reason) => reason);
    if (value === undefined) {
      checked[field] = defaults[field];
    } else {
      checkOptionValue(row, value);
      checked[field] = value;
    }
  }
  const complete = checked as TableOptions;
  refuseOpenAdministration(complete);
  checkEngineOptions(complete, defaults as TableOptions);
  parseListenAddress(complete.listenAddress);
  if (complete.restListenAddress !== '') parseListenAddress(complete.restListenAddress);
  if (complete.adminListenAddress !== '') parseListenAddress(complete.adminListenAddress);
  return {
    ...complete,
    keepaliveIntervalMs: effectiveIntervalMs(complete.keepaliveIntervalMs),
    keepaliveTimeoutMs: complete.keepaliveTimeoutMs > 0 ? complete.keepaliveTimeoutMs : 20_000,
  };
}

function refuseOpenAdministration({
  remoteAdmin,
  password,
  clientCertVerify,
  clientCaFile,
}: TableOptions): void {
  if (!remoteAdmin || password !== '' || clientCertVerify || clientCaFile !== '') return;
  throw new ConfigError(
    'remote_admin needs password, client_cert_verify or client_ca: without any of them anybody could release locks',
  );
}

function refuseUnknownField(field: string): void {
  if (rowsByField.has(field)) return;
  const meant = suggestName(field, rowsByField.keys());
  throw new ConfigError(
    `unknown server option: ${field}${meant === null ? '' : ` (did you mean ${meant}?)`}`,
  );
}

/** As gRPC servers in Go treat it: nothing set means two hours, and nobody is pinged more than once a second. */
function effectiveIntervalMs(intervalMs: number): number {
  return intervalMs > 0 ? Math.max(1_000, intervalMs) : 7_200_000;
}
