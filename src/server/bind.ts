import { lookup } from 'node:dns/promises';
import type { Server } from 'node:net';
import { systemErrorCode } from '../base/system-error.ts';
import { formatListenAddress, parseListenAddress } from '../config/listen-address.ts';
import { LdlmServerError } from '../contract/server-error.ts';

/** An address cannot be listened at. The message is the one that Go's `net.Listen` gives. */
export class BindError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_BIND', message, options);
  }
}

const PORT_ATTEMPTS = 8;

/** Bursts of thousands of connects must not be dropped by the kernel's queue; it caps this by its own limit. */
const LISTEN_BACKLOG = 4096;

const BIND_REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'address already in use'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
  ['EACCES', 'permission denied'],
  ['EAFNOSUPPORT', 'address family not supported by protocol'],
]);

/**
 * Makes a server listen at every address that a host name resolves to, one server for each and all on one port.
 * An address family that this machine does not have is passed over as long as one address is left.
 *
 * @throws BindError, ListenAddressError
 */
export async function listenEverywhere<S extends Server>(address: string, create: () => S): Promise<S[]> {
  const { host, port } = parseListenAddress(address);
  const ips = await resolveHost(host);
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenAll(ips, port, create);
    } catch (error) {
      // The system chose a port that is free at the first address and taken at the second: it may choose again.
      if (port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/**
 * The addresses of a host name; the empty one stands for all interfaces.
 *
 * @throws BindError
 */
export async function resolveHost(host: string): Promise<readonly string[]> {
  if (host === '') return [''];
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map((entry) => entry.address))];
  } catch (error) {
    throw new BindError(`listen tcp: lookup ${host}: no such host`, { cause: error });
  }
}

async function listenAll<S extends Server>(
  ips: readonly string[],
  port: number,
  create: () => S,
): Promise<S[]> {
  const servers: S[] = [];
  let skipped: BindError | null = null;
  for (const ip of ips) {
    const usedPort = servers.length === 0 ? port : portOf(servers[0]!);
    const server = create();
    try {
      await listen(server, ip, usedPort);
      servers.push(server);
    } catch (error) {
      skipped = bindError(ip, usedPort, error);
      if (isMissingFamily(error)) continue;
      for (const open of servers) open.close();
      throw skipped;
    }
  }
  if (servers.length === 0 && skipped !== null) throw skipped;
  return servers;
}

function listen(server: Server, ip: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.removeListener('error', reject);
      resolve();
    };
    // Without a host, Node.js listens on :: and with it on all IPv4 addresses, or on 0.0.0.0 where IPv6 is missing.
    const backlog = LISTEN_BACKLOG;
    if (ip === '') server.listen({ port, backlog }, onListening);
    else server.listen({ host: ip, port, backlog, ipv6Only: ip.includes(':') }, onListening);
  });
}

function bindError(ip: string, port: number, error: unknown): BindError {
  const code = systemErrorCode(error);
  const reason = BIND_REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
  return new BindError(`listen tcp ${formatListenAddress({ host: ip, port })}: bind: ${reason}`, {
    cause: error,
  });
}

function isMissingFamily(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** `host:port` of a server that listens. */
export function boundAddress(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return '';
  return formatListenAddress({ host: address.address, port: address.port });
}
