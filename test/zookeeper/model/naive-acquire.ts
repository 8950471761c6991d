import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import type { Nodes, SessionState, WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { NodeExistsError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { ClientClosedError, SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import type { AcquireOptions } from './lock-under-test.ts';
import { pathsTo } from './model-tree.ts';
import type { NaiveBug } from './naive-bug.ts';

/** The node that stands in the queue for us. */
export interface OwnNode {
  readonly path: string;
  readonly czxid: bigint;
  readonly sessionId: bigint;
}

/** Whom to wait for, by the names in the queue in order: for nobody when the lock is held. Null: our node is gone. */
export type Rule = (names: readonly string[], own: string) => readonly string[] | null;

let lastId = 0;

export function numberOf(name: string): string {
  return name.slice(-10);
}

/** One attempt to get into the queue and to its front. It goes on behind a refusal, until no node of it can be left. */
export class NaiveAcquire {
  readonly granted: Promise<OwnNode>;
  readonly #nodes: Nodes;
  readonly #path: string;
  readonly #kind: string;
  readonly #rule: Rule;
  readonly #bug: NaiveBug | null;
  readonly #cleanUp: (() => void)[] = [];
  #own: OwnNode | null = null;
  #id = '';
  /** A create was not answered: there may be a node with our id. */
  #isInDoubt = false;
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
    this.#kind = kind;
    this.#rule = rule;
    this.#bug = bug;
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#newId();
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

  #newId(): void {
    this.#id = `_c_${String(++lastId % 1e6).padStart(6, '0')}`;
  }

  #stateChanged(state: SessionState): void {
    if (state === 'closed') return this.#stop(new ClientClosedError());
    if (state === 'lost') this.#leaveSession();
    if (this.#bug !== 'deaf to the loss of the session') this.#wake(null);
  }

  #leaveSession(): void {
    if (this.#bug === 'adopts what an old session left' && this.#isInDoubt) return;
    if (this.#bug === 'deaf to the loss of the session') return;
    this.#own = null;
    this.#isInDoubt = false;
    this.#newId();
  }

  #stop(reason: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const end of this.#cleanUp) end();
    this.#reject(reason);
    this.#wake(null);
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        if (this.#isStopped) return await this.#leaveQueue();
        if (await this.#try()) return;
      } catch (error) {
        if (error instanceof ClientClosedError) return this.#stop(error);
        if (error instanceof SessionExpiredError) this.#leaveSession();
        else if (error instanceof NoNodeError && this.#bug === 'gives up without a parent')
          return this.#stop(error);
        else if (error instanceof NoNodeError) await this.#makeParents().catch(() => {});
      }
      if (this.#nodes.state === 'closed') return this.#stop(new ClientClosedError());
    }
  }

  async #try(): Promise<boolean> {
    const nodes = this.#nodes;
    const own = this.#own ?? (await this.#enter());
    this.#own = own;
    if (own === null || this.#isStopped) return false;
    const { children } = await nodes.getChildren(this.#path);
    const all = this.#bug === 'takes junk for somebody' ? children : children.filter(isContender);
    const names = this.#bug === 'sorts by the whole name' ? all.toSorted() : inOrder(all);
    const before = this.#rule(names, nameOf(own.path));
    if (this.#isStopped) return false;
    if (before === null) this.#own = null;
    else if (before.length === 0) return this.#grant(own);
    else return await this.#waitFor(before, own);
    return false;
  }

  #grant(own: OwnNode): boolean {
    const isAlive =
      this.#bug === 'trusts the state'
        ? this.#nodes.state === 'connected'
        : this.#nodes.isSessionAlive(own.sessionId);
    if (!isAlive) {
      if (own.sessionId !== this.#nodes.sessionId) this.#own = null;
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
      else await Promise.all(paths.map((path) => this.#nodes.getData(path, watcher)));
      const type = await woken;
      return this.#bug === 'takes the event for the grant' && type === 'deleted' && this.#grant(own);
    } catch (error) {
      if (error instanceof NoNodeError) return false;
      throw error;
    } finally {
      for (const path of paths) this.#nodes.removeWatcher(path, watcher);
    }
  }

  async #enter(): Promise<OwnNode | null> {
    if (this.#isInDoubt) {
      const found = await this.#find();
      this.#isInDoubt = false;
      if (found !== null) return found;
    }
    this.#isInDoubt = this.#bug !== 'forgets a create that was not answered';
    const id = this.#id;
    const prefix = childOf(this.#path, `${id}-${this.#kind}`);
    try {
      const { path, stat } = await this.#nodes.create(prefix, { mode: 'ephemeralSequential' });
      if (id === this.#id) this.#isInDoubt = false;
      return { path, czxid: stat.czxid, sessionId: stat.ephemeralOwner };
    } catch (error) {
      if (error instanceof NoNodeError) this.#isInDoubt = false;
      throw error;
    }
  }

  async #find(): Promise<OwnNode | null> {
    if (this.#bug !== 'looks for its node without sync') await this.#nodes.sync(this.#path);
    const { children } = await this.#nodes.getChildren(this.#path);
    const name = children.find((child) => child.startsWith(this.#id));
    if (name === undefined) return null;
    const path = childOf(this.#path, name);
    const stat = await this.#nodes.exists(path);
    if (stat === null) return null;
    const isTrusted = this.#bug === 'adopts what an old session left';
    const sessionId = isTrusted ? this.#nodes.sessionId : stat.ephemeralOwner;
    return { path, czxid: stat.czxid, sessionId };
  }

  async #leaveQueue(): Promise<void> {
    if (this.#bug === 'leaves its node behind a timeout') return;
    const own = this.#own ?? (this.#isInDoubt ? await this.#find() : null);
    this.#isInDoubt = false;
    this.#own = own;
    if (own !== null) await deleteNode(this.#nodes, own, false);
  }

  async #makeParents(): Promise<void> {
    for (const path of pathsTo(this.#path)) {
      try {
        await this.#nodes.create(path, { mode: 'container' });
      } catch (error) {
        if (!(error instanceof NodeExistsError)) throw error;
      }
    }
  }
}

function isContender(name: string): boolean {
  return /(?:lock-|__READ__|__WRIT__)\d{10}$/.test(name);
}

function inOrder(children: readonly string[]): string[] {
  return [...children].sort((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1));
}

/** Deletes for as long as the session lives. @returns whether it lived until then */
export async function deleteNode(
  nodes: Nodes,
  { path, sessionId }: OwnNode,
  once: boolean,
): Promise<boolean> {
  while (nodes.sessionId === sessionId && nodes.state !== 'closed') {
    try {
      await nodes.delete(path);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError || once) return true;
    }
  }
  return false;
}
