import type { TlsOptions } from 'node:tls';
import { Limits } from '../base/limits.ts';
import { MetricWord } from '../base/metric-words.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import type { ServerEngine } from '../engine/engine.ts';
import { AnswerCounts } from '../protocol/grpc/answer-counts.ts';
import { AssemblyBudget } from '../protocol/grpc/incoming-message.ts';
import type { AdminGuard } from './admin/admin-guard.ts';
import type { AdminHttp } from './admin/admin-http.ts';
import { createAdminGuard } from './admin/create-admin-guard.ts';
import type { AdminSources } from './admin/open-admin.ts';
import { Administration } from './administration.ts';
import { Cluster } from './cluster.ts';
import { Connections } from './connections.ts';
import { EngineListener } from './engine-listener.ts';
import { type EngineRoom, openEngineRoom } from './engine-room.ts';
import { FailureLog } from './failure-log.ts';
import { Grace } from './grace.ts';
import type { Inspector } from './inspection/inspector.ts';
import { Listeners } from './listeners.ts';
import { LoadProgress } from './load-progress.ts';
import type { Logger } from './logger.ts';
import { ArrivalCounts } from './metrics/door-metrics.ts';
import { packageVersion } from './package-version.ts';
import { passwordCheck } from './password.ts';
import { openRest } from './rest/open-rest.ts';
import type { RestServer, RestServerOptions } from './rest/rest-server.ts';
import type { RunningServer, ServerStats } from './running-server.ts';
import { describeShards, type ServerInfo } from './server-info.ts';
import type { ServerStatus } from './server-status.ts';
import { HealthService } from './services/health-service.ts';
import { clientServices } from './services/services.ts';
import { SessionDirectory } from './session-directory.ts';
import { ServerState } from './state.ts';
import { loadTlsOptions } from './tls-context.ts';
import { TurnPacer } from './turn-pacer.ts';

/** How long the last answers may take to leave after a shard has failed. */
const FAREWELL_MS = 200;
const PART_FAILED = 'a part of the server has failed';
const LOCKS_LOST = 'the locks of this session are lost';
const STATE_FILE_TEXTS = {
  suspended: 'no room to write the state file: nothing is locked until there is',
  resumed: 'the state file can be written again',
};
const ENSEMBLE_TEXTS = {
  suspended: 'ZooKeeper cannot be reached: nothing is locked until it can',
  resumed: 'ZooKeeper can be reached again',
};

/** The server: engine, connections and listeners put together, and their common end. */
export class LockServer implements RunningServer {
  readonly closed: Promise<void>;
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #health = new HealthService();
  readonly #answers = new AnswerCounts();
  readonly #arrivals = new ArrivalCounts();
  readonly #administration: Administration;
  readonly #sessions: SessionDirectory;
  readonly #failures: FailureLog;
  readonly #connections: Connections;
  readonly #listener: EngineListener;
  readonly #engine: ServerEngine;
  readonly #inspector: EngineRoom['inspector'];
  readonly #isSharded: boolean;
  readonly #pacer = new TurnPacer(() => this.#engine.sumOf(MetricWord.Requests));
  readonly #state: ServerState | null;
  readonly #cluster: Cluster | null;
  #listeners: Listeners | null = null;
  #rest: RestServer | null = null;
  #admin: AdminHttp | null = null;
  #closing: Promise<void> | null = null;
  #abandoning: Promise<void> | null = null;
  #failure: Error | null = null;
  readonly #startedAtMs = Date.now();
  readonly #stalledShards = new Set<number>();
  readonly #suspendedShards = new Set<number>();
  #resolveClosed: () => void = () => {};
  #rejectClosed: (error: Error) => void = () => {};

