import type { ClientOptions as ChannelOptions } from '@grpc/grpc-js';
import { faultOfOptions } from '../base/options-object.ts';
import { InvalidOptionError } from './errors.ts';

/** A file's path, or what is in it. */
export type Pem = string | Uint8Array;

/** How to speak TLS. An empty object: against the certificate authorities that Node.js knows. */
export interface TlsOptions {
  /** The authorities to trust, in PEM. A string is a path. Default: those that Node.js knows. */
  readonly ca?: Pem;
  /** This client's certificate chain, for servers that ask for one. */
  readonly cert?: Pem;
  /** The private key of `cert`. */
  readonly key?: Pem;
  /** The name that the server's certificate must have. Default: the host of the address. */
  readonly serverName?: string;
  /** Take any certificate. Default false. */
  readonly skipVerify?: boolean;
}

/** What can be said about a client. Times in milliseconds. */
export interface LdlmClientOptions {
  /**
   * `host:port` of the server. Default `localhost:3144`; with REST `localhost:8080`. Several, in a list or with commas
   * between them, are servers that have their locks in common: one at a time is asked, and the next when it is gone.
   */
  readonly address?: string | readonly string[];
  /**
   * What to speak. Default `grpc`. `rest` is for networks that let only HTTP/1.1 pass: the address is that of the server's
   * `--rest_listen_address`, every wait takes a connection, of which a client may have 1,000 at a time, and locks live as
   * long as the client's session, whatever becomes of its connections.
   */
  readonly transport?: 'grpc' | 'rest';
  /** What the server asks for. Default: none. */
  readonly password?: string;
  /** Speak TLS; `true` is the same as `{}`. Default false. */
  readonly tls?: boolean | TlsOptions;
  /** Renew locks with a timeout until they are unlocked. Default true. */
  readonly autoRenew?: boolean;
  /** The lock timeout where a call names none. Default 30,000; 0: none. */
  readonly lockTimeoutMs?: number;
  /** The same in seconds. */
  readonly lockTimeoutSeconds?: number;
  /** How often a call is repeated when the server cannot be reached. Default: as long as its timeouts and signals allow. */
  readonly retries?: number;
  /** How long to wait before that, half to one and a half times as long. Default 1,000. */
  readonly retryDelayMs?: number;
  /** Options of the @grpc/grpc-js channel, above those that the client sets. Not with REST. */
  readonly channelOptions?: ChannelOptions;
  /** Closes the client when it aborts. */
  readonly signal?: AbortSignal;
}

/** What can be said about one lock. Times in milliseconds. */
export interface LockOptions {
  /** Released by the server after so long without a renewal. Default: the client's; 0: only at the end of the connection. */
  readonly lockTimeoutMs?: number;
  /** The same in seconds. */
  readonly lockTimeoutSeconds?: number;
  /** How many may hold the lock at a time: the same in all requests for it. Default 1. */
  readonly size?: number;
  /** How many of `size` to take. Default 1. */
  readonly permits?: number;
  /** Hold it with others who share it, beside nobody who does not. Default false. */
  readonly shared?: boolean;
  /** Renew it until it is unlocked. Default: the client's. */
  readonly autoRenew?: boolean;
  /**
   * Leave it to its timeout, which it must have: the client neither renews nor watches it, says nothing when it expires,
   * and has no timer for it. `locked` is false, and `signal` never aborts. Default false.
   */
  readonly unattended?: boolean;
  /** Shown beside the lock in listings, such as a host and a job. Default: nothing. */
  readonly holder?: string;
  /** Gives up when it aborts, and leaves the queue. */
  readonly signal?: AbortSignal;
}

/** The same for a lock that is waited for. */
export interface WaitOptions extends LockOptions {
  /** How long to wait at most, whatever happens meanwhile. Default, and 0: for ever. */
  readonly waitTimeoutMs?: number;
  /** The same in seconds. */
  readonly waitTimeoutSeconds?: number;
}

