import type { Listing } from '../../zookeeper/child-nodes.ts';
import {
  CONTENDER_NAMES,
  LEASE_NAME,
  LOCK_NAME,
  parseContender,
  READ_NAME,
  WRITE_NAME,
} from '../../zookeeper/locks/contenders.ts';
import { protectionOf } from '../../zookeeper/locks/protection.ts';
import { type Rule, standingOf } from '../../zookeeper/locks/standing.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import { SEMAPHORE_LEASES, SEMAPHORE_LOCKS } from './layout-check.ts';
import type { LockBases } from './lock-base.ts';
import type { LockPlace } from './lock-place.ts';
import { decodeNodeData, type NodeData } from './node-data.ts';

/** A claim of any of our servers, as ZooKeeper has it. */
export interface PlacedClaim {
  readonly path: string;
  readonly data: NodeData;
  readonly version: number;
  readonly isHeld: boolean;
  /** It outlives the server that has made it. */
  readonly stays: boolean;
}

/** Where those stand who hold a lock or wait for it. */
export function queuePath({ base, mapped }: LockPlace): string {
  return mapped === 'semaphore' ? childOf(base, SEMAPHORE_LEASES) : base;
}

/**
 * Looks for a claim by its key in all that is in ZooKeeper. `noLock`: nobody uses a lock of that name; null: no claim of ours has
 * this key.
 */
export async function findPlacedClaim(
  nodes: Nodes,
  bases: LockBases,
  place: LockPlace,
  key: string,
): Promise<PlacedClaim | 'noLock' | null> {
  const found = await findIn(queuePath(place), nodes, bases, place, key);
  if (place.mapped !== 'semaphore' || (found !== null && found !== 'noLock')) return found;
  // Who waits for the lock beside the leases has none.
  const waiting = await findIn(childOf(place.base, SEMAPHORE_LOCKS), nodes, bases, place, key);
  return waiting === 'noLock' ? found : waiting;
}

async function findIn(
  queue: string,
  nodes: Nodes,
  bases: LockBases,
  place: LockPlace,
  key: string,
): Promise<PlacedClaim | 'noLock' | null> {
  try {
    const listing = await nodes.getChildren(queue);
    const prefix = protectionOf(key);
    const children = key === '' ? [] : listing.children.filter((name) => name.startsWith(prefix));
    if (children.length === 0) return null;
    const held = await findHeld(bases, place, listing, children);
    const child = held ?? children[0]!;
    const path = childOf(queue, child);
    const { data, stat } = await nodes.getData(path);
    const decoded = decodeNodeData(data);
    // Other programs see to their nodes themselves.
    if (decoded === null) return null;
    const stays = stat.ephemeralOwner === 0n;
    return { path, data: decoded, version: stat.version, isHeld: held !== null, stays };
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error;
    // The claim is gone, or all of it.
    return error.path === queue ? 'noLock' : null;
  }
}

/** Of a request that its caller has made again there may be a node that is about to vanish, beside the one that holds. */
async function findHeld(
  bases: LockBases,
  place: LockPlace,
  listing: Listing,
  children: readonly string[],
): Promise<string | null> {
  for (const child of children) if (await isHolder(bases, place, listing, child)) return child;
  return null;
}

async function isHolder(
  bases: LockBases,
  place: LockPlace,
  { children, stat }: Listing,
  child: string,
): Promise<boolean> {
  // A lease of a semaphore is made by who is next, and waits until there are few enough: a listing counts it as held.
  if (place.mapped === 'semaphore') return parseContender(child, [LEASE_NAME]) !== null;
  const rule = await ruleAt(bases, place, child, stat);
  return rule !== null && standingOf(children, child, rule).kind === 'held';
}

/** The rule by which a contender waits, by its name and the lock's size. Null: it is none. */
async function ruleAt(
  bases: LockBases,
  place: LockPlace,
  child: string,
  stat: Listing['stat'],
): Promise<Rule | null> {
  const lockName = parseContender(child, CONTENDER_NAMES)?.lockName;
  if (lockName === READ_NAME) return { kind: 'read' };
  if (lockName === WRITE_NAME) return { kind: 'write' };
  if (lockName !== LOCK_NAME) return null;
  const size = await bases.recordedSize(place, stat);
  return size === null ? null : { kind: 'queue', lockName: LOCK_NAME, size };
}
