import { makeNode } from '../../zookeeper/locks/lock-parents.ts';
import { isSessionOver, isUnanswered, pause } from '../../zookeeper/locks/node-removal.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { NodeExistsError, NoNodeError } from '../../zookeeper/server-refusal.ts';

/**
 * Below it, each server that makes nodes that stay has one that vanishes with it. It stays itself: whoever does not find it knows
 * that there are no nodes of this kind.
 */
export const SERVERS_PATH = '/servers';

/** Where a server is said to be there that has this name in its nodes' data. */
export function serverPath(server: string): string {
  return childOf(SERVERS_PATH, server);
}

/** Whether a server is there that is called so in nodes' data, as the connected server knows it. */
export async function isServerThere(nodes: Nodes, server: string): Promise<boolean> {
  return server !== '' && (await nodes.exists(serverPath(server))) !== null;
}

/**
 * Tells whoever sees to what servers leave behind that there is more of it, though no server has gone. An answer that is lost
 * costs time only: it is looked all the same, now and then.
 */
export async function tellOrphans(nodes: Nodes): Promise<void> {
  try {
    await nodes.setData(SERVERS_PATH, Buffer.alloc(0));
  } catch (error) {
    if (!(error instanceof NoNodeError || isUnanswered(error))) throw error;
  }
}

/**
 * Says that this server is there, for as long as its session lives: what it has made and is not to be seen to by others. It has
 * to be said before anything is made.
 */
export class ServerRegister {
  readonly #nodes: Nodes;
  readonly #serverName: (sessionId: bigint) => string;
  readonly #failed: (error: unknown) => void;
  #sessionId = 0n;
  #registered: Promise<void> = Promise.resolve();

  constructor(nodes: Nodes, serverName: (sessionId: bigint) => string, failed: (error: unknown) => void) {
    this.#nodes = nodes;
    this.#serverName = serverName;
    this.#failed = failed;
  }

  /** Where it is said for the session that lives now. */
  get path(): string {
    return serverPath(this.#serverName(this.#nodes.sessionId));
  }

  /** Resolves when it is said for the session that lives now. */
  ready(): Promise<void> {
    const { sessionId } = this.#nodes;
    if (sessionId !== this.#sessionId) {
      this.#sessionId = sessionId;
      this.#registered = this.#register(sessionId);
      this.#registered.catch(() => {
        if (this.#sessionId === sessionId) this.#sessionId = 0n;
      });
    }
    return this.#registered;
  }

  async #register(sessionId: bigint): Promise<void> {
    for (;;) {
      try {
        await this.#nodes.create(serverPath(this.#serverName(sessionId)), { mode: 'ephemeral' });
        return;
      } catch (error) {
        // Of the same session, so it is its own.
        if (error instanceof NodeExistsError) return;
        if (isSessionOver(error) || this.#nodes.sessionId !== sessionId) throw error;
        if (error instanceof NoNodeError) await makeNode(this.#nodes, SERVERS_PATH, 'persistent');
        else if (isUnanswered(error)) await pause(this.#nodes.clock);
        else {
          this.#failed(error);
          throw error;
        }
      }
    }
  }
}
