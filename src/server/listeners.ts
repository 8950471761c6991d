import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Limits } from '../base/limits.ts';
import { boundAddress, listenEverywhere } from './bind.ts';
import type { ListenerReport } from './listener-report.ts';
import { Newcomers } from './newcomers.ts';
import { type HandshakeEvents, TlsHandshakes } from './tls-handshakes.ts';

/** Where listeners hand on what they meet. */
export interface ListenerEvents extends HandshakeEvents {
  /** A socket is ready, over TLS behind its handshake. */
  accept(socket: Socket): void;
}

/** Sockets in listen state, with what they accept handed to one place. */
export class Listeners {
  /** `host:port` of each, as bound. */
  readonly addresses: readonly string[];
  readonly #servers: readonly Server[];
  readonly #handshakes: TlsHandshakes;
  readonly #newcomers: Newcomers;
  readonly #report: ListenerReport;

  private constructor(
    servers: readonly Server[],
    handshakes: TlsHandshakes,
    newcomers: Newcomers,
    report: ListenerReport,
  ) {
    this.#servers = servers;
    this.#handshakes = handshakes;
    this.#newcomers = newcomers;
    this.#report = report;
    this.addresses = servers.map(boundAddress);
  }

  /**
   * Listens at every address that the host name resolves to, all on one port. An address family that this machine
   * does not have is passed over as long as one address is left.
   *
   * @param report is told of those who are not served
   * @param create makes the server of one address, where it is to be more than one of sockets: such a server keeps
   * what it accepts to itself.
   * @throws BindError, ListenAddressError
   */
  static async open(
    address: string,
    tls: TlsOptions | null,
    report: ListenerReport,
    events: ListenerEvents,
    create: () => Server = () => createSocketServer(tls, events),
  ): Promise<Listeners> {
    const handshakes = new TlsHandshakes();
    const servers = await listenEverywhere(address, create);
    const newcomers = newcomersOf(report);
    for (const server of servers) {
      if (tls !== null) handshakes.watch(server, events);
      server.on('error', (error: Error) => report.acceptFailed(error));
      newcomers.watch(server);
    }
    return new Listeners(servers, handshakes, newcomers, report);
  }

  /** A connection that came from here has failed by its peer's fault. */
  peerFailed(): void {
    this.#report.peerFailed();
    this.#newcomers.failed();
  }

  /** Accepts nothing more. Sockets that were handed on are not touched; unfinished handshakes are ended. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#newcomers.close();
    this.#handshakes.destroy();
  }
}

function createSocketServer(tls: TlsOptions | null, events: ListenerEvents): Server {
  if (tls === null) return createServer({ noDelay: true }, events.accept);
  return createTlsServer({ ...tls, noDelay: true, handshakeTimeout: Limits.handshakeMsMax }, events.accept);
}

function newcomersOf(report: ListenerReport): Newcomers {
  return new Newcomers({
    connectionsMax: Limits.connectionsMax,
    burst: Limits.newcomersBurst,
    perSecond: Limits.newcomersPerSecond,
    perFailure: Limits.newcomersPerFailure,
    nowMs: () => performance.now(),
    turnedAway: (count) => report.turnedAway(count),
  });
}
