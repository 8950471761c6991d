import { childOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NoAuthError, NoNodeError } from '../server-refusal.ts';
import { Changes } from './changes.ts';
import { isSequenceUsable, parseContender } from './contenders.ts';
import type { ListedQueue } from './listed-queue.ts';
import { SequenceExhaustedError } from './lock-error.ts';
import { discardNode, isSessionOver, isUnanswered } from './node-removal.ts';
import { createQueueNode, type QueueMode, type QueueNode, removeTwins } from './queue-node.ts';
import { listingsOf } from './shared-listings.ts';
import { isTaken, lockNameOf, lockNamesOf, type Rule, type Standing } from './standing.ts';

/** How often who waits behind a node that he may not read looks whether it is gone. */
const UNREAD_LOOK_MS = 1_000;

export interface AcquisitionOptions {
  readonly base: string;
  readonly rule: () => Rule;
  readonly data: Uint8Array;
  /** Does not wait: looks first, so that an attempt of no use leaves no trace, and does not stay in the queue. */
  readonly tries: boolean;
  /** Default: one that vanishes with its session. The other stays, and somebody has to see to it. */
  readonly mode?: QueueMode;
  /** What the name of its node begins with. Default: something random. */
  readonly prefix?: string | undefined;
  /** Makes the node above it. Default: as containers, with all that is missing above it. */
  readonly makeBase?: (() => Promise<void>) | undefined;
  /** What to throw when the node was removed by somebody while it waited. Default: nothing, it queues anew. */
  readonly removed?: (() => Error) | undefined;
  /**
   * Looks at the queue before it is waited in, with the own node if there is one already. What it throws ends the request, and
   * leaves nothing behind.
   */
  readonly check?: ((queue: ListedQueue, own: QueueNode | null) => Promise<void>) | undefined;
}

/** One request for a lock: queues, and waits until it is held. `cancel` takes it back at any time. */
export class Acquisition {
  readonly #nodes: Nodes;
  readonly #options: AcquisitionOptions;
  readonly #changes: Changes;
  #endKeeping: () => void = () => {};
  #endLook: () => void = () => {};

  constructor(nodes: Nodes, options: AcquisitionOptions) {
    this.#nodes = nodes;
    this.#changes = new Changes(nodes);
    this.#options = options;
  }

  /** From now on the request is given up: what it has or gets is deleted, while its caller goes on. */
  cancel(): void {
    this.#changes.cancel();
    this.#endKeeping();
  }

