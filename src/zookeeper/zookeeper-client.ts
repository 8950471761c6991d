import {
  checkConnectString,
  checkCount,
  checkCreate,
  checkCredentials,
  checkData,
  checkMs,
  checkOptions,
  checkTicket,
  checkVersion,
  checkWatcher,
  type ZooKeeperOptions,
} from './client-options.ts';
import { parseConnectString } from './connect-string.ts';
import {
  ANY_VERSION,
  checkOperations,
  createParts,
  type MultiOperation,
  multiPart,
} from './multi-operation.ts';
import { Chroot } from './node-path.ts';
import type { CreatedNode, CreateOptions, Nodes, SessionState, Watcher } from './nodes.ts';
import { addWatch } from './session/add-watch.ts';
import { KeepRunning } from './session/keep-running.ts';
import { multi } from './session/multi.ts';
import * as operations from './session/operations.ts';
import type { RequestParts } from './session/request.ts';
import { Session } from './session/session.ts';
import { SystemClock } from './session/system-clock.ts';
import { tell } from './session/tell.ts';
import { untilConnected } from './session/until-connected.ts';
import type { WatchKind } from './session/watch-registry.ts';
import { NO_SESSION, type SessionTicket } from './wire/handshake.ts';
import { type Acl, OPEN_ACL, type Stat } from './wire/records.ts';
import { MultiFailedError } from './zookeeper-error.ts';

/** A client of a ZooKeeper ensemble, with one session after the other. `await using` closes it. */
export class ZooKeeperClient implements Nodes, AsyncDisposable {
  readonly clock = new SystemClock();
  /** @internal By which the locks make the chroot where it is missing. */
  readonly chroot: Nodes['chroot'];
  readonly #keepRunning = new KeepRunning();
  readonly #chroot: Chroot;
  readonly #acl: readonly Acl[];
  readonly #resume: SessionTicket;
  readonly #session: Session;
  readonly #toClient = (path: string): string => this.#chroot.toClient(path);
  readonly #listeners = new Set<(state: SessionState) => void>();

