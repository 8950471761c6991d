import { parentOf } from '../../../src/zookeeper/node-path.ts';
import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import type { Stat } from '../../../src/zookeeper/wire/records.ts';
import type { ModelServer } from './model-server.ts';
import { ModelTree, type Write, type Written } from './model-tree.ts';

/** The connection of one session, as its server sees it. */
export interface Watching {
  notify(event: WatchEvent): void;
}

/** A connection of which the server has to tell when its leader is gone, or there again. */
export interface Connected extends Watching {
  cut(): void;
  rejoined(): void;
}

export interface RearmedWatches {
  readonly data: readonly string[];
  readonly exists: readonly string[];
  readonly children: readonly string[];
  /** Of all below, and not for one event alone. */
  readonly recursive: readonly string[];
}

/**
 * A server that clients are connected to. It answers reads from what it has applied, which may be behind the leader, but
 * never behind the writes that it has answered. Watches are on it, and are told when it applies what they wait for.
 */
export class ModelReplica {
  readonly #leader: ModelServer;
  readonly #tree: ModelTree;
  readonly #dataWatches = new Map<string, Set<Watching>>();
  readonly #childWatches = new Map<string, Set<Watching>>();
  readonly #recursiveWatches = new Map<string, Set<Watching>>();
  readonly #connected = new Map<Watching, Connected>();
  /** It cannot reach its leader, and goes on answering what it can answer by itself. */
  isCutOff = false;
  #applied = 0;
  #lastZxid: bigint;

  constructor(leader: ModelServer) {
    this.#leader = leader;
    this.#lastZxid = leader.lastZxid;
    this.#tree = new ModelTree((type, path) => this.#tell(type, path));
  }

  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  get isBehind(): boolean {
    return this.#applied < this.#leader.log.length;
  }

  connect(connection: Connected): void {
    this.#connected.set(connection, connection);
  }

  /** Sees its leader again. @param keepsClients false: it has given them up meanwhile, and what they asked for is lost */
  rejoin(keepsClients: boolean): void {
    this.isCutOff = false;
    this.catchUp();
    for (const connection of [...this.#connected.values()])
      if (keepsClients) connection.rejoined();
      else connection.cut();
  }

  /** Applies what the leader had committed when it had so many transactions. */
  catchUp(count = this.#leader.log.length): void {
    while (this.#applied < count) {
      const { write, zxid, nowMs } = this.#leader.log[this.#applied++]!;
      this.#lastZxid = zxid;
      this.#tree.apply(write, zxid, nowMs);
    }
  }

  /** @throws ServerRefusalError */
  write(sessionId: bigint, write: Write, nowMs: number): Written {
    try {
      return this.#leader.write(sessionId, write, nowMs);
    } finally {
      this.catchUp();
      this.#lastZxid = this.#leader.lastZxid;
    }
  }

  exists(path: string, watching: Watching | null): Stat | null {
    if (watching !== null) addTo(this.#dataWatches, path, watching);
    return this.#tree.stat(path);
  }

  /** @throws NoNodeError and leaves no watch */
  getData(path: string, watching: Watching | null): { data: Buffer; stat: Stat } {
    const stat = this.#statOf(path);
    if (watching !== null) addTo(this.#dataWatches, path, watching);
    return { data: this.#tree.data(path), stat };
  }

  /** @throws NoNodeError and leaves no watch */
  getChildren(path: string, watching: Watching | null): { children: string[]; stat: Stat } {
    const stat = this.#statOf(path);
    if (watching !== null) addTo(this.#childWatches, path, watching);
    return { children: this.#tree.children(path), stat };
  }

  /** In no order that anybody may count on. */
  ephemeralsOf(sessionId: bigint): string[] {
    return this.#tree.ephemeralsOf(sessionId);
  }

  watchAll(path: string, watching: Watching): void {
    addTo(this.#recursiveWatches, path, watching);
  }

  unwatchAll(path: string, watching: Watching): void {
    this.#recursiveWatches.get(path)?.delete(watching);
  }

  /** Arms the watches of a session that was connected elsewhere, or tells at once what they have missed. */
  rearm(watches: RearmedWatches, seenZxid: bigint, watching: Watching): void {
    for (const path of watches.data) {
      const stat = this.#tree.stat(path);
      if (stat === null) watching.notify({ type: 'deleted', path });
      else if (stat.mzxid > seenZxid) watching.notify({ type: 'dataChanged', path });
      else addTo(this.#dataWatches, path, watching);
    }
    for (const path of watches.exists) {
      if (this.#tree.stat(path) !== null) watching.notify({ type: 'created', path });
      else addTo(this.#dataWatches, path, watching);
    }
    for (const path of watches.children) {
      const stat = this.#tree.stat(path);
      if (stat === null) watching.notify({ type: 'deleted', path });
      else if (stat.pzxid > seenZxid) watching.notify({ type: 'childrenChanged', path });
      else addTo(this.#childWatches, path, watching);
    }
    for (const path of watches.recursive) this.watchAll(path, watching);
  }

  /** The connection is gone, and its watches with it. */
  drop(watching: Watching): void {
    this.#connected.delete(watching);
    for (const watches of [this.#dataWatches, this.#childWatches, this.#recursiveWatches]) {
      for (const [path, all] of watches) if (all.delete(watching) && all.size === 0) watches.delete(path);
    }
  }

  #statOf(path: string): Stat {
    const stat = this.#tree.stat(path);
    if (stat === null) throw new NoNodeError(path);
    return stat;
  }

  #tell(type: 'created' | 'deleted' | 'dataChanged', path: string): void {
    const told = new Set(take(this.#dataWatches, path));
    for (let at = path; ; at = parentOf(at)) {
      for (const watching of this.#recursiveWatches.get(at) ?? []) told.add(watching);
      if (at === '/') break;
    }
    for (const watching of told) watching.notify({ type, path });
    if (type === 'dataChanged') return;
    if (type === 'deleted') {
      // Who watches the node and its children is told once that both are gone.
      for (const watching of take(this.#childWatches, path))
        if (!told.has(watching)) watching.notify({ type, path });
    }
    const parent = parentOf(path);
    for (const watching of take(this.#childWatches, parent))
      watching.notify({ type: 'childrenChanged', path: parent });
  }
}

const NOBODY: ReadonlySet<Watching> = new Set();

function take(watches: Map<string, Set<Watching>>, path: string): ReadonlySet<Watching> {
  const all = watches.get(path);
  if (all === undefined) return NOBODY;
  watches.delete(path);
  return all;
}

function addTo(watches: Map<string, Set<Watching>>, path: string, watching: Watching): void {
  const all = watches.get(path);
  if (all === undefined) watches.set(path, new Set([watching]));
  else all.add(watching);
}
