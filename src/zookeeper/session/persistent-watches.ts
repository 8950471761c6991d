import { parentOf } from '../node-path.ts';
import type { WatchEvent, Watcher } from '../nodes.ts';
import type { WatchMode } from '../wire/op-code.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';
import type { RequestPath } from './operations.ts';
import { tell } from './tell.ts';
import type { WatchKind } from './watch-registry.ts';

/** How a watch is set that stays. */
export type PersistentKind = keyof typeof WatchMode;

/** Somebody who is told of all events. */
interface PersistentWatch {
  /** As the client calls it. */
  readonly path: string;
  readonly watcher: Watcher;
  /** A server has said that the watch stands. */
  isArmed: boolean;
}

/** The watches of a node. Servers keep one for a connection, so all are of one kind. */
interface WatchedNode {
  readonly kind: PersistentKind;
  readonly watches: Set<PersistentWatch>;
  /** The server is asked for it on this connection, or will be before anything else on the next. */
  isAsked: boolean;
}

/** Who is told of all events of which nodes, by the server's paths. */
export class PersistentWatches {
  readonly #nodes = new Map<string, WatchedNode>();

  /** @throws ZooKeeperUseError */
  add({ server, client: path }: RequestPath, kind: PersistentKind, watcher: Watcher): PersistentWatch {
    const node = this.#nodes.get(server) ?? { kind, watches: new Set(), isAsked: false };
    if (node.kind !== kind)
      throw new ZooKeeperUseError(
        'the node has a persistent watch of the other kind, which must end before',
        path,
      );
    const watch: PersistentWatch = { path, watcher, isArmed: false };
    node.watches.add(watch);
    this.#nodes.set(server, node);
    return watch;
  }

  /** A server is asked for the watch of this node now. */
  asked(server: string): void {
    const node = this.#nodes.get(server);
    if (node !== undefined) node.isAsked = true;
  }

  /** True: it was the last one of the node. */
  delete(server: string, watch: PersistentWatch): boolean {
    const node = this.#nodes.get(server);
    return node?.watches.delete(watch) === true && this.#isForgotten(server, node);
  }

  /**
   * Whether the server tells of all that a watch for one event would be told of. Such a one must not be asked for: before
   * ZooKeeper 3.9 a server that is asked for it at the same node turns the persistent one into one for one event
   * (ZOOKEEPER-4466).
   */
  covers(kind: WatchKind, server: string): boolean {
    const node = this.#nodes.get(server);
    return node?.isAsked === true && (kind !== 'children' || node.kind === 'persistent');
  }

  /** @param event is passed on, with the path that its watchers know */
  fire(server: string, event: WatchEvent): void {
    this.#tell(this.#nodes.get(server), 'persistent', event);
    // Of children a recursive watch is told one by one.
    if (event.type === 'childrenChanged') return;
    for (let at = server; ; at = parentOf(at)) {
      this.#tell(this.#nodes.get(at), 'persistentRecursive', event);
      if (at === '/') return;
    }
  }

  /** What stood on the connection is asked for first on the next; what was only asked for, when it is its turn again. */
  disconnected(): void {
    for (const node of this.#nodes.values()) node.isAsked = [...node.watches].some(({ isArmed }) => isArmed);
  }

  /** They stand again, on another connection, which has not told of what happened meanwhile. */
  reconnected(): void {
    for (const { path, watcher } of this.#armed()) tell(watcher, { type: 'reconnected', path });
  }

  /** No server tells of anything any more. Those that are still being asked for are refused, or not, by an answer. */
  lose(): void {
    const lost = this.#armed();
    for (const [server, node] of [...this.#nodes]) {
      for (const watch of node.watches) if (watch.isArmed) node.watches.delete(watch);
      this.#isForgotten(server, node);
    }
    for (const { path, watcher } of lost) tell(watcher, { type: 'lost', path });
  }

  /** Which nodes have one that the server is asked for. */
  paths(kind: PersistentKind): string[] {
    return [...this.#nodes].flatMap(([server, node]) => (node.kind === kind && node.isAsked ? [server] : []));
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  #armed(): PersistentWatch[] {
    return [...this.#nodes.values()].flatMap(({ watches }) => [...watches].filter(({ isArmed }) => isArmed));
  }

  #tell(node: WatchedNode | undefined, kind: PersistentKind, event: WatchEvent): void {
    if (node?.kind !== kind) return;
    // One that is ended by another, which is told before, is told no more.
    for (const watch of [...node.watches])
      if (watch.isArmed && node.watches.has(watch)) tell(watch.watcher, event);
  }

  #isForgotten(server: string, { watches }: WatchedNode): boolean {
    return watches.size === 0 && this.#nodes.delete(server);
  }
}
