import type { Nodes } from '../nodes.ts';
import { ListedQueue } from './listed-queue.ts';

const byNodes = new WeakMap<Nodes, SharedListings>();

/** Those of a session's nodes. */
export function listingsOf(nodes: Nodes): SharedListings {
  let listings = byNodes.get(nodes);
  if (listings === undefined) {
    listings = new SharedListings(nodes);
    byNodes.set(nodes, listings);
  }
  return listings;
}

/**
 * Has all who look at one lock in the same moment share a listing: the readers whom one writer's end wakes, whose listings would
 * name all of them to each of them. It is asked for behind all that they have asked for before, and shows whatever they know of.
 */
class SharedListings {
  readonly #nodes: Nodes;
  readonly #asked = new Map<string, Promise<ListedQueue>>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** @throws NoNodeError, or another ZooKeeperError */
  of(base: string): Promise<ListedQueue> {
    let asked = this.#asked.get(base);
    if (asked === undefined) {
      asked = this.#ask(base);
      this.#asked.set(base, asked);
    }
    return asked;
  }

  /** In the next microtask, which is behind all that runs on what has come until now, and before anything more comes. */
  async #ask(base: string): Promise<ListedQueue> {
    await null;
    this.#asked.delete(base);
    return new ListedQueue(await this.#nodes.getChildren(base));
  }
}