  /**
   * Resolves with the node that has the lock; null when the request was cancelled or the lock is taken and not to be waited
   * for, and nothing is left of it.
   *
   * A session that ends while the node waits takes it away; then it queues anew.
   *
   * @throws ZooKeeperError
   */
  async run(): Promise<QueueNode | null> {
    this.#endKeeping = this.#nodes.keepRunning();
    try {
      while (!this.#changes.isCancelled) {
        if (this.#options.tries && (await this.#isTaken())) return null;
        const node = await this.#runOnce();
        if (node !== 'gone') return node;
      }
      return null;
    } finally {
      this.#endKeeping();
    }
  }

  async #runOnce(): Promise<QueueNode | null | 'gone'> {
    const { base, rule, data, mode = 'ephemeralSequential', prefix, makeBase, check } = this.#options;
    let node: QueueNode | null = null;
    try {
      const queued = await createQueueNode(this.#nodes, {
        base,
        suffix: lockNameOf(rule()),
        mode,
        data,
        prefix,
        makeBase,
        request: this.#changes,
      });
      if (queued === null) return null;
      node = queued.node;
      this.#checkSequence(node);
      const listing = check === undefined ? queued.listing : (queued.listing ?? (await this.#list()));
      if (listing !== null) await check?.(listing, node);
      const held = await this.#wait(node, listing);
      if (held === 'held' && !this.#changes.isCancelled) return node;
      await discardNode(this.#nodes, node);
      if (this.#changes.isCancelled || held === 'taken') return null;
      if (this.#options.removed !== undefined && this.#nodes.isSessionAlive(node.sessionId))
        throw this.#options.removed();
      return 'gone';
    } catch (error) {
      if (node !== null) await discardNode(this.#nodes, node);
      if (isSessionOver(error) && this.#nodes.state !== 'closed') return 'gone';
      throw error;
    }
  }

  /** A server may show as taken what is free by now: it is brought up to date before anybody is told. */
  async #isTaken(): Promise<boolean> {
    const { base, rule, check } = this.#options;
    let listing = await this.#list();
    if (listing === null) return false;
    // Requests are answered in their order, so both take the time of one.
    if (isTaken(listing.children, rule()))
      [, listing] = await Promise.all([this.#nodes.sync(base), this.#list()]);
    if (listing === null) return false;
    await check?.(listing, null);
    return isTaken(listing.children, rule());
  }

  async #wait(node: QueueNode, listed: ListedQueue | null): Promise<'held' | 'gone' | 'taken'> {
    const { base, rule, tries } = this.#options;
    for (let queue = listed; !this.#changes.isCancelled; queue = null) {
      queue ??= await this.#list();
      if (queue === null) return 'gone';
      removeTwins(this.#nodes, base, node, queue.twinsOf(node));
      const standing = queue.standingOf(node.name, rule());
      if (standing.kind === 'missing' || !this.#nodes.isSessionAlive(node.sessionId)) return 'gone';
      // Nothing is said while nothing is known: behind a lost connection the list may be old.
      if (standing.kind === 'held' && this.#nodes.state === 'connected') return 'held';
      if (standing.kind === 'behind' && tries) return 'taken';
      if (standing.kind === 'behind') await this.#waitBehind(node, standing);
    }
    return 'gone';
  }

  /**
   * Until one of the nodes is gone. A lost connection or a long silence is a reason to watch them anew, not to list: when
   * thousands wait and lose their connection together, each listing all others is more than a server can send.
   *
   * Whoever is to be told that its own node was removed watches that one, too.
   */
  async #waitBehind(own: QueueNode, { nodes, lookMs }: Extract<Standing, { kind: 'behind' }>): Promise<void> {
    const paths = nodes.map((node) => childOf(this.#options.base, node));
    if (this.#options.removed !== undefined) paths.push(own.path);
    let isThere = true;
    while (isThere && !this.#changes.isCancelled) {
      const arm = async (wake: () => void): Promise<boolean> => {
        const watched = await Promise.all(paths.map((path) => this.#watch(path, wake)));
        isThere = watched.every((isWatched) => isWatched);
        return isThere;
      };
      try {
        const why = await this.#changes.wait(paths, arm, lookMs ?? undefined);
        if (why === 'event' || lookMs !== null) return;
      } finally {
        this.#endLook();
      }
    }
  }

  /**
   * Null: the lock's node is gone, and everything below it. Who waits does so for as long as its caller says, also while no
   * server can be reached; who tries is told.
   */
  async #list(): Promise<ListedQueue | null> {
    const { base, tries } = this.#options;
    for (;;) {
      try {
        return await listingsOf(this.#nodes).of(base);
      } catch (error) {
        if (error instanceof NoNodeError || this.#changes.isCancelled) return null;
        if (!isUnanswered(error) || tries) throw error;
      }
    }
  }

  /** Whether there is something to wait for. A failed getData leaves no watch behind, other than exists. */
  async #watch(path: string, wake: () => void): Promise<boolean> {
    try {
      await this.#nodes.getData(path, wake);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError || isUnanswered(error)) return false;
      if (error instanceof NoAuthError) return this.#watchUnread(path, wake);
      throw error;
    }
  }

  /**
   * Servers since 3.8.4 and 3.9.2 tell nobody of a node that he may not read, not even that it is gone: he has to look. Those
   * before tell him.
   */
  async #watchUnread(path: string, wake: () => void): Promise<boolean> {
    try {
      if ((await this.#nodes.exists(path, wake)) === null) return false;
      this.#endLook();
      this.#endLook = this.#nodes.clock.after(UNREAD_LOOK_MS, wake);
      return true;
    } catch (error) {
      if (isUnanswered(error)) return false;
      throw error;
    }
  }

  #checkSequence({ name }: QueueNode): void {
    const sequence = parseContender(name, lockNamesOf(this.#options.rule()))?.sequence ?? '';
    if (!isSequenceUsable(sequence)) throw new SequenceExhaustedError(this.#options.base, sequence);
  }
}
