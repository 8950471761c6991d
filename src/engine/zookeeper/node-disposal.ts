import { isSessionOver, isUnanswered, removeNode } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';

interface OwnNode {
  readonly path: string;
  readonly sessionId: bigint;
  readonly czxid: bigint;
}

/** What is to be removed in the next session: the transaction that created it, and the version that it must have. */
interface OwedNode {
  readonly czxid: bigint;
  readonly version: number;
}

/**
 * Removes nodes that nobody needs any more. One that outlives the session, which ends before the removal is answered, is removed in
 * the next one: nobody else would know that nobody holds its lock.
 */
export class NodeDisposal {
  readonly #nodes: Nodes;
  readonly #stays: boolean;
  /** By their paths. */
  readonly #owed = new Map<string, OwedNode>();

  /** @param stays nodes outlive the session */
  constructor(nodes: Nodes, stays: boolean) {
    this.#nodes = nodes;
    this.#stays = stays;
  }

  /**
   * @param version which it must have; -1: any
   * @returns whether it was there until now
   * @throws NoAuthError, BadVersionError
   */
  async remove({ path, sessionId, czxid }: OwnNode, version = -1): Promise<boolean> {
    // The key of a request with an id is the same at every server, and so may the path be of its node.
    const isRemoved = await removeNode(this.#nodes, path, sessionId, version, czxid);
    if (isRemoved || !this.#stays || this.#nodes.isSessionAlive(sessionId)) return isRemoved;
    this.#owed.set(path, { czxid, version });
    // It may have begun while the removal paused.
    if (this.#nodes.state === 'connected') await this.removeOwed();
    return false;
  }

  /** The same for a node that nobody has or wants: what it comes to is nobody's concern. */
  async discard(node: OwnNode): Promise<void> {
    await this.remove(node).catch(() => {});
  }

  /** There is a session again. */
  async removeOwed(): Promise<void> {
    for (const [path, { czxid, version }] of [...this.#owed]) {
      try {
        if ((await this.#nodes.exists(path))?.czxid === czxid) await this.#nodes.delete(path, version);
        this.#owed.delete(path);
      } catch (error) {
        // Of what is not answered, more is known in the session after this one.
        if (isUnanswered(error) || isSessionOver(error)) return;
        // Another server has renewed its lock: now it is one whose server is gone, and others see to it.
        if (error instanceof NoNodeError || error instanceof BadVersionError) this.#owed.delete(path);
      }
    }
  }
}
