import { childOf } from '../../../src/zookeeper/node-path.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';
import { NodeExistsError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { pathsTo } from './model-tree.ts';
import type { NaiveBug } from './naive-bug.ts';

/** The node that stands in the queue for us. */
export interface OwnNode {
  readonly path: string;
  readonly czxid: bigint;
  readonly sessionId: bigint;
}

let lastId = 0;

export function numberOf(name: string): string {
  return name.slice(-10);
}

/** Our node in a queue, which may be there though we were never told. */
export class NaiveEntry {
  /** Null: there is none that we know of. */
  own: OwnNode | null = null;
  readonly #nodes: Nodes;
  readonly #path: string;
  readonly #kind: string;
  readonly #bug: NaiveBug | null;
  #id = newId();
  /** A create was not answered: there may be a node with our id. */
  #isInDoubt = false;

  constructor(nodes: Nodes, path: string, kind: string, bug: NaiveBug | null) {
    this.#nodes = nodes;
    this.#path = path;
    this.#kind = kind;
    this.#bug = bug;
  }

  leaveSession(): void {
    if (this.#bug === 'adopts what an old session left' && this.#isInDoubt) return;
    if (this.#bug === 'deaf to the loss of the session') return;
    this.own = null;
    this.#isInDoubt = false;
    this.#id = newId();
  }

  async enter(): Promise<OwnNode | null> {
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
    const name = children.find((child) =>
      child.startsWith(this.#bug === 'takes the node of another attempt' ? '_c_' : this.#id),
    );
    if (name === undefined) return null;
    const path = childOf(this.#path, name);
    const stat = await this.#nodes.exists(path);
    if (stat === null) return null;
    const isTrusted = this.#bug === 'adopts what an old session left';
    const sessionId = isTrusted ? this.#nodes.sessionId : stat.ephemeralOwner;
    return { path, czxid: stat.czxid, sessionId };
  }

  async leave(): Promise<void> {
    if (this.#bug === 'leaves its node behind a timeout') return;
    const own = this.own ?? (this.#isInDoubt ? await this.#find() : null);
    this.#isInDoubt = false;
    this.own = own;
    if (own !== null) await deleteNode(this.#nodes, own, false);
  }

  async makeParents(): Promise<void> {
    for (const path of pathsTo(this.#path)) {
      try {
        await this.#nodes.create(path, { mode: 'container' });
      } catch (error) {
        if (!(error instanceof NodeExistsError)) throw error;
      }
    }
  }
}

function newId(): string {
  return `_c_${String(++lastId % 1e6).padStart(6, '0')}`;
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
