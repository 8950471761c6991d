import type { TlsOptions } from 'node:tls';
import type { ServerOptions } from '../config/server-options.ts';
import type { AnswerCounts } from '../protocol/grpc/answer-counts.ts';
import type { AdminGuard } from './admin/admin-guard.ts';
import type { AdminHttp } from './admin/admin-http.ts';
import type { Connections } from './connections.ts';
import type { EngineListener } from './engine-listener.ts';
import type { EngineRoom } from './engine-room.ts';
import type { FailureLog } from './failure-log.ts';
import { ListenerReport } from './listener-report.ts';
import { Listeners } from './listeners.ts';
import type { Logger } from './logger.ts';
import { ArrivalCounts } from './metrics/door-metrics.ts';
import type { Readiness } from './readiness.ts';
import { openRest } from './rest/open-rest.ts';
import type { RestServer } from './rest/rest-server.ts';
import type { ServerStatus } from './server-status.ts';
import type { SessionDirectory } from './session-directory.ts';

export interface EndpointsOptions extends EngineRoom {
  readonly options: ServerOptions;
  /** What all of them are served with; null for plain text. */
  readonly tls: TlsOptions | null;
  readonly logger: Logger;
  /** Brings the engine's replies to those who have asked. */
  readonly listener: EngineListener;
  readonly sessions: SessionDirectory;
  /** The clients of gRPC, what goes wrong with them, and what they are answered at the door. */
  readonly connections: Connections;
  readonly failures: FailureLog;
  readonly answers: AnswerCounts;
  readonly readiness: Readiness;
}

/** Where a server is reached over the network: gRPC, and REST and the admin listener where they are switched on. */
export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #arrivals = new ArrivalCounts();
  #grpc: Listeners | null = null;
  #rest: RestServer | null = null;
  #admin: AdminHttp | null = null;

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  /** @throws BindError, ListenAddressError */
  async openGrpc(): Promise<void> {
    const { options, tls, logger, connections, failures } = this.#options;
    const report = new ListenerReport(logger, '', this.#arrivals);
    this.#grpc = await Listeners.open(options.listenAddress, tls, report, {
      accept: (socket) => connections.accept(socket),
      handshakeFailed: (address, reason) => failures.handshakeFailed(address, reason),
    });
  }

  /** @throws BindError, ListenAddressError */
  async openRest(): Promise<void> {
    const { options, tls, logger, engine, inspector, sessions, listener } = this.#options;
    const sources = {
      ...{ options, tls, logger, engine, arrivals: this.#arrivals, directory: sessions },
      nowMs: () => engine.clock.nowMs(),
      inspector: options.remoteAdmin ? inspector : null,
    };
    this.#rest = await openRest(sources, listener);
  }

  /** @throws BindError, PageMissingError */
  async openAdmin(guard: AdminGuard): Promise<void> {
    const { options, tls, logger, connections, readiness } = this.#options;
    const { engine, inspector, isSharded, sessions, answers } = this.#options;
    const status = (): ServerStatus => readiness.status;
    const metrics = {
      ...{ engine, isSharded, sessions, answers, arrivals: this.#arrivals },
      serving: () => status().serving,
      connections: {
        grpc: () => connections.size,
        rest: () => this.#rest?.connections ?? 0,
        admin: () => this.#admin?.connections ?? 0,
      },
    };
    const { openAdmin } = await import('./admin/open-admin.ts');
    this.#admin = await openAdmin(options, guard, tls, { status, metrics, inspector }, logger);
  }

  /** Says where each of them listens. Supervisors wait for these lines. */
  announce(): void {
    const { logger } = this.#options;
    for (const address of this.adminAddresses) logger.warn(`Admin server started. Listening on ${address}`);
    for (const address of this.addresses) logger.warn(`gRPC server started. Listening on ${address}`);
    for (const address of this.restAddresses) logger.warn(`REST server started. Listening on ${address}`);
  }

  get addresses(): readonly string[] {
    return this.#grpc?.addresses ?? [];
  }

  get restAddresses(): readonly string[] {
    return this.#rest?.addresses ?? [];
  }

  get adminAddresses(): readonly string[] {
    return this.#admin?.addresses ?? [];
  }

  /** Null where it is not switched on, or not there yet. */
  get rest(): RestServer | null {
    return this.#rest;
  }

  /** A gRPC connection has ended because its peer broke the protocol. */
  grpcPeerFailed(): void {
    this.#grpc?.peerFailed();
  }

  /** Accepts no more gRPC connections. Those that are there go on. */
  closeGrpc(): void {
    this.#grpc?.close();
  }

  /** Ends the admin listener, with all of its connections. */
  async closeAdmin(): Promise<void> {
    await this.#admin?.close();
  }
}