export interface CheckedOptions {
  readonly transport: 'grpc' | 'rest';
  /** At least one. */
  readonly addresses: readonly string[];
  readonly password: string;
  readonly tls: TlsOptions | null;
  readonly autoRenew: boolean;
  readonly lockTimeoutMs: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly channelOptions: ChannelOptions;
}

/**
 * @param such what options may look like
 * @throws InvalidOptionError
 */
export function checkOptions(options: unknown, such: string, lockName?: string): void {
  const fault = faultOfOptions(options, such);
  if (fault !== null) throw new InvalidOptionError(fault, lockName);
}

/** @throws InvalidOptionError */
export function checkClientOptions(options: LdlmClientOptions): CheckedOptions {
  checkOptions(options, "{ address: 'localhost:3144' }");
  const transport = readTransport(options);
  const { password = '', tls = false, autoRenew = true } = options;
  const { retries = Number.POSITIVE_INFINITY, retryDelayMs = 1_000, channelOptions = {} } = options;
  if (!(retries >= 0)) throw new InvalidOptionError(`retries must be 0 or more, not ${String(retries)}`);
  return {
    transport,
    addresses: readAddresses(options.address, transport),
    password,
    tls: tls === true ? {} : tls === false ? null : tls,
    autoRenew,
    lockTimeoutMs: readMs('lockTimeout', options.lockTimeoutMs, options.lockTimeoutSeconds) ?? 30_000,
    retries,
    retryDelayMs: readMs('retryDelay', retryDelayMs, undefined) ?? 0,
    channelOptions,
  };
}

const DEFAULT_ADDRESSES = { grpc: 'localhost:3144', rest: 'localhost:8080' };

function readTransport({ transport = 'grpc', channelOptions }: LdlmClientOptions): 'grpc' | 'rest' {
  if (transport !== 'grpc' && transport !== 'rest')
    throw new InvalidOptionError(`transport must be grpc or rest, not ${JSON.stringify(transport)}`);
  if (transport === 'rest' && channelOptions !== undefined)
    throw new InvalidOptionError('channelOptions are for the transport grpc');
  return transport;
}

function readAddresses(
  given: string | readonly string[] | undefined,
  transport: 'grpc' | 'rest',
): readonly string[] {
  const list = Array.isArray(given) ? given : [given ?? DEFAULT_ADDRESSES[transport]];
  const addresses = list
    .flatMap((text) => (typeof text === 'string' ? text.split(/ *, */) : [text]))
    .map((address) => readAddress(address, transport));
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i);
  if (twice !== undefined) throw new InvalidOptionError(`address names ${twice} twice`);
  if (addresses.length === 0) throw new InvalidOptionError('address must name at least one server');
  return addresses;
}

function readAddress(address: unknown, transport: 'grpc' | 'rest'): string {
  const isPair = typeof address === 'string' && /^[^\s/]+:[1-9]\d{0,4}$/.test(address);
  // As a part of a URL it has more rules, such as that ports end at 65,535.
  if (isPair && isAuthority(address)) return address;
  const example = DEFAULT_ADDRESSES[transport];
  throw new InvalidOptionError(
    `address must be host:port, such as ${example}, not ${JSON.stringify(address)}`,
  );
}

function isAuthority(address: string): boolean {
  return URL.canParse(`http://${address}`) && !/[@?#\\;]/.test(address);
}

const MS_MAX = 2 ** 53 - 1;

/**
 * A time that may be given in milliseconds or in seconds, the former first; undefined when it is not given at all.
 *
 * @throws InvalidOptionError
 */
export function readMs(
  option: string,
  ms: number | undefined,
  seconds: number | undefined,
): number | undefined {
  const value = ms ?? (seconds === undefined ? undefined : seconds * 1000);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0) || value > MS_MAX) {
    const given = ms === undefined ? `${option}Seconds` : `${option}Ms`;
    throw new InvalidOptionError(`${given} must be a number from 0 on, not ${String(ms ?? seconds)}`);
  }
  return Math.ceil(value);
}