  private constructor(connectString: string, options: ZooKeeperOptions) {
    const { sessionTimeoutMs = 10_000, requestTimeoutMs = sessionTimeoutMs, requestsMax = 10_000 } = options;
    checkMs('sessionTimeoutMs', sessionTimeoutMs);
    checkMs('requestTimeoutMs', requestTimeoutMs);
    checkCount('requestsMax', requestsMax);
    checkConnectString(connectString);
    const target = parseConnectString(connectString);
    const { tls = false, auth = [] } = options;
    checkCredentials(auth);
    if (options.resume) checkTicket(options.resume);
    this.#acl = options.acl ?? OPEN_ACL;
    this.#chroot = new Chroot(target.chroot);
    this.chroot = this.#aboveChroot(target.chroot);
    this.#resume = copyOf(options.resume ?? NO_SESSION);
    this.#session = new Session({
      target,
      requestTimeoutMs,
      requestsMax,
      auth,
      clock: this.clock,
      firstXid: options.firstXid ?? 0,
      resume: this.#resume,
      timeoutMs: sessionTimeoutMs,
      tls: tls === false ? null : tls === true ? {} : tls,
      keepRunning: this.#keepRunning,
      stateChanged: (state) => this.#stateChanged(state),
      notified: (type, path) => this.#session.watches.fire(path, { type, path: this.#chroot.toClient(path) }),
    });
  }

  /**
   * Begins a session, or goes on with the one of `resume` if it lives: see {@link ZooKeeperClient.resumed}.
   *
   * @param connectString `host1:2181,host2:2181/chroot`: paths are below the chroot then, a node that locks make where
   * it is missing
   * @throws ZooKeeperUseError, NoServerError, AuthFailedError, or the reason of `signal`
   */
  static async connect(connectString: string, options: ZooKeeperOptions = {}): Promise<ZooKeeperClient> {
    checkOptions(options, '{ sessionTimeoutMs: 10000 }');
    const { signal, connectTimeoutMs = 30_000, auth = [] } = options;
    signal?.throwIfAborted();
    checkMs('connectTimeoutMs', connectTimeoutMs);
    const client = new ZooKeeperClient(connectString, options);
    try {
      await untilConnected(client, client.#session, connectTimeoutMs, signal);
      // Wrong credentials are said before this is answered.
      if (auth.length > 0) await client.sync('/');
      return client;
    } catch (error) {
      // Whoever wanted to go on with a session may want to try once more.
      await (client.resumed ? client.detach() : client.close());
      throw error;
    }
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get sessionId(): bigint {
    return this.#session.id;
  }

  /**
   * By which another client can go on with this session, while this one is closed by {@link ZooKeeperClient.detach} or its
   * process has ended: two that use one session at a time close each other's connections. It is as secret as a password.
   * Null: there is no session now.
   */
  get ticket(): SessionTicket | null {
    const { ticket } = this.#session;
    return ticket && copyOf(ticket);
  }

  /** Whether the session is the one that `resume` has named. False: that one was over, or has ended since. */
  get resumed(): boolean {
    return this.sessionId !== 0n && this.sessionId === this.#resume.sessionId;
  }

  /** What the server has granted, in milliseconds. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /** The address from which the server is asked; empty while there is none. */
  get localAddress(): string {
    return this.#session.localAddress;
  }

  isSessionAlive(sessionId: bigint): boolean {
    return this.#session.isAlive(sessionId);
  }

  get sessionLeftMs(): number {
    return this.#session.leftMs;
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  keepRunning(): () => void {
    this.#keepRunning.hold();
    let isHeld = true;
    return () => {
      if (isHeld) this.#keepRunning.release();
      isHeld = false;
    };
  }

  create(path: string, options: CreateOptions = {}): Promise<CreatedNode> {
    return this.#ask(path, (at) => this.#creation(at, options));
  }

  delete(path: string, version = ANY_VERSION): Promise<void> {
    try {
      const at = this.#path(path);
      checkVersion(path, version);
      return this.#session.submit(operations.remove(at, version));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    return this.#ask(path, (at) => {
      const arm = (doesExist: boolean): void => this.#arm(doesExist ? 'data' : 'exists', at, watcher);
      return operations.exists(at, this.#asks('data', at, watcher), arm);
    });
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: Buffer; stat: Stat }> {
    return this.#ask(path, (at) =>
      operations.getData(at, this.#asks('data', at, watcher), () => this.#arm('data', at, watcher)),
    );
  }

  setData(path: string, data: Uint8Array, version = ANY_VERSION): Promise<Stat> {
    return this.#ask(path, (at) => {
      checkVersion(path, version);
      checkData(path, data);
      return operations.setData(at, data, version);
    });
  }

  getChildren(path: string, watcher?: Watcher): Promise<{ children: string[]; stat: Stat }> {
    return this.#ask(path, (at) =>
      operations.getChildren(at, this.#asks('children', at, watcher), () =>
        this.#arm('children', at, watcher),
      ),
    );
  }

  removeWatcher(path: string, watcher: Watcher): void {
    this.#session.watches.remove(this.#chroot.toServer(path), watcher);
  }

  /**
   * Tells of all events of a node, which need not exist: `created`, `deleted`, `dataChanged` and `childrenChanged`; with
   * `recursive` of those of all nodes at or below the path, without `childrenChanged`. It goes on until what is returned is
   * called.
   *
   * What happens while no server is connected is not told later either, other than with the watches for one event. Instead
   * `reconnected` is told once on each new connection: what was known before may be old, and what is read from then on is
   * followed. `lost` is the last event: the session is over, or a server of before 3.6 was connected, which does not know such
   * watches.
   *
   * @returns what ends it
   * @throws UnimplementedError from servers before 3.6, which close the connection; ZooKeeperUseError while the node has a
   * watch of the other kind
   */
  async addWatch(
    path: string,
    options: { readonly recursive?: boolean },
    watcher: Watcher,
  ): Promise<() => void> {
    checkOptions(options, '{ recursive: true }', path);
    checkWatcher(path, watcher);
    const { recursive = false } = options;
    const kind = recursive ? 'persistentRecursive' : 'persistent';
    return addWatch(this.#session, this.#path(path), kind, watcher);
  }

  sync(path: string): Promise<void> {
    return this.#ask(path, operations.sync);
  }

  /**
   * The paths of all ephemeral nodes of this session at or below a path, sorted. Servers before 3.6 refuse that, and close the
   * connection.
   *
   * @throws UnimplementedError, or another ZooKeeperError
   */
  getEphemerals(prefixPath = '/'): Promise<string[]> {
    return this.#ask(prefixPath, (at) => operations.getEphemerals(at, this.#toClient));
  }

  getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.#ask(path, operations.getAcl);
  }

  setAcl(path: string, acl: readonly Acl[], version = ANY_VERSION): Promise<Stat> {
    return this.#ask(path, (at) => {
      checkVersion(path, version);
      return operations.setAcl(at, acl, version);
    });
  }

  /**
   * All of these operations, or none.
   *
   * @returns for each, the path of what was created and the Stat of what was created or written, or null
   * @throws MultiFailedError with the reason for each operation; ZooKeeperUseError where one of them cannot be
   */
  async multi(
    asked: readonly MultiOperation[],
  ): Promise<readonly { readonly path: string | null; readonly stat: Stat | null }[]> {
    checkOperations(asked);
    const parts = asked.map((operation) => multiPart(operation, this.#path(operation.path), this.#acl));
    const reply = await this.#session.submit(multi(parts));
    if ('errors' in reply) throw new MultiFailedError(reply.errors);
    return reply.results.map(({ path, stat }) => ({
      path: path === null ? null : this.#chroot.toClient(path),
      stat,
    }));
  }

  /** Ends the session, and with it all that it holds. What waits rejects with ClientClosedError. */
  async close(): Promise<void> {
    await this.#session.close();
    this.#keepRunning.close();
  }

  /**
   * Closes the client and leaves its session to a successor, which can go on with it until it has timed out. What was asked
   * before is answered; what waits rejects with ClientClosedError, and to this client its locks are lost. Their nodes stay,
   * and so do those that only wait for a lock, and hold up whoever is behind them: see {@link ZooKeeperClient.getEphemerals}.
   *
   * @returns the ticket for `resume`; null: there is no session to go on with
   */
  async detach(): Promise<SessionTicket | null> {
    const { ticket } = this;
    await this.#session.detach();
    this.#keepRunning.close();
    return ticket;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Gives the connection up, as a fault of the network would. */
  dropConnection(): void {
    this.#session.dropConnection();
  }

  #path(path: string): operations.RequestPath {
    return { server: this.#chroot.toServer(path), client: path };
  }

  /** Without a promise of its own: what cannot be asked rejects all the same. */
  #ask<Reply>(path: string, parts: (at: operations.RequestPath) => RequestParts<Reply>): Promise<Reply> {
    try {
      return this.#session.submit(parts(this.#path(path)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #aboveChroot(chroot: string): Nodes['chroot'] {
    if (chroot === '') return undefined;
    return {
      path: chroot,
      create: async (path, options = {}) =>
        this.#session.submit(this.#creation({ server: path, client: path }, options)),
    };
  }

  #creation(at: operations.RequestPath, options: CreateOptions): RequestParts<CreatedNode> {
    checkCreate(at.client, options);
    return operations.create(at, createParts(options, this.#acl), this.#toClient);
  }

  /** Whether the server is to set a watch, for whoever asks when the request is sent. */
  #asks(kind: WatchKind, { server }: operations.RequestPath, watcher: Watcher | undefined): () => boolean {
    return () => watcher !== undefined && !this.#session.watches.persistent.covers(kind, server);
  }

  #arm(kind: WatchKind, { server }: operations.RequestPath, watcher: Watcher | undefined): void {
    if (watcher !== undefined) this.#session.watches.add(kind, server, watcher);
  }

  #stateChanged(state: SessionState): void {
    if (state === 'lost' || state === 'closed') this.#session.watches.loseAll(this.#toClient);
    for (const listener of [...this.#listeners]) tell(listener, state);
  }
}

/** Whoever writes to the bytes that he gave or was given changes nothing here. */
function copyOf({ sessionId, password }: SessionTicket): SessionTicket {
  return { sessionId, password: Buffer.from(password) };
}
