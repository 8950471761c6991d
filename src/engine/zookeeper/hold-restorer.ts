import { discardNode } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Claim } from './claim.ts';
import { claimOfRecord, type HeldRecord } from './held-record.ts';
import type { LockPaths } from './lock-place.ts';
import { SERVERS_PATH } from './server-register.ts';

/** What a server that has taken over the session of another one begins with. */
export interface RestorePlan {
  /** The locks that were held when that one stopped. */
  readonly held: readonly HeldRecord[];
  /** The timeout that a lock gets which had none: nobody may be left to unlock it. In milliseconds. */
  readonly defaultLockTimeoutMs: number;
  /** All nodes that vanish with the session. */
  readonly ownNodes: () => Promise<readonly string[]>;
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
  plan: RestorePlan,
  nowMs: () => number,
): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (let start = 0; start < plan.held.length; start += CHECKED_TOGETHER) {
    const some = plan.held.slice(start, start + CHECKED_TOGETHER);
    const found = await Promise.all(some.map((record) => restoreOne(nodes, paths, plan, record, nowMs())));
    claims.push(...found.filter((claim) => claim !== null));
  }
  const kept = new Set(claims.map(({ node }) => node!.path));
  const left = (await plan.ownNodes()).filter(
    (path) => !kept.has(path) && !path.startsWith(`${SERVERS_PATH}/`),
  );
  const { sessionId } = nodes;
  await Promise.all(left.map((path) => discardNode(nodes, { path, sessionId })));
  return claims;
}

/** Null: it is gone, or somebody else's by now. */
async function restoreOne(
  nodes: Nodes,
  paths: LockPaths,
  { defaultLockTimeoutMs }: RestorePlan,
  record: HeldRecord,
  nowMs: number,
): Promise<Claim | null> {
  try {
    const { stat } = await nodes.getData(record.path);
    if (stat.ephemeralOwner !== nodes.sessionId && stat.ephemeralOwner !== 0n) return null;
    if (stat.czxid.toString(16) !== record.czxid) return null;
    const claim = claimOfRecord(record, paths, nodes.sessionId, nowMs);
    claim.version = stat.version;
    claim.setLease(record.lockTimeoutMs > 0 ? record.lockTimeoutMs : defaultLockTimeoutMs, nowMs);
    return claim;
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}
