import { readFileSync, statSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { parseListenAddress } from '../../config/listen-address.ts';
import { defaultTextOf, findOption } from '../../config/option-table.ts';
import type { Environment } from '../../config/read-env.ts';
import { UsageError } from '../../config/usage-error.ts';
import { CommandFailure } from './command-failure.ts';
import type { LockWords } from './read-lock-words.ts';

/** Where a server is, and how to get in. */
export type LockTarget =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'address';
      /** `host:port` of one server, or of several that have their locks in common, with commas between them. */
      readonly address: string;
      readonly tls: TlsTarget | null;
      /** Empty for none. */
      readonly password: string;
    };

export interface TlsTarget {
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
  /** Empty for the host of the address. */
  readonly serverName: string;
  readonly skipVerify: boolean;
}

type Flags = LockWords['flags'];

/**
 * Finds out which server is meant: `--address`, else `--socket`, else LDLM_IPC_SOCKET_FILE, else the default socket.
 *
 * @throws UsageError for flags that do not go together, and for a `--socket` that is not there, in LDLM's words
 * @throws CommandFailure for a file that cannot be read
 */
export function findTarget(flags: Flags, env: Environment): LockTarget {
  const address = textOf(flags, 'address');
  if (address === '') {
    for (const name of [
      'tls',
      'ca',
      'cert',
      'key',
      'server_name',
      'skip_verify',
      'password',
      'password_file',
    ] as const) {
      if (flags.get(name) !== undefined && flags.get(name) !== false)
        throw new UsageError(`--${name} needs --address`);
    }
    return { kind: 'socket', path: findSocket(flags, env) };
  }
  if (flags.has('socket')) throw new UsageError("--socket and --address can't be used together");
  checkAddress(address);
  return { kind: 'address', address, tls: readTls(flags), password: checkPassword(readPassword(flags, env)) };
}

/**
 * Checks one address, or several with commas between them.
 *
 * @throws UsageError
 */
export function checkAddress(text: string): void {
  const addresses = splitAddresses(text);
  for (const address of addresses) checkOne(address);
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i);
  if (twice !== undefined) throw new UsageError(`--address names ${twice} twice`);
}

/** Several addresses have commas between them, and spaces if one likes. */
export function splitAddresses(text: string): string[] {
  return text.split(/ *, */);
}

/** The gRPC library would look for a host of the name `foo`, or take another kind of target. */
function checkOne(address: string): void {
  try {
    const { host, port } = parseListenAddress(address);
    if (host !== '' && !/[\s/]/.test(host) && port !== 0) return;
  } catch {
    // It says what is wrong with an address to listen at.
  }
  throw new UsageError(`--address: address must be host:port, got ${JSON.stringify(address)}`);
}

function findSocket(flags: Flags, env: Environment): string {
  const path = textOf(flags, 'socket');
  if (path === '') return env['LDLM_IPC_SOCKET_FILE'] || defaultTextOf(findOption('ipc_socket_file')!);
  try {
    statSync(path);
  } catch (error) {
    throw new UsageError(`--socket: stat ${path}: ${reasonOf(error)}`);
  }
  return path;
}

export function readTls(flags: Flags): TlsTarget | null {
  const names = ['tls', 'ca', 'cert', 'key', 'server_name', 'skip_verify'] as const;
  if (!names.some((name) => flags.has(name) && flags.get(name) !== false)) return null;
  if (flags.has('cert') !== flags.has('key')) throw new UsageError('--cert and --key must be used together');
  return {
    ca: readFlagFile(flags, 'ca'),
    cert: readFlagFile(flags, 'cert'),
    key: readFlagFile(flags, 'key'),
    serverName: textOf(flags, 'server_name'),
    skipVerify: flags.get('skip_verify') === true,
  };
}

/** A file, whose trailing line break is none of the password, goes before the variable. */
export function readPassword(flags: Flags, env: Environment): string {
  if (flags.has('password') && flags.has('password_file'))
    throw new UsageError("--password and --password_file can't be used together");
  const file = readFlagFile(flags, 'password_file');
  if (file !== null) return /^[^\r\n]*/.exec(file.toString('utf8'))![0];
  return flags.has('password') ? textOf(flags, 'password') : (env['LDLM_PASSWORD'] ?? '');
}

/** It travels as metadata, where the gRPC library takes nothing else, though a server may have another one. */
export function checkPassword(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  throw new CommandFailure('a password can be sent only if all of it is printable ASCII');
}

function readFlagFile(flags: Flags, name: 'ca' | 'cert' | 'key' | 'password_file'): Buffer | null {
  if (!flags.has(name)) return null;
  const path = textOf(flags, name);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandFailure(`--${name}: open ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function textOf(flags: Flags, name: Parameters<Flags['get']>[0]): string {
  const value = flags.get(name);
  return typeof value === 'string' ? value : '';
}

/** The system's own words, as Go has them: `no such file or directory`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error ? Number(error.errno) : 0;
  return getSystemErrorMap().get(errno)?.[1] ?? error.message;
}
