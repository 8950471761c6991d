import { MetricWord } from '../base/metric-words.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import type { AdminGuard } from './admin/admin-guard.ts';
import { createAdminGuard } from './admin/create-admin-guard.ts';
import { assembleServer, type ServerFoundation, type ServerParts } from './assemble-server.ts';
import { Cluster } from './cluster.ts';
import { Grace } from './grace.ts';
import type { Inspector } from './inspection/inspector.ts';
import { LoadProgress } from './load-progress.ts';
import type { Logger } from './logger.ts';
import type { RunningServer, ServerStats } from './running-server.ts';
import { ServerState } from './state.ts';
import { loadTlsOptions } from './tls-context.ts';

/** How long the last answers may take to leave after a shard has failed. */
const FAREWELL_MS = 200;
const PART_FAILED = 'a part of the server has failed';
const LOCKS_LOST = 'the locks of this session are lost';

interface StartSettings {
  /** The module that the threads of the shards run; by default the one that is built with this package. */
  readonly workerUrl?: URL | undefined;
  /** Ends the search for an ensemble, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The life of a server: how its parts begin, one behind the other, and how they end together. */
export class LockServer implements RunningServer {
  readonly closed: Promise<void>;
  readonly #foundation: ServerFoundation;
  readonly #parts: ServerParts;
  #closing: Promise<void> | null = null;
  #abandoning: Promise<void> | null = null;
  #failure: Error | null = null;
  #resolveClosed: () => void = () => {};
  #rejectClosed: (error: Error) => void = () => {};

  private constructor(foundation: ServerFoundation) {
    this.#foundation = foundation;
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    // Whoever does not look at `closed` is not to be ended by it.
    this.closed.catch(ignore);
    this.#parts = assembleServer(foundation, {
      failed: (error) => this.#fail(error),
      locksLost: (sessions) => this.#locksLost(sessions),
    });
  }

  /**
   * Starts a server; resolves when it takes connections.
   *
   * @throws TlsConfigError, ConfigError, BindError, ListenAddressError, StateFileError, FileLockError
   */
  static async start(
    options: ServerOptions,
    logger: Logger,
    { workerUrl, signal }: StartSettings = {},
  ): Promise<LockServer> {
    // What can be wrong with files and addresses is found before threads are started.
    const tls = loadTlsOptions(options);
    const guard = await createAdminGuard(options);
    const state = await ServerState.open(options, logger);
    const cluster = await Cluster.open(options, logger, signal);
    const server = new LockServer({ options, logger, tls, state, cluster, workerUrl });
    try {
      await server.#open(guard);
    } catch (error) {
      await server.#abandon();
      throw error;
    }
    const { readiness, endpoints } = server.#parts;
    readiness.started();
    endpoints.announce();
    return server;
  }

  get addresses(): readonly string[] {
    return this.#parts.endpoints.addresses;
  }

  get restAddresses(): readonly string[] {
    return this.#parts.endpoints.restAddresses;
  }

  get adminAddresses(): readonly string[] {
    return this.#parts.endpoints.adminAddresses;
  }

  /** A look at the locks, for what administers the server. */
  get inspector(): Inspector {
    return this.#parts.inspector;
  }

  stats(): ServerStats {
    const { engine, connections } = this.#parts;
    return {
      connections: connections.size,
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

  async #open(guard: AdminGuard | null): Promise<void> {
    const { options, logger, tls } = this.#foundation;
    const { engine, endpoints, administration, health } = this.#parts;
    // While locks are loaded it says so: alive, and not ready.
    if (guard !== null) await endpoints.openAdmin(guard);
    const progress = new LoadProgress(engine, logger);
    await Promise.race([engine.ready(), this.closed]).finally(() => progress.end());
    if (tls !== null) logger.info('Loaded gRPC TLS configuration');
    if (options.password !== '') logger.info('Loaded gRPC authentication configuration');
    await administration.open(options, health, engine);
    await endpoints.openGrpc();
    await endpoints.openRest();
    // A shard may have died while the addresses were looked up.
    if (this.#failure !== null) throw this.#failure;
  }

  async #close(): Promise<void> {
    const { options, logger, state } = this.#foundation;
    const { engine, inspector, readiness, health, administration, endpoints } = this.#parts;
    logger.warn('Shutting down...');
    readiness.stopping();
    // Its watchers are told and let go: their calls would hold up the end of their connections.
    health.close();
    administration.close();
    endpoints.closeGrpc();
    endpoints.rest?.stop();
    const grace = new Grace(options.shutdownGraceMs);
    // First every waiter gets its answer, then the connections are told to go: whoever is told has been answered.
    await grace.orSooner(engine.stopGranting());
    const clients = this.#clients;
    await grace.orSooner(Promise.all(clients.map((some) => some?.drain())));
    grace.clear();
    for (const some of clients) some?.destroy();
    inspector.close();
    this.#closeLogs();
    try {
      await engine.close();
    } catch (error) {
      this.#rejectClosed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      await endpoints.closeAdmin();
      state?.close();
    }
    if (this.#failure === null) this.#resolveClosed();
  }

  /** Those who have connections of clients. */
  get #clients() {
    const { connections, administration, endpoints } = this.#parts;
    return [connections, administration, endpoints.rest] as const;
  }

  #closeLogs(): void {
    this.#parts.failures.close();
    this.#parts.sessions.close();
  }

  /** For a client of LDLM, the end of its connection is what says that its locks are gone. */
  #locksLost(sessions: ReadonlySet<number>): void {
    const { connections, endpoints } = this.#parts;
    this.#foundation.logger.error(
      { sessions: sessions.size },
      'the session with ZooKeeper is over, and its locks are lost',
    );
    connections.endSessions(sessions, LOCKS_LOST);
    endpoints.rest?.endSessions(sessions);
  }

  /** A shard is lost, and with it the locks that it had: nothing that is still said would be true. */
  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    const { logger, state } = this.#foundation;
    const { engine, inspector, readiness, administration, endpoints } = this.#parts;
    const code = error instanceof LdlmServerError ? error.code : '';
    logger.error({ code }, error.message);
    readiness.failed(error);
    endpoints.closeGrpc();
    administration.close();
    // From here on it is us who ends connections: in the shards that still work, what their clients hold is kept.
    if (state !== null) void engine.stopGranting();
    // Who asks for a look at the locks is answered, too.
    inspector.close();
    for (const some of this.#clients) some?.failAll(PART_FAILED);
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
    const { engine, inspector, health, connections, administration, endpoints } = this.#parts;
    endpoints.closeGrpc();
    connections.destroy();
    endpoints.rest?.destroy();
    this.#closeLogs();
    administration.destroy();
    health.close();
    inspector.close();
    await engine.close();
    await endpoints.closeAdmin();
    this.#foundation.state?.close();
  }
}

function ignore(): void {}
