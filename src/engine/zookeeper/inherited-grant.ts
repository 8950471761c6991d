import { protectionOf } from '../../zookeeper/locks/protection.ts';
import type { QueueNode } from '../../zookeeper/locks/queue-node.ts';
import { nameOf } from '../../zookeeper/node-path.ts';
import type { Stat } from '../../zookeeper/wire/records.ts';
import type { Claim } from './claim.ts';
import type { ClaimLeases } from './claim-leases.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { decodeNodeData, encodeNodeData, type NodeData } from './node-data.ts';
import { isServerThere, tellOrphans } from './server-register.ts';
import { untilAnswered } from './until-answered.ts';

/** A lock that a server has granted which is gone since, and that this one sees to from now on. */
export interface InheritedGrant {
  readonly node: QueueNode;
  readonly version: number;
  readonly lockTimeoutMs: number;
}

type Parts = Pick<LockDeskParts, 'nodes' | 'serverName'>;

/**
 * Where locks outlive their server, a request may come to another one whose node says that it was granted. If the server is gone that
 * has granted it, the lock becomes this server's, by the same key and token. Of all who try, the node's version lets one through, or
 * whoever ends its lease.
 *
 * A server says that it is there before it makes any node: the connected one, which knows of the node, knows of that, too.
 *
 * @returns null when the lock is another server's, or gone
 */
export function inheritGrant(
  { nodes, serverName }: Parts,
  leases: Pick<ClaimLeases, 'dataOf'>,
  claim: Claim,
  path: string,
): Promise<InheritedGrant | null> {
  const isOurs = ({ server }: NodeData): boolean => server === serverName(nodes.sessionId);
  return untilAnswered(nodes, async () => {
    for (;;) {
      const { data, stat } = await nodes.getData(path);
      const said = decodeNodeData(data);
      if (said === null || said.grantedMs === 0 || stat.ephemeralOwner !== 0n) return null;
      // A request without a lease keeps the one that there is. Its caller may ask for another meanwhile.
      const lockTimeoutMs = claim.lockTimeoutMs > 0 ? claim.lockTimeoutMs : said.lockTimeoutMs;
      if (isOurs(said) && said.lockTimeoutMs === lockTimeoutMs)
        return { node: nodeOf(path, stat, claim, nodes.sessionId), version: stat.version, lockTimeoutMs };
      if (!isOurs(said) && (await isServerThere(nodes, said.server))) return null;
      // Nobody wants it any more.
      if (claim.state === 'ended') return null;
      await nodes.setData(path, leases.dataOf(claim, said.grantedMs, lockTimeoutMs), stat.version);
    }
  });
}

/** Leaves it to those who see to the locks of servers that are gone: whoever has asked for it does not want it any more. */
export async function leaveInherited({ nodes, serverName }: Parts, path: string): Promise<void> {
  await untilAnswered(nodes, async () => {
    const { data, stat } = await nodes.getData(path);
    const said = decodeNodeData(data);
    if (said?.server !== serverName(nodes.sessionId)) return null;
    await nodes.setData(path, encodeNodeData({ ...said, server: '' }), stat.version);
    return null;
  });
  await tellOrphans(nodes);
}

function nodeOf(path: string, { czxid }: Stat, { key }: Claim, sessionId: bigint): QueueNode {
  return { path, name: nameOf(path), prefix: protectionOf(key), sessionId, czxid };
}
