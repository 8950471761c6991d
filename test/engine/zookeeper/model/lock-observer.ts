import type { LockInfo } from '../../../../src/contract/lock-info.ts';
import type { LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import { ClusterInspector } from '../../../../src/server/inspection/cluster-inspector.ts';
import type { Watch } from '../../../../src/server/inspection/inspector.ts';
import { WatchedLocks } from '../../../server/inspection/watched-locks.ts';
import type { EngineServer } from './engine-server.ts';
import { must } from './grants-checker.ts';

/** An administrator who lists the locks at a server, and watches them. */
export class LockObserver {
  readonly server: EngineServer;
  readonly watched = new WatchedLocks();
  readonly #inspector: ClusterInspector;
  readonly #watch: Watch;

  constructor(server: EngineServer, paths: LockPaths) {
    const { nodes, engine } = server;
    this.server = server;
    const nowMs = (): number => engine.clock.nowMs();
    this.#inspector = new ClusterInspector({ nodes, paths, local: engine, nowMs });
    this.#watch = this.#inspector.watch({ prefix: '' }, (steps) => this.watched.apply(steps));
  }

  /** Takes nothing for so long. */
  pause(durationMs: number): void {
    this.#watch.pause();
    this.server.nodes.clock.after(durationMs, () => this.#watch.resume());
  }

  /** All locks, page by page; null when there was no answer. */
  async list(pageSize: number): Promise<LockInfo[] | null> {
    const locks: LockInfo[] = [];
    try {
      for (let pageToken = ''; ; ) {
        const page = await this.#inspector.list({ prefix: '', pageSize, pageToken, waiters: true });
        locks.push(...page.locks);
        pageToken = page.nextPageToken;
        if (pageToken === '') return locks;
      }
    } catch {
      return null;
    }
  }

  /** What a listing says, and what the watch has told until then, in the same words; null when there was no answer. */
  async compare(): Promise<{ readonly listed: readonly string[]; readonly told: readonly string[] } | null> {
    const locks = await this.list(1_000);
    return locks && { listed: locks.map(wordsOf).sort(), told: this.watched.describe(wordsOf) };
  }

  /** @throws ViolationError */
  check(): void {
    must(this.watched.problems.length === 0, 'steps of a watch are in order', ...this.watched.problems);
  }

  close(): void {
    this.#watch.close();
    this.#inspector.close();
  }
}

/** Without what only one server knows, such as deadlines. */
function wordsOf(lock: Omit<LockInfo, 'shard'>): string {
  const holders = lock.holders.map(({ claimId, key }) => `${claimId} ${key}`);
  const waiters = lock.waiters.map(({ claimId }) => claimId);
  return `${lock.name} ${lock.size} ${lock.holderCount}/${lock.waiterCount} [${holders}] [${waiters}]`;
}
