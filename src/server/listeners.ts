import { lookup } from 'node:dns/promises';
import { createServer, type Server, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { Limits } from '../base/limits.ts';
import { formatListenAddress, parseListenAddress } from '../config/listen-address.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import { Newcomers } from './newcomers.ts';
import { peerAddress } from './session-directory.ts';

/** An address cannot be listened at. The message is the one that Go's `net.Listen` gives. */
export class BindError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_BIND', message, options);
  }
}

/** Where listeners tell what they meet. */
export interface ListenerEvents {
  /** A socket is ready, over TLS behind its handshake. */
  accept(socket: Socket): void;
  /** Accepting failed, though listening goes on. */
  failed(error: Error): void;
  /** A TLS handshake has come to nothing. */
  handshakeFailed(address: string, reason: string): void;
  /** So many newcomers were turned away, because too many came at once or too many are there. */
  turnedAway(count: number): void;
  /** A client speaks HTTP in clear where TLS is spoken. The socket is still open, and ended by whoever is told. */
  spokenInClear?(socket: Socket): void;
}

/** Sockets in listen state, with what they accept handed to one place. */
export class Listeners {
  /** `host:port` of each, as bound. */
  readonly addresses: readonly string[];
  readonly #servers: readonly Server[];
  readonly #handshakes: Handshakes;
  readonly #newcomers: Newcomers;

  private constructor(servers: readonly Server[], handshakes: Handshakes, newcomers: Newcomers) {
    this.#servers = servers;
    this.#handshakes = handshakes;
    this.#newcomers = newcomers;
    this.addresses = servers.map(boundAddress);
  }

  /**
   * Listens at every address that the host name resolves to, all on one port. An address family that this machine
   * does not have is passed over as long as one address is left.
   *
   * @param create makes the server of one address, where it is to be more than one of sockets: such a server keeps
   * what it accepts to itself.
   * @throws BindError, ListenAddressError
   */
  static async open(
    address: string,
    tls: TlsOptions | null,
    events: ListenerEvents,
    create: () => Server = () => createSocketServer(tls, events),
  ): Promise<Listeners> {
    const handshakes = new Handshakes();
    const servers = await listenEverywhere(address, create);
    const newcomers = newcomersOf(events);
    for (const server of servers) {
      if (tls !== null) handshakes.watch(server, events);
      server.on('error', (error: Error) => events.failed(error));
      newcomers.watch(server);
    }
    return new Listeners(servers, handshakes, newcomers);
  }

  /** A connection that came from here has failed by its peer's fault. */
  peerFailed(): void {
    this.#newcomers.failed();
  }

  /** Accepts nothing more. Sockets that were handed on are not touched; unfinished handshakes are ended. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#newcomers.close();
    this.#handshakes.destroy();
  }
}

const PORT_ATTEMPTS = 8;

/**
 * Makes a server listen at every address that a host name resolves to, one server for each and all on one port, see
 * {@link Listeners.open}.
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

/** Sockets whose TLS handshake is not done. The server tells of both ends of a handshake with different objects, so they are known by their peer. */
class Handshakes {
  readonly #sockets = new Map<string, Socket>();

  /** Minds the handshakes of a server. */
  watch(server: Server, events: ListenerEvents): void {
    server.on('connection', (socket: Socket) => this.#begin(socket));
    server.on('secureConnection', (socket: Socket) => this.#sockets.delete(peerOf(socket)));
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      events.handshakeFailed(addressBeneath(socket), describeTlsError(error, socket));
      const beneath = codeOf(error) === 'ERR_SSL_HTTP_REQUEST' ? socketBeneath(socket) : null;
      if (beneath !== null && events.spokenInClear !== undefined) events.spokenInClear(beneath);
      else socket.destroy();
    });
  }

  destroy(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #begin(socket: Socket): void {
    const peer = peerOf(socket);
    this.#sockets.set(peer, socket);
    // A later socket of the same peer may stand here by then.
    socket.once('close', () => {
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer);
    });
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`;
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

function createSocketServer(tls: TlsOptions | null, events: ListenerEvents): Server {
  if (tls === null) return createServer({ noDelay: true }, events.accept);
  return createTlsServer({ ...tls, noDelay: true, handshakeTimeout: Limits.handshakeMsMax }, events.accept);
}

/** The socket beneath a TLS socket, which has no public name. */
function socketBeneath(socket: TLSSocket): Socket | null {
  const beneath: unknown = Reflect.get(socket, '_parent');
  return beneath instanceof Socket ? beneath : null;
}

/** The peer of a TLS socket that is closed, which only the socket beneath it still knows. */
function addressBeneath(socket: TLSSocket): string {
  const beneath = socketBeneath(socket);
  return beneath === null ? '' : peerAddress(beneath.remoteAddress, beneath.remotePort);
}

/** Why a handshake failed: what is wrong with the client's certificate, else what OpenSSL or the socket says. */
function describeTlsError(error: Error, socket: TLSSocket): string {
  const certificateError: unknown = socket.authorizationError;
  if (typeof certificateError === 'string') return certificateError;
  // Such as clients that do not trust our certificate and say nothing of it.
  if (codeOf(error) === 'ECONNRESET') return 'the client ended the connection';
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}

function newcomersOf(events: ListenerEvents): Newcomers {
  return new Newcomers({
    connectionsMax: Limits.connectionsMax,
    burst: Limits.newcomersBurst,
    perSecond: Limits.newcomersPerSecond,
    perFailure: Limits.newcomersPerFailure,
    nowMs: () => performance.now(),
    turnedAway: (count) => events.turnedAway(count),
  });
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

/** Bursts of thousands of connects must not be dropped by the kernel's queue; it caps this by its own limit. */
const LISTEN_BACKLOG = 4096;

function bindError(ip: string, port: number, error: unknown): BindError {
  const code = codeOf(error);
  const reason = BIND_REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
  return new BindError(`listen tcp ${formatListenAddress({ host: ip, port })}: bind: ${reason}`, {
    cause: error,
  });
}

const BIND_REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'address already in use'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
  ['EACCES', 'permission denied'],
  ['EAFNOSUPPORT', 'address family not supported by protocol'],
]);

function isMissingFamily(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
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
