import { Limits } from '../base/limits.ts';
import { parsePathMap } from '../config/path-map.ts';
import type { ServerOptions } from '../config/server-options.ts';
import type { HeldRecord } from '../engine/zookeeper/held-record.ts';
import type { RestorePlan } from '../engine/zookeeper/hold-restorer.ts';
import { LockPaths } from '../engine/zookeeper/lock-place.ts';
import type { ZooKeeperOptions } from '../zookeeper/client-options.ts';
import { parseConnectString } from '../zookeeper/connect-string.ts';
import { childOf } from '../zookeeper/node-path.ts';
import { AuthFailedError, NoAuthError, NodeExistsError } from '../zookeeper/server-refusal.ts';
import { CREATOR_ACL, OPEN_ACL } from '../zookeeper/wire/records.ts';
import { ZooKeeperClient } from '../zookeeper/zookeeper-client.ts';
import { ClusterAccessError, checkAccess } from './cluster-access.ts';
import { loadClusterTls } from './cluster-tls.ts';
import type { Logger } from './logger.ts';
import { type SavedSession, SessionFile } from './session-file.ts';

/** How long a server looks for its ensemble when it starts. Whoever has started it is told, and starts it again. */
const CONNECT_MS_MAX = 12_000;

/** The ensemble that a server shares with others, and where the locks are in it. */
export class Cluster {
  readonly nodes: ZooKeeperClient;
  readonly paths: LockPaths;
  /** What another server has left, and this one goes on with; null: nothing. */
  readonly restore: RestorePlan | null;
  readonly #logger: Logger;
  /** Null: what is held ends with the server. */
  readonly #file: SessionFile | null;
  /** Whether nodes of locks vanish with the session. */
  readonly #isEphemeral: boolean;
  #endState: () => void = () => {};
  /** Locks of another server that this one has not gone on with yet: they stay in the file until it has. */
  #unrestored: readonly HeldRecord[];

  private constructor(
    nodes: ZooKeeperClient,
    options: ServerOptions,
    logger: Logger,
    file: SessionFile | null,
    saved: SavedSession | null,
  ) {
    this.nodes = nodes;
    this.paths = new LockPaths(parsePathMap(options.zookeeperPathMap));
    this.#logger = logger;
    this.#file = file;
    this.#isEphemeral = !options.noClearOnDisconnect;
    this.#unrestored = saved?.held ?? [];
    const { defaultLockTimeoutMs } = options;
    const ownNodes = (): Promise<string[]> => nodes.getEphemerals('/');
    const done = (): void => {
      this.#unrestored = [];
      this.#save();
    };
    this.restore = saved === null ? null : { held: saved.held, defaultLockTimeoutMs, ownNodes, done };
    if (file === null) return;
    this.#save();
    this.#endState = nodes.onState((state) => {
      if (state === 'lost') this.#unrestored = [];
      if (state === 'connected') this.#save();
    });
  }

  /**
   * Begins a session with the ensemble, or goes on with that of a server that has stopped; null when the locks are elsewhere.
   *
   * @param signal ends the search for it, with its reason
   * @throws NoServerError, ClusterAccessError, TlsConfigError, SessionFileError, FileLockedError
   */
  static async open(
    options: ServerOptions,
    logger: Logger,
    signal?: AbortSignal | undefined,
  ): Promise<Cluster | null> {
    if (options.engine !== 'zookeeper') return null;
    const settings = { ...clientOptions(options), ...(signal && { signal }) };
    const { zookeeperSessionFile: path, zookeeperConnect: ensemble } = options;
    logger.info({ ensemble }, 'Connecting to ZooKeeper');
    const { chroot } = parseConnectString(ensemble);
    const file = path === '' ? null : await SessionFile.open(path, chroot);
    try {
      const saved = file?.read() ?? null;
      const nodes = await ZooKeeperClient.connect(ensemble, { ...settings, resume: saved?.ticket ?? null });
      await prepare(nodes, options, settings);
      tellSession(nodes, options, saved, logger);
      return new Cluster(nodes, options, logger, file, nodes.resumed ? saved : null);
    } catch (error) {
      file?.close();
      if (error instanceof AuthFailedError) throw ClusterAccessError.forAuth(options.zookeeperAuth, error);
      throw error;
    }
  }

  /** Whether what is held is left to the next server. */
  get keepsOnStop(): boolean {
    return this.#file !== null;
  }

  /**
   * Ends the session, or leaves it with these locks to the next server.
   *
   * What is held now belongs to REST sessions, which nobody tells that the server has ended: their clients have been told for
   * how long the locks are certain, and that is over when the session ends by itself.
   */
  async end(held: readonly HeldRecord[]): Promise<void> {
    this.#endState();
    const isPromised = held.length > 0 && this.#isEphemeral;
    if (this.#file === null && !isPromised) return this.nodes.close();
    const ticket = await this.nodes.detach();
    try {
      if (ticket !== null) this.#file?.write({ ticket, held: [...held, ...this.#unrestored] });
    } finally {
      this.#file?.close();
    }
  }

  /** Without any locks: what a server held that did not stop in order, the next one ends, and does not wait for its session. */
  #save(): void {
    const { ticket } = this.nodes;
    if (ticket === null) return;
    try {
      this.#file!.write({ ticket, held: this.#unrestored });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error({ reason }, 'cannot keep the session with ZooKeeper');
    }
  }
}

