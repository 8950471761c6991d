import type { Socket } from 'node:net';
import { ConfigError } from '../config/config-error.ts';
import { formatListenAddress, parseListenAddress } from '../config/listen-address.ts';
import { isLoopback } from './loopback.ts';

/** A host as a `Host` header or `admin_hosts` names it: in lower case, IPv6 in brackets; the port is empty where it is missing. */
interface HostName {
  readonly host: string;
  readonly port: string;
}

/** The end of the connection that is ours. */
export type LocalEnd = Pick<Socket, 'localAddress' | 'localPort'>;

const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
/** A name or IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const HOST_NAME = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;

/**
 * The names by which browsers may reach a listener of ours. A page from elsewhere whose name is made to resolve to our
 * address (DNS rebinding) has the browser send its own name in `Host`: then the browser's rules about origins say
 * nothing any more, so such requests are refused.
 *
 * Allowed are the address and port that the connection has reached, the host of the listen address with that port, at
 * a loopback address every name of loopback with that port, and what `admin_hosts` lists, which without a port stands
 * for every port. The port may be left out where it is the scheme's.
 */
export class AllowedHosts {
  readonly #listed: readonly HostName[];
  readonly #listenHost: string;
  readonly #schemePort: string;

  /**
   * @param listed names with commas between them, as `admin_hosts` has them
   * @throws ConfigError for a name that cannot be one
   */
  constructor(listed: string, listenAddress: string, isTls: boolean) {
    this.#listed = listed
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map(parseListed);
    const { host } = parseListenAddress(listenAddress);
    this.#listenHost = host.includes(':') ? `[${host.toLowerCase()}]` : host.toLowerCase();
    this.#schemePort = isTls ? '443' : '80';
  }

  /** Null when a request with this `Host` header may be answered, else why not. */
  refuse(header: string | undefined, end: LocalEnd): string | null {
    const named = header === undefined ? null : parseHost(header.toLowerCase());
    if (named !== null && (this.#isOurs(named, end) || this.#isListed(named))) return null;
    const shown = header === undefined ? 'no host' : `the host ${JSON.stringify(header.slice(0, 256))}`;
    const own = formatListenAddress({ host: plainAddress(end.localAddress), port: end.localPort ?? 0 });
    return `${shown} is not one of this server: it is ${own}, and those in --admin_hosts`;
  }

  #isOurs({ host, port }: HostName, { localAddress, localPort }: LocalEnd): boolean {
    if ((port === '' ? this.#schemePort : port) !== String(localPort)) return false;
    const ip = plainAddress(localAddress);
    if (host === (ip.includes(':') ? `[${ip}]` : ip)) return true;
    if (isLoopback(ip) && LOCAL_NAMES.includes(host)) return true;
    return host === this.#listenHost;
  }

  #isListed({ host, port }: HostName): boolean {
    const namedPort = port === '' ? this.#schemePort : port;
    return this.#listed.some(
      (entry) => entry.host === host && (entry.port === '' || entry.port === namedPort),
    );
  }
}

/** An IPv4 address that came in by an IPv6 socket in its own form. */
function plainAddress(ip: string | undefined): string {
  return ip?.replace(/^::ffff:(?=[0-9.]+$)/, '').toLowerCase() ?? '';
}

function parseHost(text: string): HostName | null {
  const match = HOST_NAME.exec(text);
  return match === null ? null : { host: match[1]!, port: match[2] ?? '' };
}

function parseListed(entry: string): HostName {
  const parsed = parseHost(entry.toLowerCase());
  if (parsed === null) {
    throw new ConfigError(`admin_hosts must be host names, each with or without :port (value: ${entry})`);
  }
  return parsed;
}
