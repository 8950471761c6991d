import { isUnanswered } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes, Watcher } from '../../zookeeper/nodes.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Claim } from './claim.ts';
import { decodeNodeData, type NodeData } from './node-data.ts';

/** How long a lock is held before its node is watched: most are released sooner, and need no watch. */
const UNWATCHED_MS = 200;

export interface HeldEvents {
  /** The node of a held lock is gone, and so is the lock. */
  gone(claim: Claim): void;
  /** Another server has written it. */
  written(claim: Claim, data: NodeData): void;
}

/**
 * Looks after the nodes of held locks: other servers unlock and renew by them, and administrators remove them. What they do in the
 * first moments is seen when the watch is set.
 */
export class HeldWatch {
  readonly #nodes: Nodes;
  readonly #events: HeldEvents;
  readonly #watchers = new Map<Claim, Watcher>();
  #fresh = new Set<Claim>();
  #endTimer: (() => void) | null = null;

  constructor(nodes: Nodes, events: HeldEvents) {
    this.#nodes = nodes;
    this.#events = events;
  }

  /** Whether the end of its node would be known. */
  has(claim: Claim): boolean {
    return this.#watchers.has(claim);
  }

  add(claim: Claim): void {
    this.#fresh.add(claim);
    this.#endTimer ??= this.#nodes.clock.after(UNWATCHED_MS, () => this.#watchFresh());
  }

  /** The same for one whose node may have been written already: it is looked at at once. */
  addWritten(claim: Claim): void {
    const watcher: Watcher = ({ type }) => {
      if (type !== 'lost' && this.#watchers.get(claim) === watcher) void this.#look(claim, watcher);
    };
    this.#watchers.set(claim, watcher);
    void this.#look(claim, watcher);
  }

  remove(claim: Claim): void {
    this.#fresh.delete(claim);
    const watcher = this.#watchers.get(claim);
    if (watcher === undefined) return;
    this.#watchers.delete(claim);
    this.#nodes.removeWatcher(claim.node!.path, watcher);
  }

  close(): void {
    this.#endTimer?.();
  }

  #watchFresh(): void {
    this.#endTimer = null;
    const fresh = this.#fresh;
    this.#fresh = new Set();
    for (const claim of fresh) this.addWritten(claim);
  }

  async #look(claim: Claim, watcher: Watcher): Promise<void> {
    try {
      const { data, stat } = await this.#nodes.getData(claim.node!.path, watcher);
      if (claim.state !== 'held') return;
      // A repeat of its request at another server has a node of the same path, where the one above it was made anew.
      if (stat.czxid !== claim.node!.czxid) return this.#events.gone(claim);
      if (stat.version === claim.version) return;
      claim.version = stat.version;
      const written = decodeNodeData(data);
      if (written !== null) this.#events.written(claim, written);
    } catch (error) {
      if (claim.state !== 'held') return;
      if (error instanceof NoNodeError) this.#events.gone(claim);
      else if (isUnanswered(error)) this.#again(claim);
      // The end of the session ends the claim, too. Who may not read the node goes on as it was, and is told of nothing.
      else if (this.#watchers.get(claim) === watcher) this.#watchers.delete(claim);
    }
  }

  #again(claim: Claim): void {
    this.remove(claim);
    this.add(claim);
  }
}
