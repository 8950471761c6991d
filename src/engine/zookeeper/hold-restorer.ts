import { discardNode } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import type { Claim } from './claim.ts';
import { claimOfRecord, type HeldRecord } from './held-record.ts';
import type { LockPaths } from './lock-place.ts';
import { decodeNodeData } from './node-data.ts';
import { untilAnswered } from './until-answered.ts';

/** What a server that has taken over the session of another one begins with. */
export interface RestorePlan {
  /** The locks that were held when that one stopped. */
  readonly held: readonly HeldRecord[];
  /** The timeout that a lock gets which had none: nobody may be left to unlock it. In milliseconds. */
  readonly defaultLockTimeoutMs: number;
  /** All nodes that vanish with the session. */
  readonly ownNodes: () => Promise<readonly string[]>;
  /** Called when they are held here. */
  readonly done: () => void;
}

/** The same with what only the engine can do. */
export interface RestoreParts extends RestorePlan {
  /**
   * Says in the node of a lock that outlives its server who sees to it from now on.
   *
   * @throws BadVersionError when it was written since it was read
   */
  readonly takeOver: (claim: Claim) => Promise<void>;
  /** Where this server has said that it is there; empty: it has not. */
  readonly ownPath: string;
}

const CHECKED_TOGETHER = 256;

/**
 * Goes on with the locks of a server that has stopped. Each has its whole lease again. Whatever else that one has left in its
 * session, waiters above all, would hold everybody up who is behind, and is deleted.
 *
 * @returns the claims that are held
 */
export async function restoreHolds(
  nodes: Nodes,
  paths: LockPaths,
  plan: RestoreParts,
  nowMs: () => number,
): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (let start = 0; start < plan.held.length; start += CHECKED_TOGETHER) {
    const some = plan.held.slice(start, start + CHECKED_TOGETHER);
    const found = await Promise.all(
      some.map((record) => untilAnswered(nodes, () => readHold(nodes, paths, plan, record, nowMs()))),
    );
    claims.push(...found.filter((claim) => claim !== null));
  }
  const kept = new Set(claims.map(({ node }) => node!.path));
  const left = (await plan.ownNodes()).filter((path) => !kept.has(path) && path !== plan.ownPath);
  const { sessionId } = nodes;
  await Promise.all(left.map((path) => discardNode(nodes, { path, sessionId })));
  return claims;
}

/** Null: it is somebody else's by now. */
async function readHold(
  nodes: Nodes,
  paths: LockPaths,
  { defaultLockTimeoutMs, takeOver }: RestoreParts,
  record: HeldRecord,
  nowMs: number,
): Promise<Claim | null> {
  const { data, stat } = await nodes.getData(record.path);
  if (stat.ephemeralOwner !== nodes.sessionId && stat.ephemeralOwner !== 0n) return null;
  if (stat.czxid.toString(16) !== record.czxid) return null;
  const claim = claimOfRecord(record, paths, nodes.sessionId, nowMs);
  // Another server may have renewed it meanwhile.
  const written = stat.version === record.version ? null : decodeNodeData(data);
  const lockTimeoutMs = Math.max(record.lockTimeoutMs, written?.lockTimeoutMs ?? 0);
  claim.version = stat.version;
  claim.setLease(lockTimeoutMs > 0 ? lockTimeoutMs : defaultLockTimeoutMs, nowMs);
  claim.nodeStays = stat.ephemeralOwner === 0n;
  if (claim.nodeStays) await takeOver(claim);
  return claim;
}
