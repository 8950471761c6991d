import type { ConnectionOptions } from 'node:tls';
import { faultOfOptions } from '../base/options-object.ts';
import type { CreateOptions } from './nodes.ts';
import type { Credentials } from './session/session-link.ts';
import type { SessionTicket } from './wire/handshake.ts';
import { CreateFlag } from './wire/op-code.ts';
import type { Acl } from './wire/records.ts';
import { ZooKeeperUseError } from './zookeeper-error.ts';

/** Times in milliseconds. */
export interface ZooKeeperOptions {
  /** How long the session outlives its connection. The server may grant more or less. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** How long `connect` may take. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** How long a request may wait for a connection. Default: the session timeout. */
  readonly requestTimeoutMs?: number;
  /** How many requests may be without an answer. Default 10,000. */
  readonly requestsMax?: number;
  /** Shown to every server before anything is asked. Default: none. */
  readonly auth?: readonly Credentials[];
  /** What may be done with the nodes that are created, by whom. Default: anything, by anybody. */
  readonly acl?: readonly Acl[];
  /**
   * Goes on with a session: see `ZooKeeperClient.ticket`. Its timeout becomes `sessionTimeoutMs`. Servers do not say
   * whether it is over or the password is wrong: either way a new one is begun. Null: there is none to go on with.
   */
  readonly resume?: SessionTicket | null;
  /** With TLS: `true`, or as node:tls has it. Default: without. */
  readonly tls?: boolean | ConnectionOptions;
  /** @internal Behind which number those of requests begin. Default 0. */
  readonly firstXid?: number;
  /** Ends `connect`, with its reason. */
  readonly signal?: AbortSignal;
}

const INT_MAX = 2 ** 31 - 1;
/** What servers keep of a time to live. */
const TTL_MS_MAX = 2 ** 40 - 1;

/**
 * @param such what they may look like
 * @throws ZooKeeperUseError
 */
export function checkOptions(options: unknown, such: string, path = ''): void {
  const fault = faultOfOptions(options, such);
  if (fault !== null) throw new ZooKeeperUseError(fault, path);
}

/** @throws ZooKeeperUseError */
export function checkConnectString(text: unknown): void {
  if (typeof text !== 'string')
    throw new ZooKeeperUseError(
      `a connect string must be a text such as "host:2181,host2:2181/chroot", not ${String(text)}`,
    );
}

/** @throws ZooKeeperUseError */
export function checkWatcher(path: string, watcher: unknown): void {
  if (typeof watcher !== 'function')
    throw new ZooKeeperUseError(
      `watcher, behind the options, must be a function, not ${String(watcher)}`,
      path,
    );
}

/** @throws ZooKeeperUseError */
export function checkMs(option: string, ms: number): void {
  if (!(typeof ms === 'number' && ms > 0 && ms <= INT_MAX))
    throw new ZooKeeperUseError(`${option} must be a number of milliseconds above 0, not ${String(ms)}`);
}

/** @throws ZooKeeperUseError */
export function checkCount(option: string, count: number, path = ''): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ZooKeeperUseError(`${option} must be a whole number from 1 on, not ${String(count)}`, path);
}

/** @throws ZooKeeperUseError */
export function checkInt(name: string, value: number, path: string): void {
  if (!Number.isInteger(value) || value < -INT_MAX - 1 || value > INT_MAX)
    throw new ZooKeeperUseError(`${name} must be a whole number of 32 bits, not ${String(value)}`, path);
}

/** @throws ZooKeeperUseError */
export function checkCredentials(auth: readonly Credentials[]): void {
  if (!Array.isArray(auth) || !auth.every(areCredentials))
    throw new ZooKeeperUseError('auth must be a list of { scheme, auth }, each a text');
}

function areCredentials(given: Partial<Credentials> | null): boolean {
  const secret = given?.auth;
  return typeof given?.scheme === 'string' && (typeof secret === 'string' || secret instanceof Uint8Array);
}

/** @throws ZooKeeperUseError */
export function checkTicket({ sessionId, password }: SessionTicket): void {
  const isId =
    typeof sessionId === 'bigint' && sessionId !== 0n && BigInt.asIntN(64, sessionId) === sessionId;
  if (!isId || !(password instanceof Uint8Array))
    throw new ZooKeeperUseError('resume must be { sessionId, password } as ticket has it');
}

/** @throws ZooKeeperUseError */
export function checkVersion(path: string, version: number): void {
  if (!Number.isInteger(version) || version < -1 || version > INT_MAX)
    throw new ZooKeeperUseError(`a version is a whole number from -1 on, not ${String(version)}`, path);
}

/** @throws ZooKeeperUseError */
export function checkData(path: string, data: Uint8Array): void {
  if (!(data instanceof Uint8Array))
    throw new ZooKeeperUseError('the data of a node are bytes: Buffer.from(text) makes them of a text', path);
}

/** @throws ZooKeeperUseError */
export function checkCreate(path: string, { mode = 'persistent', data, ttlMs }: CreateOptions): void {
  if (!Object.hasOwn(CreateFlag, mode))
    throw new ZooKeeperUseError(
      `mode must be one of ${Object.keys(CreateFlag).join(', ')}, not ${mode}`,
      path,
    );
  if (data !== undefined) checkData(path, data);
  const isTimed = mode === 'ttl' || mode === 'ttlSequential';
  const isGiven = ttlMs !== undefined && Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= TTL_MS_MAX;
  if (isTimed && !isGiven)
    throw new ZooKeeperUseError(`ttlMs must be a whole number from 1 to 2^40-1, not ${String(ttlMs)}`, path);
}
