import { isSessionOver, isUnanswered, removeNode } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import { decodeNodeData } from './node-data.ts';

interface OwnNode {
  readonly path: string;
  readonly sessionId: bigint;
  readonly czxid: bigint;
}

/** What is to be removed in the next session. */
interface OwedNode {
  /** The transaction that created it. */
  readonly czxid: bigint;
  /** Which it must have; -1: any. */
  readonly version: number;
  /** What this server was called in the session that has made it. */
  readonly server: string;
}

/**
 * Removes nodes that nobody needs any more. One that outlives the session, which ends before the removal is answered, is removed in
 * the next one: nobody else would know that nobody holds its lock. Meanwhile this server counts as gone, and another one may have
 * granted the lock once more to the request that the node is of: then it says so in the node, which is left alone.
 */
export class NodeDisposal {
  readonly #nodes: Nodes;
  readonly #stays: boolean;
  readonly #serverName: (sessionId: bigint) => string;
  /** By their paths. */
  readonly #owed = new Map<string, OwedNode>();

  /** @param stays nodes outlive the session */
  constructor(nodes: Nodes, stays: boolean, serverName: (sessionId: bigint) => string) {
    this.#nodes = nodes;
    this.#stays = stays;
    this.#serverName = serverName;
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
    this.#owed.set(path, { czxid, version, server: this.#serverName(sessionId) });
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
    for (const [path, owed] of [...this.#owed]) {
      try {
        await this.#removeOwn(path, owed);
        this.#owed.delete(path);
      } catch (error) {
        // Of what is not answered, more is known in the session after this one.
        if (isUnanswered(error) || isSessionOver(error)) return;
        // Another server has renewed its lock: now it is one whose server is gone, and others see to it.
        if (error instanceof NoNodeError || error instanceof BadVersionError) this.#owed.delete(path);
      }
    }
  }

  /** Deletes the node as it was read: whatever is written between the two is looked at once more. */
  async #removeOwn(path: string, { czxid, version, server }: OwedNode): Promise<void> {
    for (;;) {
      const { data, stat } = await this.#nodes.getData(path);
      const said = decodeNodeData(data);
      if (stat.czxid !== czxid || (said !== null && said.server !== server)) return;
      try {
        return await this.#nodes.delete(path, version === -1 ? stat.version : version);
      } catch (error) {
        if (version !== -1 || !(error instanceof BadVersionError)) throw error;
      }
    }
  }
}
