import type {
  CreatedNode,
  CreateOptions,
  Nodes,
  SessionState,
  Watcher,
} from '../../../src/zookeeper/nodes.ts';
import type { WatchKind } from '../../../src/zookeeper/session/watch-registry.ts';
import type { Stat } from '../../../src/zookeeper/wire/records.ts';
import type { ClientClock } from './client-clock.ts';
import type { ModelEnsemble } from './model-ensemble.ts';
import { ModelSession, type ModelSessionOptions } from './model-session.ts';
import type { Write, Written } from './model-tree.ts';

/** A ZooKeeper client over the model. */
export class ModelNodes implements Nodes {
  readonly session: ModelSession;
  /** How often `keepRunning` was called and not ended. */
  kept = 0;
  readonly #ensemble: ModelEnsemble;

  constructor(ensemble: ModelEnsemble, options: ModelSessionOptions = {}) {
    this.#ensemble = ensemble;
    this.session = new ModelSession(ensemble, options);
  }

  get clock(): ClientClock {
    return this.session.clock;
  }

  get state(): SessionState {
    return this.session.state;
  }

  get sessionId(): bigint {
    return this.session.sessionId;
  }

  isSessionAlive(sessionId: bigint): boolean {
    return this.session.isSessionAlive(sessionId);
  }

  get sessionLeftMs(): number {
    return this.session.sessionLeftMs;
  }

  onState(listener: (state: SessionState) => void): () => void {
    return this.session.onState(listener);
  }

  close(): void {
    this.session.close();
  }

  keepRunning(): () => void {
    this.kept++;
    let isKept = true;
    return () => {
      if (isKept) this.kept--;
      isKept = false;
    };
  }

  create(path: string, options: CreateOptions = {}): Promise<CreatedNode> {
    const { mode = 'persistent', ttlMs = 0 } = options;
    const data = Buffer.from(options.data ?? '');
    return this.#write(
      path,
      (sessionId) => ({ kind: 'create', path, mode, data, ttlMs, sessionId }),
      ({ path: created, stat }) => ({ path: created, stat: stat! }),
    );
  }

  delete(path: string, version = -1): Promise<void> {
    return this.#write(
      path,
      () => ({ kind: 'delete', path, version }),
      () => {},
    );
  }

  setData(path: string, data: Uint8Array, version = -1): Promise<Stat> {
    const bytes = Buffer.from(data);
    return this.#write(
      path,
      () => ({ kind: 'setData', path, data: bytes, version }),
      ({ stat }) => stat!,
    );
  }

  exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    return this.session.request(
      path,
      'read',
      (link) => link.replica.exists(path, watcher === undefined ? null : link),
      (stat) => this.#watch(stat === null ? 'exists' : 'data', path, watcher),
    );
  }

  getData(path: string, watcher?: Watcher): Promise<{ readonly data: Buffer; readonly stat: Stat }> {
    return this.session.request(
      path,
      'read',
      (link) => link.replica.getData(path, watcher === undefined ? null : link),
      () => this.#watch('data', path, watcher),
    );
  }

  getChildren(
    path: string,
    watcher?: Watcher,
  ): Promise<{ readonly children: readonly string[]; readonly stat: Stat }> {
    return this.session.request(
      path,
      'read',
      (link) => link.replica.getChildren(path, watcher === undefined ? null : link),
      () => this.#watch('children', path, watcher),
    );
  }

  removeWatcher(path: string, watcher: Watcher): void {
    this.session.watches.remove(path, watcher);
  }

  sync(path: string): Promise<void> {
    return this.session.request(path, 'sync', (link) => link.replica.catchUp());
  }

  /** All nodes that vanish with the session. */
  getEphemerals(): Promise<string[]> {
    return this.session.request('/', 'read', (link) => link.replica.ephemeralsOf(this.sessionId));
  }

  /** Recursive ones only. */
  async addWatch(path: string, _options: object, watcher: Watcher): Promise<() => void> {
    const { session } = this;
    const { persistent } = session.watches;
    const watch = persistent.add({ server: path, client: path }, 'persistentRecursive', watcher);
    const end = (): void => {
      if (persistent.delete(path, watch)) session.link?.replica.unwatchAll(path, session.link);
    };
    try {
      await session.request(
        path,
        'read',
        (link) => {
          persistent.asked(path);
          link.replica.watchAll(path, link);
        },
        () => {
          watch.isArmed = true;
        },
      );
      return end;
    } catch (error) {
      end();
      throw error;
    }
  }

  #watch(kind: WatchKind, path: string, watcher: Watcher | undefined): void {
    if (watcher !== undefined) this.session.watches.add(kind, path, watcher);
  }

  #write<T>(
    path: string,
    writeOf: (sessionId: bigint) => Write,
    answerOf: (written: Written) => T,
  ): Promise<T> {
    return this.session.request(path, 'write', (link) => {
      const { sessionId } = this.session;
      const written = link.replica.write(sessionId, writeOf(sessionId), this.#ensemble.time.nowMs);
      this.#ensemble.follow();
      return answerOf(written);
    });
  }
}
