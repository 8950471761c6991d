import type { WatchEvent, Watcher } from '../nodes.ts';
import { type PersistentKind, PersistentWatches } from './persistent-watches.ts';
import { tell } from './tell.ts';

export type WatchKind = 'data' | 'exists' | 'children';
export type AnyWatchKind = WatchKind | PersistentKind;

/** What each kind of event wakes (ZKWatchManager.materialize). */
const WOKEN: Readonly<Record<WatchEvent['type'], readonly WatchKind[]>> = {
  created: ['data', 'exists'],
  deleted: ['data', 'exists', 'children'],
  dataChanged: ['data', 'exists'],
  childrenChanged: ['children'],
  lost: [],
  reconnected: [],
};

/**
 * Who waits for what of which node, by the server's paths. Each watch is told of one event, as servers have it, but for the
 * persistent ones.
 */
export class WatchRegistry {
  readonly persistent = new PersistentWatches();
  readonly #watchers: Readonly<Record<WatchKind, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    exists: new Map(),
    children: new Map(),
  };

  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const watchers = this.#watchers[kind].get(path);
    if (watchers === undefined) this.#watchers[kind].set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Nobody waits any more. The server may still tell of it, which then wakes nobody. */
  remove(path: string, watcher: Watcher): void {
    for (const byPath of Object.values(this.#watchers)) {
      const watchers = byPath.get(path);
      if (watchers?.delete(watcher) === true && watchers.size === 0) byPath.delete(path);
    }
  }

  /** @param event is passed on, with the path that its watchers know */
  fire(path: string, event: WatchEvent): void {
    for (const kind of WOKEN[event.type]) {
      const watchers = this.#watchers[kind].get(path);
      this.#watchers[kind].delete(path);
      for (const watcher of watchers ?? []) tell(watcher, event);
    }
    this.persistent.fire(path, event);
  }

  /** The session is gone, and all its watches with it. */
  loseAll(toClient: (path: string) => string): void {
    for (const byPath of Object.values(this.#watchers)) {
      const all = [...byPath];
      byPath.clear();
      for (const [path, watchers] of all)
        for (const watcher of watchers) tell(watcher, { type: 'lost', path: toClient(path) });
    }
    this.persistent.lose();
  }

  /** What is to be armed anew on another connection. */
  paths(kind: AnyWatchKind): string[] {
    if (kind === 'persistent' || kind === 'persistentRecursive') return this.persistent.paths(kind);
    return [...this.#watchers[kind].keys()];
  }

  get isEmpty(): boolean {
    return this.persistent.isEmpty && Object.values(this.#watchers).every((byPath) => byPath.size === 0);
  }
}