  private constructor(
    options: ServerOptions,
    logger: Logger,
    state: ServerState | null,
    cluster: Cluster | null,
    workerUrl: URL | undefined,
  ) {
    this.#options = options;
    this.#logger = logger;
    this.#state = state;
    this.#cluster = cluster;
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    // Whoever does not look at `closed` is not to be ended by it.
    this.closed.catch(ignore);
    this.#sessions = new SessionDirectory(logger);
    this.#failures = new FailureLog(logger, this.#sessions);
    this.#administration = new Administration({
      logger,
      inspector: () => this.#inspector,
      nowMs: () => this.#engine.clock.nowMs(),
      pace: () => this.#pacer.next(),
      info: () => this.#describe(),
    });
    this.#connections = new Connections({
      grpc: {
        services: clientServices(this.#health, options.remoteAdmin ? this.#administration.service : null),
        authorize: passwordCheck(options.password),
        assembly: new AssemblyBudget(Limits.assemblyBytesMax, null),
        answers: this.#answers,
      },
      sessions: this.#sessions,
      failures: this.#failures,
      nowMs: () => this.#engine.clock.nowMs(),
      keepaliveIntervalMs: options.keepaliveIntervalMs,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs,
      // With a state file, a stop keeps the locks of those who leave.
      keepsGrants: options.noClearOnDisconnect || state !== null || cluster?.keepsOnStop === true,
      peerFailed: () => {
        this.#arrivals.failed++;
        this.#listeners?.peerFailed();
      },
    });
    this.#listener = new EngineListener(this.#connections, this.#sessions, {
      failed: (error) => this.#fail(error),
      suspended: (shard, suspended) => this.#shardSuspended(shard, suspended),
      locksLost: (sessions) => this.#locksLost(sessions),
    });
    const room = openEngineRoom({
      ...{ options, logger, state, cluster, workerUrl },
      ...{ listener: this.#listener, sessions: this.#sessions, pace: () => this.#pacer.next() },
      onHealth: (shard, healthy) => this.#shardHealth(shard, healthy),
    });
    this.#engine = room.engine;
    this.#inspector = room.inspector;
    this.#isSharded = room.isSharded;
    this.#connections.attach(this.#engine);
  }

  /**
   * Starts a server; resolves when it takes connections.
   *
   * @param workerUrl the module that the threads of the shards run; by default the one that is built with this package
   * @throws TlsConfigError, ConfigError, BindError, ListenAddressError, StateFileError, FileLockError
   */
  static async start(options: ServerOptions, logger: Logger, workerUrl?: URL): Promise<LockServer> {
    // What can be wrong with files and addresses is found before threads are started.
    const tls = loadTlsOptions(options);
    const guard = await createAdminGuard(options);
    const state = await ServerState.open(options, logger);
    const cluster = await Cluster.open(options, logger);
    const server = new LockServer(options, logger, state, cluster, workerUrl);
    try {
      // While locks are loaded it says so: alive, and not ready.
      if (guard !== null) await server.#openAdmin(guard, tls);
      const progress = new LoadProgress(server.#engine, logger);
      await Promise.race([server.#engine.ready(), server.closed]).finally(() => progress.end());
      if (tls !== null) logger.info('Loaded gRPC TLS configuration');
      if (options.password !== '') logger.info('Loaded gRPC authentication configuration');
      await server.#administration.open(options, server.#health, server.#engine);
      server.#listeners = await Listeners.open(options.listenAddress, tls, {
        accept: (socket) => server.#connections.accept(socket),
        // The system is out of something, for a moment: who waits to be accepted goes on waiting.
        failed: (error) => logger.error({ error: error.message }, 'cannot accept connections'),
        handshakeFailed: (address, reason) => server.#failures.handshakeFailed(address, reason),
        turnedAway: (count) => {
          server.#arrivals.turnedAway += count;
          logger.warn({ count }, 'too many new connections: some were turned away');
        },
      });
      server.#rest = await openRest(server.#restOptions(tls), server.#listener);
      // A shard may have died while the addresses were looked up.
      if (server.#failure !== null) throw server.#failure;
    } catch (error) {
      await server.#abandon();
      throw error;
    }
    server.#updateHealth();
    for (const address of server.adminAddresses) {
      logger.warn(`Admin server started. Listening on ${address}`);
    }
    for (const address of server.addresses) logger.warn(`gRPC server started. Listening on ${address}`);
    for (const address of server.restAddresses) logger.warn(`REST server started. Listening on ${address}`);
    return server;
  }

  get addresses(): readonly string[] {
    return this.#listeners?.addresses ?? [];
  }

  get restAddresses(): readonly string[] {
    return this.#rest?.addresses ?? [];
  }

  /** A look at the locks, for what administers the server. */
  get inspector(): Inspector {
    return this.#inspector;
  }

  get adminAddresses(): readonly string[] {
    return this.#admin?.addresses ?? [];
  }

  stats(): ServerStats {
    const engine = this.#engine;
    return {
      connections: this.#connections.size,
      locks: engine.sumOf(MetricWord.Locks),
      holders: engine.sumOf(MetricWord.Holders),
      waiters: engine.sumOf(MetricWord.Waiters),
      sessions: engine.sumOf(MetricWord.Sessions),
      grants: engine.sumOf(MetricWord.Grants),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#logger.warn('Shutting down...');
    // Its watchers are told and let go: their calls would hold up the end of their connections.
    this.#health.close();
    this.#administration.close();
    this.#listeners?.close();
    this.#rest?.stop();
    const grace = new Grace(this.#options.shutdownGraceMs);
    // First every waiter gets its answer, then the connections are told to go: whoever is told has been answered.
    await grace.orSooner(this.#engine.stopGranting());
    const clients = [this.#connections, this.#administration, this.#rest];
    await grace.orSooner(Promise.all(clients.map((some) => some?.drain())));
    grace.clear();
    for (const some of clients) some?.destroy();
    this.#inspector.close();
    this.#failures.close();
    this.#sessions.close();
    try {
      await this.#engine.close();
    } catch (error) {
      this.#rejectClosed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      await this.#admin?.close();
      this.#state?.close();
    }
    if (this.#failure === null) this.#resolveClosed();
  }

  #restOptions(tls: TlsOptions | null): RestServerOptions {
    return {
      engine: this.#engine,
      directory: this.#sessions,
      options: this.#options,
      logger: this.#logger,
      tls,
      nowMs: () => this.#engine.clock.nowMs(),
      inspector: this.#options.remoteAdmin ? this.#inspector : null,
      arrivals: this.#arrivals,
    };
  }

  #describe(): ServerInfo {
    const nowMs = this.#engine.clock.nowMs();
    return {
      version: packageVersion(),
      startedAtMs: this.#startedAtMs,
      uptimeMs: nowMs - this.#startedAtMs,
      grpcAddresses: this.addresses,
      restAddresses: this.restAddresses,
      adminAddresses: this.adminAddresses,
      stateFile: this.#options.stateFile,
      serving: this.#health.serving,
      grpcConnections: this.#connections.size,
      restSessions: this.#sessions.count('rest'),
      shards: describeShards(this.#engine.metricMemory, this.#engine.shards),
    };
  }

  async #openAdmin(guard: AdminGuard, tls: TlsOptions | null): Promise<void> {
    const metrics: AdminSources['metrics'] = {
      engine: this.#engine,
      isSharded: this.#isSharded,
      sessions: this.#sessions,
      connections: {
        grpc: () => this.#connections.size,
        rest: () => this.#rest?.connections ?? 0,
        admin: () => this.#admin?.connections ?? 0,
      },
      arrivals: this.#arrivals,
      answers: this.#answers,
      serving: () => this.#health.serving,
    };
    const sources = { status: () => this.#status(), metrics, inspector: this.#inspector };
    const { openAdmin } = await import('./admin/open-admin.ts');
    this.#admin = await openAdmin(this.#options, guard, tls, sources, this.#logger);
  }

  #status(): ServerStatus {
    const { serving } = this.#health;
    return { serving, reason: serving ? '' : this.#whyNotServing(), failed: this.#failure !== null };
  }

  #whyNotServing(): string {
    if (this.#failure !== null) return this.#failure.message;
    if (this.#closing !== null) return 'the server is shutting down';
    const [stalled] = this.#stalledShards;
    if (stalled !== undefined) return `shard ${stalled} makes no progress`;
    const [suspended] = this.#suspendedShards;
    if (suspended !== undefined)
      return this.#cluster === null
        ? `shard ${suspended} has no room to write its state file`
        : 'ZooKeeper cannot be reached';
    return 'the server is starting';
  }

  #shardHealth(shard: number, healthy: boolean): void {
    if (healthy) this.#logger.warn({ shard }, 'shard works again');
    else this.#logger.error({ shard }, 'shard makes no progress');
    if (healthy) this.#stalledShards.delete(shard);
    else this.#stalledShards.add(shard);
    this.#updateHealth();
  }

  #shardSuspended(shard: number, suspended: boolean): void {
    const texts = this.#cluster === null ? STATE_FILE_TEXTS : ENSEMBLE_TEXTS;
    if (suspended) {
      this.#logger.error({ shard }, texts.suspended);
      this.#suspendedShards.add(shard);
    } else {
      this.#logger.warn({ shard }, texts.resumed);
      this.#suspendedShards.delete(shard);
    }
    this.#updateHealth();
  }

  #updateHealth(): void {
    if (this.#closing !== null || this.#failure !== null) return;
    this.#health.setServing(this.#stalledShards.size === 0 && this.#suspendedShards.size === 0);
  }

  /** For a client of LDLM, the end of its connection is what says that its locks are gone. */
  #locksLost(sessions: ReadonlySet<number>): void {
    this.#logger.error(
      { sessions: sessions.size },
      'the session with ZooKeeper is over, and its locks are lost',
    );
    this.#connections.endSessions(sessions, LOCKS_LOST);
    this.#rest?.endSessions(sessions);
  }

  /** A shard is lost, and with it the locks that it had: nothing that is still said would be true. */
  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    const code = error instanceof LdlmServerError ? error.code : '';
    this.#logger.error({ code }, error.message);
    this.#health.setServing(false);
    this.#listeners?.close();
    this.#administration.close();
    // From here on it is us who ends connections: in the shards that still work, what their clients hold is kept.
    if (this.#state !== null) void this.#engine.stopGranting();
    // Who asks for a look at the locks is answered, too.
    this.#inspector.close();
    for (const some of [this.#connections, this.#administration, this.#rest]) some?.failAll(PART_FAILED);
    // The answers have a moment to leave; then the process has nothing left to do.
    setTimeout(() => {
      this.#rejectClosed(error);
      void this.#abandon();
    }, FAREWELL_MS);
  }

  #abandon(): Promise<void> {
    this.#abandoning ??= this.#abandonOnce();
    return this.#abandoning;
  }

  async #abandonOnce(): Promise<void> {
    this.#listeners?.close();
    this.#connections.destroy();
    this.#rest?.destroy();
    this.#failures.close();
    this.#sessions.close();
    this.#administration.destroy();
    this.#health.close();
    this.#inspector.close();
    await this.#engine.close();
    await this.#admin?.close();
    this.#state?.close();
  }
}

function ignore(): void {}
