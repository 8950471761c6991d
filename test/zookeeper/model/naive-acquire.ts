import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import type { Nodes, SessionState, WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { ClientClosedError, SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import type { AcquireOptions } from './lock-under-test.ts';
import type { NaiveBug } from './naive-bug.ts';
import { NaiveEntry, numberOf, type OwnNode } from './naive-entry.ts';

/** Whom to wait for, by the names in the queue in order: for nobody when the lock is held. Null: our node is gone. */
export type Rule = (names: readonly string[], own: string) => readonly string[] | null;

/** One attempt to get into the queue and to its front. It goes on behind a refusal, until no node of it can be left. */
export class NaiveAcquire {
  readonly granted: Promise<OwnNode>;
  readonly #nodes: Nodes;
  readonly #path: string;
  readonly #rule: Rule;
  readonly #bug: NaiveBug | null;
  readonly #cleanUp: (() => void)[] = [];
  readonly #entry: NaiveEntry;
  #isStopped = false;
  #wake = (_: WatchEvent['type'] | null) => {};
  #resolve!: (own: OwnNode) => void;
  #reject!: (error: unknown) => void;

  constructor(
    nodes: Nodes,
    path: string,
    kind: string,
    rule: Rule,
    options: AcquireOptions,
    bug: NaiveBug | null,
  ) {
    this.#nodes = nodes;
    this.#path = path;
    this.#entry = new NaiveEntry(nodes, path, kind, bug);
    this.#rule = rule;
    this.#bug = bug;
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { timeoutMs, signal } = options;
    const abort = () => this.#stop(signal.reason);
    signal.addEventListener('abort', abort);
    this.#cleanUp.push(() => signal.removeEventListener('abort', abort));
    if (timeoutMs !== null)
      this.#cleanUp.push(nodes.clock.after(timeoutMs, () => this.#stop(new Error('no lock in time'))));
    this.#cleanUp.push(nodes.onState((state) => this.#stateChanged(state)));
    if (signal.aborted) abort();
    void this.#run();
  }

  #stateChanged(state: SessionState): void {
    if (state === 'closed') return this.#stop(new ClientClosedError());
    if (state === 'lost') this.#entry.leaveSession();
    if (this.#bug !== 'deaf to the loss of the session') this.#wake(null);
  }

  #stop(reason: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const end of this.#cleanUp) end();
    if (this.#bug === 'cleans up before it refuses')
      void this.#entry
        .leave()
        .finally(() => this.#reject(reason))
        .catch(() => {});
    else this.#reject(reason);
    this.#wake(null);
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        if (this.#isStopped) return await this.#entry.leave();
        if (await this.#try()) return;
      } catch (error) {
        if (error instanceof ClientClosedError) return this.#stop(error);
        if (error instanceof SessionExpiredError) this.#entry.leaveSession();
        else if (error instanceof NoNodeError && this.#bug === 'gives up without a parent')
          return this.#stop(error);
        else if (error instanceof NoNodeError) await this.#entry.makeParents().catch(() => {});
      }
      if (this.#nodes.state === 'closed') return this.#stop(new ClientClosedError());
    }
  }

  async #try(): Promise<boolean> {
    const nodes = this.#nodes;
    const own = this.#entry.own ?? (await this.#entry.enter());
    this.#entry.own = own;
    if (own === null || this.#isStopped) return false;
    const { children } = await nodes.getChildren(this.#path);
    const all = this.#bug === 'takes junk for somebody' ? children : children.filter(isContender);
    const names = this.#bug === 'sorts by the whole name' ? all.toSorted() : inOrder(all);
    const before = this.#rule(names, nameOf(own.path));
    if (this.#isStopped) return false;
    if (before === null) this.#entry.own = null;
    else if (before.length === 0) return this.#grant(own);
    else return await this.#waitFor(before, own);
    return false;
  }

  #grant(own: OwnNode): boolean {
    if (!this.#nodes.isSessionAlive(own.sessionId)) {
      if (own.sessionId !== this.#nodes.sessionId) this.#entry.own = null;
      return false;
    }
    this.#isStopped = true;
    for (const end of this.#cleanUp) end();
    this.#resolve(own);
    return true;
  }

  async #waitFor(names: readonly string[], own: OwnNode): Promise<boolean> {
    const woken = new Promise<WatchEvent['type'] | null>((resolve) => {
      this.#wake = resolve;
    });
    const watcher = ({ type }: WatchEvent) => {
      if (type !== 'lost' || this.#bug !== 'deaf to the loss of the session') this.#wake(type);
    };
    const paths = names.map((name) => childOf(this.#path, name));
    try {
      if (this.#bug === 'waits for a node that is gone') await this.#nodes.exists(paths[0]!, watcher);
      else {
        // All of them are answered before any watch is taken back: an answer behind that would put it there again.
        const asked = paths.map((path) => this.#nodes.getData(path, watcher));
        await Promise.allSettled(asked);
        await Promise.all(asked);
      }
      const type = await woken;
      return this.#bug === 'takes the event for the grant' && type === 'deleted' && this.#grant(own);
    } catch (error) {
      if (error instanceof NoNodeError) return false;
      throw error;
    } finally {
      for (const path of paths) this.#nodes.removeWatcher(path, watcher);
      if (this.#bug === 'leaves a watch behind') this.#nodes.exists(paths[0]!, watcher).catch(() => {});
    }
  }
}

function isContender(name: string): boolean {
  return /(?:lock-|__READ__|__WRIT__)\d{10}$/.test(name);
}

function inOrder(children: readonly string[]): string[] {
  return [...children].sort((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1));
}
