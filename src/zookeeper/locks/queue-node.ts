import { childOf, nameOf } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { NoAuthError, NoNodeError } from '../server-refusal.ts';
import type { CreateMode } from '../wire/op-code.ts';
import type { Stat } from '../wire/records.ts';
import { ConnectionLossError, RequestTimeoutError, ZooKeeperUseError } from '../zookeeper-error.ts';
import type { ListedQueue } from './listed-queue.ts';
import { makeParents } from './lock-parents.ts';
import { discardNode, isSessionOver, isUnanswered, pause } from './node-removal.ts';
import { nextProtection } from './protection.ts';
import { listingsOf } from './shared-listings.ts';

/** A parent that vanishes so often between being made and being used is somebody's doing. */
const PARENT_ATTEMPTS_MAX = 20;

/** A node in the queue of a lock. */
export interface QueueNode {
  readonly path: string;
  readonly name: string;
  /** What the names of all nodes of this request begin with. */
  readonly prefix: string;
  /** The session with which it vanishes, or in which it was made if it stays. */
  readonly sessionId: bigint;
  /**
   * The transaction that created it: later nodes have larger ones, also below another parent of the same path. A writer's read
   * node has that of its write node.
   */
  readonly czxid: bigint;
}

export interface QueueNodeOptions {
  readonly base: string;
  /** Behind the unique part, with its number where the server does not give one. */
  readonly suffix: string;
  readonly mode: CreateMode;
  readonly data: Uint8Array;
  /** For whom it is: whether nobody wants it any more. */
  readonly request: { readonly isCancelled: boolean };
  /** What its name begins with, which nobody else uses: see protection.ts. Default: a random one. */
  readonly prefix?: string | undefined;
  /** Makes the node above it, which is missing. Default: as containers, with all that is missing above it. */
  readonly makeBase?: (() => Promise<void>) | undefined;
}

/** How nodes are made that queue. */
export type QueueMode = 'ephemeralSequential' | 'persistentSequential';

/** The children that were asked for together with the node, which is among them; null when that failed. */
export interface Queued {
  readonly node: QueueNode;
  readonly listing: ListedQueue | null;
}

/**
 * Creates a node under a name with a unique part, so that it can be found when the answer is lost: then nobody knows what the
 * server has called it, and a second one would wait for the first.
 *
 * The children are asked for in the same packet. ZooKeeper answers in order, and a server that has answered the creation
 * knows of it when it lists, so the lock costs one round trip.
 *
 * @returns null when it was cancelled, and there is none
 */
export async function createQueueNode(nodes: Nodes, options: QueueNodeOptions): Promise<Queued | null> {
  const { base, suffix, mode, data, request, makeBase } = options;
  // The same for all attempts, so that one that takes effect late is known by it: see removeTwins.
  const { prefix = nextProtection() } = options;
  for (let parentAttempts = 0; !request.isCancelled; ) {
    // It is asked for behind the creation, though it is named before, so that both leave together.
    const listed = listingsOf(nodes).of(base).catch(noListing);
    const created = nodes.create(childOf(base, prefix + suffix), { mode, data });
    try {
      const { path, stat } = await created;
      const sessionId = stat.ephemeralOwner === 0n ? nodes.sessionId : stat.ephemeralOwner;
      const node = { path, name: nameOf(path), prefix, sessionId, czxid: stat.czxid };
      return { node, listing: await listed };
    } catch (error) {
      if (error instanceof NoNodeError) {
        if (++parentAttempts > PARENT_ATTEMPTS_MAX)
          throw new ZooKeeperUseError('the node above the lock vanishes as soon as it is made', base);
        await (makeBase === undefined ? makeParents(nodes, base) : makeBase());
      } else if (error instanceof ConnectionLossError) {
        // One of a session that is over is about to vanish, and nobody's.
        const node = await findQueueNode(nodes, { base, prefix, data }, nodes.sessionId);
        if (node !== null) return { node, listing: null };
        // A request that timed out was never sent, so there is nothing to look for.
      } else if (!(error instanceof RequestTimeoutError)) throw error;
    }
  }
  return null;
}

function noListing(): null {
  return null;
}

/**
 * Looks for what an unanswered request has created, as long as the session lives in which it was made. A node of a session
 * before this one is about to vanish: whoever took it for his own would hold the lock together with the next in the queue.
 */
async function findQueueNode(
  nodes: Nodes,
  { base, prefix, data }: Pick<QueueNodeOptions, 'base' | 'data'> & Pick<QueueNode, 'prefix'>,
  askedIn: bigint,
): Promise<QueueNode | null> {
  while (nodes.isSessionAlive(askedIn)) {
    try {
      // The connected server may not know yet what another one has done.
      await nodes.sync(base);
      const { children } = await nodes.getChildren(base);
      for (const name of children.filter((child) => child.startsWith(prefix))) {
        const path = childOf(base, name);
        const stat = await nodes.exists(path);
        if (stat !== null && (stat.ephemeralOwner === askedIn || (await isWritten(nodes, path, stat, data))))
          return { path, name, prefix, sessionId: askedIn, czxid: stat.czxid };
      }
      return null;
    } catch (error) {
      // Whatever else speaks against it for now: what was created would hold everybody up.
      if (error instanceof NoNodeError || error instanceof NoAuthError || isSessionOver(error)) return null;
      if (!isUnanswered(error)) await pause(nodes.clock);
    }
  }
  return null;
}

/**
 * Nodes of the same request beside its own: a creation whose answer was lost, and that took effect late. One of another session
 * is somebody else's who uses the same prefix on purpose.
 */
export function removeTwins(nodes: Nodes, base: string, node: QueueNode, children: readonly string[]): void {
  for (const child of children) {
    if (child === node.name || !child.startsWith(node.prefix)) continue;
    void removeTwin(nodes, childOf(base, child), node.sessionId);
  }
}

/** What stays is known by what its maker has written into it: another server may use the same prefix. */
async function isWritten(
  nodes: Nodes,
  path: string,
  { ephemeralOwner }: Stat,
  data: Uint8Array,
): Promise<boolean> {
  if (ephemeralOwner !== 0n) return false;
  try {
    return (await nodes.getData(path)).data.equals(data);
  } catch (error) {
    // It is gone, and another one may be there.
    if (error instanceof NoNodeError) return false;
    throw error;
  }
}

async function removeTwin(nodes: Nodes, path: string, sessionId: bigint): Promise<void> {
  const stat = await nodes.exists(path).catch(() => null);
  if (stat?.ephemeralOwner === sessionId) await discardNode(nodes, { path, sessionId });
}
