import { childOf, nameOf, parentOf } from '../../../src/zookeeper/node-path.ts';
import {
  BadArgumentsError,
  BadVersionError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
} from '../../../src/zookeeper/server-refusal.ts';
import type { CreateMode } from '../../../src/zookeeper/wire/op-code.ts';
import type { Stat } from '../../../src/zookeeper/wire/records.ts';

/** What a transaction does to the tree. `reap` deletes a container or a node with a time to live, if it still may. */
export type Write =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly mode: CreateMode;
      readonly data: Buffer;
      readonly ttlMs: number;
      readonly sessionId: bigint;
    }
  | { readonly kind: 'delete' | 'reap'; readonly path: string; readonly version: number }
  | { readonly kind: 'setData'; readonly path: string; readonly data: Buffer; readonly version: number }
  /** As if so many children had been created, and deleted again. */
  | { readonly kind: 'skipNumbers'; readonly path: string; readonly creates: number }
  | { readonly kind: 'endSession'; readonly sessionId: bigint };

/** The node that was created or written, by its path. */
export interface Written {
  readonly path: string;
  readonly stat: Stat | null;
}

interface TreeNode {
  data: Buffer;
  readonly czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  readonly createdMs: number;
  modifiedMs: number;
  version: number;
  /** How many children were ever created: a signed integer of 32 bits. */
  creates: number;
  readonly children: Set<string>;
  readonly owner: bigint;
  readonly mode: CreateMode;
  readonly ttlMs: number;
}

export type Change = (type: 'created' | 'deleted' | 'dataChanged', path: string) => void;

/** The tree of nodes as a pure function of the transactions applied to it, in ZooKeeper's rules. */
export class ModelTree {
  readonly #nodes = new Map<string, TreeNode>();
  readonly #ephemerals = new Map<bigint, Set<string>>();
  readonly #onChange: Change;

  constructor(onChange: Change = () => {}) {
    this.#onChange = onChange;
    this.#nodes.set('/', newNode(0n, 0, 0n, 'persistent', Buffer.alloc(0), 0));
  }

  /** @throws ServerRefusalError and changes nothing */
  apply(write: Write, zxid: bigint, nowMs: number): Written {
    switch (write.kind) {
      case 'create':
        return this.#create(write, zxid, nowMs);
      case 'setData': {
        const node = this.#nodeOf(write.path, write.version);
        Object.assign(node, { data: write.data, mzxid: zxid, modifiedMs: nowMs, version: node.version + 1 });
        this.#onChange('dataChanged', write.path);
        return { path: write.path, stat: statOf(node) };
      }
      case 'skipNumbers':
        this.#nodeOf(write.path).creates = write.creates | 0;
        return { path: write.path, stat: null };
      case 'endSession':
        for (const path of this.#ephemerals.get(write.sessionId) ?? []) this.#remove(path, zxid);
        this.#ephemerals.delete(write.sessionId);
        return { path: '', stat: null };
      default: {
        if (write.path === '/') throw new BadArgumentsError(write.path);
        const node = this.#nodeOf(write.path, write.version);
        if (node.children.size > 0) throw new NotEmptyError(write.path);
        if (write.kind === 'reap' && !isReapable(node, nowMs)) throw new BadArgumentsError(write.path);
        this.#remove(write.path, zxid);
        return { path: write.path, stat: null };
      }
    }
  }

  stat(path: string): Stat | null {
    const node = this.#nodes.get(path);
    return node === undefined ? null : statOf(node);
  }

  /** @throws NoNodeError */
  data(path: string): Buffer {
    return this.#nodeOf(path).data;
  }

  /** In no order that anybody may count on. @throws NoNodeError */
  children(path: string): string[] {
    return [...this.#nodeOf(path).children];
  }

  ephemeralsOf(sessionId: bigint): string[] {
    return [...(this.#ephemerals.get(sessionId) ?? [])];
  }

  /** What a server would delete by itself now. */
  reapable(nowMs: number): string[] {
    return [...this.#nodes].filter(([, node]) => isReapable(node, nowMs)).map(([path]) => path);
  }

  #create(write: Extract<Write, { kind: 'create' }>, zxid: bigint, nowMs: number): Written {
    const { mode } = write;
    const parentPath = parentOf(write.path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) throw new NoNodeError(write.path);
    const path = mode.toLowerCase().endsWith('sequential')
      ? write.path + sequenceText(parent.creates)
      : write.path;
    if (this.#nodes.has(path)) throw new NodeExistsError(path);
    if (parent.owner !== 0n) throw new NoChildrenForEphemeralsError(path);
    const owner = mode.startsWith('ephemeral') ? write.sessionId : 0n;
    const node = newNode(zxid, nowMs, owner, mode, write.data, write.ttlMs);
    this.#nodes.set(path, node);
    if (owner !== 0n) {
      const owned = this.#ephemerals.get(owner);
      if (owned === undefined) this.#ephemerals.set(owner, new Set([path]));
      else owned.add(path);
    }
    parent.children.add(nameOf(path));
    parent.creates = (parent.creates + 1) | 0;
    parent.pzxid = zxid;
    this.#onChange('created', path);
    return { path, stat: statOf(node) };
  }

  #remove(path: string, zxid: bigint): void {
    const node = this.#nodes.get(path)!;
    this.#nodes.delete(path);
    this.#ephemerals.get(node.owner)?.delete(path);
    const parent = this.#nodes.get(parentOf(path))!;
    parent.children.delete(nameOf(path));
    parent.pzxid = zxid;
    this.#onChange('deleted', path);
  }

  #nodeOf(path: string, version = -1): TreeNode {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new NoNodeError(path);
    if (version !== -1 && version !== node.version) throw new BadVersionError(path);
    return node;
  }
}

/** All paths from the first below the root down to this one. */
export function pathsTo(path: string): string[] {
  return path === '/' ? [] : [...pathsTo(parentOf(path)), childOf(parentOf(path), nameOf(path))];
}

/** Java's `%010d`. */
function sequenceText(number: number): string {
  return number < 0 ? `-${String(-number).padStart(9, '0')}` : String(number).padStart(10, '0');
}

/** A container that never had a child is kept. */
function isReapable(node: TreeNode, nowMs: number): boolean {
  if (node.children.size > 0) return false;
  if (node.mode === 'container') return node.creates !== 0;
  return node.mode.startsWith('ttl') && nowMs - node.modifiedMs > node.ttlMs;
}

function newNode(
  zxid: bigint,
  nowMs: number,
  owner: bigint,
  mode: CreateMode,
  data: Buffer,
  ttlMs: number,
): TreeNode {
  const born = { czxid: zxid, mzxid: zxid, pzxid: zxid, createdMs: nowMs, modifiedMs: nowMs };
  return { ...born, data, version: 0, creates: 0, children: new Set(), owner, mode, ttlMs };
}

function statOf(node: TreeNode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    createdMs: node.createdMs,
    modifiedMs: node.modifiedMs,
    version: node.version,
    // Clients are shown creates and deletes, and all children but those that are left were deleted.
    childrenVersion: (2 * node.creates - node.children.size) | 0,
    aclVersion: 0,
    ephemeralOwner: node.owner,
    dataBytes: node.data.length,
    childrenCount: node.children.size,
    pzxid: node.pzxid,
  };
}