function clientOptions(options: ServerOptions): ZooKeeperOptions {
  const { zookeeperAuth, zookeeperAcl, zookeeperSessionTimeoutMs } = options;
  const colon = zookeeperAuth.indexOf(':');
  const credentials = { scheme: zookeeperAuth.slice(0, colon), auth: zookeeperAuth.slice(colon + 1) };
  return {
    sessionTimeoutMs: zookeeperSessionTimeoutMs,
    connectTimeoutMs: CONNECT_MS_MAX,
    requestsMax: Limits.zookeeperRequestsMax,
    auth: zookeeperAuth === '' ? [] : [credentials],
    acl: zookeeperAcl === 'creator' ? CREATOR_ACL : OPEN_ACL,
    tls: loadClusterTls(options),
  };
}

function tellSession(
  { sessionTimeoutMs, resumed }: ZooKeeperClient,
  { zookeeperConnect: ensemble, zookeeperSessionTimeoutMs: askedMs, noClearOnDisconnect }: ServerOptions,
  saved: SavedSession | null,
  logger: Logger,
): void {
  logger.info({ ensemble, session_timeout_ms: sessionTimeoutMs, resumed }, 'Connected to ZooKeeper');
  if (sessionTimeoutMs !== askedMs)
    logger.warn(
      { asked_ms: askedMs, session_timeout_ms: sessionTimeoutMs },
      'ZooKeeper has granted another session timeout than zookeeper_session_timeout asks for',
    );
  if (saved !== null && !resumed && !noClearOnDisconnect)
    logger.warn(
      { locks: saved.held.length },
      'the session of the server before is over, and its locks are gone',
    );
}

/** Sees to it that the server can do its work. If it cannot, the session is left as it was found. */
async function prepare(
  nodes: ZooKeeperClient,
  options: ServerOptions,
  settings: ZooKeeperOptions,
): Promise<void> {
  const { zookeeperConnect: ensemble } = options;
  try {
    // The chroot is a node like any other, which somebody has to make.
    if ((await nodes.exists('/')) === null) await makeChroot(ensemble, settings);
    await checkAccess(nodes, nodes.chroot?.path ?? '', options);
  } catch (error) {
    await (nodes.resumed ? nodes.detach() : nodes.close());
    throw error;
  }
}

/** Makes the node below which everything stands, so that a server can be the first to use it. It stays. */
async function makeChroot(connectString: string, settings: ZooKeeperOptions): Promise<void> {
  const { chroot } = parseConnectString(connectString);
  const ensemble = connectString.slice(0, connectString.indexOf('/'));
  await using root = await ZooKeeperClient.connect(ensemble, settings);
  let path = '/';
  for (const part of chroot.slice(1).split('/')) {
    const parent = path;
    path = childOf(parent, part);
    await root.create(path).catch((error: unknown) => {
      if (error instanceof NoAuthError) throw ClusterAccessError.at(parent, error);
      if (!(error instanceof NodeExistsError)) throw error;
    });
  }
}
