import { Limits } from '../../base/limits.ts';
import { childrenOf } from '../../zookeeper/child-nodes.ts';
import {
  type Contender,
  LEASE_NAME,
  LOCK_NAME,
  queueOf,
  READ_NAME,
  WRITE_NAME,
} from '../../zookeeper/locks/contenders.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Stat } from '../../zookeeper/wire/records.ts';
import { decodeBaseData } from './base-data.ts';
import { SEMAPHORE_LEASES, SEMAPHORE_LOCKS } from './layout-check.ts';
import type { LockPlace } from './lock-place.ts';
import { decodeNodeData, type NodeData } from './node-data.ts';

/** Somebody who holds a lock or waits for it, through whatever server or program. */
export interface PlacedContender {
  readonly path: string;
  /** The unique part of the node's name: the key, where it is one of ours. */
  readonly key: string;
  readonly isReader: boolean;
  readonly stat: Stat;
  /** Null: another program's. */
  readonly data: NodeData | null;
  /** What another program has written into its node, as far as it is short and readable. */
  readonly text: string;
}

/** A lock that somebody holds or waits for. */
export interface PlacedLock {
  readonly place: LockPlace;
  readonly size: number;
  /** All of them, also where the lists are cut. */
  readonly holderCount: number;
  readonly waiterCount: number;
  /** The last that were granted it, oldest first: at most `Limits.listedClaimsMax`. */
  readonly holders: readonly PlacedContender[];
  /** The next ones: at most as many. */
  readonly waiters: readonly PlacedContender[];
}

/** The nodes of those who hold a lock and of those who wait for it, each in the order of the queue. */
interface Split {
  readonly holders: readonly string[];
  readonly waiters: readonly string[];
}

/** Reads a lock with all who have or want it; null when nobody does. */
export async function readPlacedLock(
  nodes: Nodes,
  place: LockPlace,
  withWaiters: boolean,
): Promise<PlacedLock | null> {
  const base = await readBase(nodes, place);
  if (base === null) return null;
  const split = await splitOf(nodes, place, base.children, base.size);
  if (split.holders.length + split.waiters.length === 0) return null;
  const listed = split.holders.slice(-Limits.listedClaimsMax);
  const waiting = withWaiters ? split.waiters.slice(0, Limits.listedClaimsMax) : [];
  const [holders, waiters] = await Promise.all([readAll(nodes, listed), readAll(nodes, waiting)]);
  // Those who have gone since the list was made are not counted: nobody would tell of their end.
  const counts = {
    holderCount: split.holders.length - (listed.length - holders.length),
    waiterCount: split.waiters.length - (waiting.length - waiters.length),
  };
  if (counts.holderCount + counts.waiterCount === 0) return null;
  const size = base.size ?? Math.max(1, counts.holderCount);
  return { place: { ...place, name: base.name }, size, ...counts, holders, waiters };
}

interface ReadBase {
  readonly children: readonly string[];
  /** Null: it is a semaphore that other programs alone use, who do not say how many may hold it. */
  readonly size: number | null;
  readonly name: string;
}

async function readBase(nodes: Nodes, place: LockPlace): Promise<ReadBase | null> {
  try {
    const [{ children }, { data }] = await Promise.all([
      nodes.getChildren(place.base),
      nodes.getData(place.base),
    ]);
    const said = decodeBaseData(data);
    const unsaid = place.mapped === 'semaphore' ? null : 1;
    return { children, size: said?.size ?? unsaid, name: said?.name ?? place.name };
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

async function splitOf(
  nodes: Nodes,
  { base, mapped }: LockPlace,
  children: readonly string[],
  said: number | null,
): Promise<Split> {
  if (mapped === 'semaphore') return splitSemaphore(nodes, base, said);
  const size = said ?? 1;
  const at = ({ node }: Contender): string => childOf(base, node);
  if (mapped === 'mutex' || (mapped === null && size > 1)) {
    const queue = queueOf(children, [LOCK_NAME]).map(at);
    return { holders: queue.slice(0, size), waiters: queue.slice(size) };
  }
  const queue = queueOf(children, [READ_NAME, WRITE_NAME]);
  const firstWriter = queue.findIndex(({ lockName }) => lockName === WRITE_NAME);
  const held = firstWriter < 0 ? queue.length : Math.max(firstWriter, 1);
  return { holders: queue.slice(0, held).map(at), waiters: queue.slice(held).map(at) };
}

/**
 * Who is next in line for a semaphore has its lease already, and waits until there are few enough of them. Where nobody has said
 * how many that are, all leases count as held: which of them waits is known to its program alone.
 */
async function splitSemaphore(nodes: Nodes, base: string, size: number | null): Promise<Split> {
  const [leases, locks] = [childOf(base, SEMAPHORE_LEASES), childOf(base, SEMAPHORE_LOCKS)];
  const list = async (path: string, names: readonly string[]): Promise<string[]> => {
    const children = await childrenOf(nodes, path);
    return queueOf(children, names).map(({ node }) => childOf(path, node));
  };
  const [holders, waiters] = await Promise.all([list(leases, [LEASE_NAME]), list(locks, [LOCK_NAME])]);
  return { holders: size === null ? holders : holders.slice(0, size), waiters };
}

async function readAll(nodes: Nodes, paths: readonly string[]): Promise<PlacedContender[]> {
  const read = await Promise.all(paths.map((path) => readContender(nodes, path)));
  return read.filter((contender) => contender !== null);
}

/** Null: it is gone. */
async function readContender(nodes: Nodes, path: string): Promise<PlacedContender | null> {
  try {
    const { data, stat } = await nodes.getData(path);
    const ours = decodeNodeData(data);
    return {
      ...{ path, stat, data: ours, key: keyIn(path), isReader: path.includes(READ_NAME) },
      text: ours === null ? shownText(data) : '',
    };
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

const UNIQUE = /\/(?:_c_)?([0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})[^/]*$/;

function keyIn(path: string): string {
  return UNIQUE.exec(path)?.[1] ?? '';
}

function shownText(data: Buffer): string {
  const text = data.toString('utf8');
  return text.length <= Limits.zookeeperTextCharactersMax && !/[\p{Cc}\ufffd]/u.test(text) ? text : '';
}
