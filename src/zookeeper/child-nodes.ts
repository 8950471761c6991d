import type { Nodes, Watcher } from './nodes.ts';
import { NoNodeError } from './server-refusal.ts';

/** The children of a node, and what the server says of that node. */
export type Listing = Awaited<ReturnType<Nodes['getChildren']>>;

/**
 * The children of a node that need not be there.
 *
 * @returns null when there is no such node, and then no watch is left behind
 * @throws ZooKeeperError
 */
export async function listingOf(nodes: Nodes, path: string, watcher?: Watcher): Promise<Listing | null> {
  try {
    return await nodes.getChildren(path, watcher);
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

/** The names of the same children: none where there is no such node. */
export async function childrenOf(nodes: Nodes, path: string, watcher?: Watcher): Promise<readonly string[]> {
  return (await listingOf(nodes, path, watcher))?.children ?? [];
}
