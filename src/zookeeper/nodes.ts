import type { CreateMode } from './wire/op-code.ts';
import type { Acl, Stat } from './wire/records.ts';

/**
 * One event of a node. `lost`: the session is gone which would have been told of one. `reconnected`, which only watches hear
 * that stay: another connection is there, and what happened before it is not told.
 */
export interface WatchEvent {
  readonly type: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged' | 'lost' | 'reconnected';
  readonly path: string;
}

/** Is told of one event, and then no more, unless it was set as one that stays. It must not throw. */
export type Watcher = (event: WatchEvent) => void;

export interface CreateOptions {
  /** Default: persistent. */
  readonly mode?: CreateMode;
  /** Default: empty. */
  readonly data?: Uint8Array;
  /** Default: the client's. */
  readonly acl?: readonly Acl[];
  /** For the modes with a time to live. */
  readonly ttlMs?: number;
}

export interface CreatedNode {
  /** With the number that a sequential node was given. */
  readonly path: string;
  readonly stat: Stat;
}

/**
 * `connected`: requests are answered. `suspended`: no server is connected, and nothing is known; the session may come back.
 * `lost`: the session is over, and a new one is being sought. `closed`: the client is.
 */
export type SessionState = 'connecting' | 'connected' | 'suspended' | 'lost' | 'closed';

/** Where time comes from, and timers. */
export interface SessionClock {
  /** Milliseconds; never runs back. */
  nowMs(): number;
  /** Calls once, so much later. Returns what ends it. It does not keep a process running. */
  after(waitMs: number, call: () => void): () => void;
}

/**
 * What the locks need of ZooKeeper: a session, and operations on nodes. Operations reject with a ZooKeeperError. Requests
 * are answered in the order in which they were made; a watch is told of its event before the answers behind it.
 */
export interface Nodes {
  readonly clock: SessionClock;
  readonly state: SessionState;
  /** The address of this client, where one is known. */
  readonly localAddress?: string;
  /** The node that `/` stands for, where that is below another one, and what makes nodes by the paths of the server. */
  readonly chroot?: { readonly path: string; readonly create: Nodes['create'] } | undefined;
  /** 0 as long as there is none. A new session has another. */
  readonly sessionId: bigint;
  /** Whether the session by this number certainly lives. Looks at the clock, because timers may be late. */
  isSessionAlive(sessionId: bigint): boolean;
  /** For how long the session certainly lives from now on, in milliseconds, whatever becomes of its servers; 0: there is none. */
  readonly sessionLeftMs: number;
  /** Calls at each change of the state. Returns what ends that. */
  onState(listener: (state: SessionState) => void): () => void;
  /** Keeps the process running until what is returned is called. */
  keepRunning(): () => void;
  create(path: string, options?: CreateOptions): Promise<CreatedNode>;
  /** @param version which it must have; -1: any */
  delete(path: string, version?: number): Promise<void>;
  /** Null: there is none, and the watch tells when there is. */
  exists(path: string, watcher?: Watcher): Promise<Stat | null>;
  getData(path: string, watcher?: Watcher): Promise<{ readonly data: Buffer; readonly stat: Stat }>;
  setData(path: string, data: Uint8Array, version?: number): Promise<Stat>;
  getChildren(
    path: string,
    watcher?: Watcher,
  ): Promise<{ readonly children: readonly string[]; readonly stat: Stat }>;
  /** Nobody waits for this watch any more. */
  removeWatcher(path: string, watcher: Watcher): void;
  /** Resolves when the connected server knows what all servers knew when it was asked. */
  sync(path: string): Promise<void>;
}
