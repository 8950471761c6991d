import { LockMode } from '../../contract/lock-mode.ts';
import { type Listing, listingOf } from '../../zookeeper/child-nodes.ts';
import { Acquisition } from '../../zookeeper/locks/acquisition.ts';
import { LOCK_NAME } from '../../zookeeper/locks/contenders.ts';
import type { LockRequest } from '../../zookeeper/locks/hold-within.ts';
import { LeaseAcquisition } from '../../zookeeper/locks/lease-acquisition.ts';
import { LeaseLimit } from '../../zookeeper/locks/lease-limit.ts';
import { makeParents } from '../../zookeeper/locks/lock-parents.ts';
import { protectionOf } from '../../zookeeper/locks/protection.ts';
import type { QueueMode, QueueNode } from '../../zookeeper/locks/queue-node.ts';
import type { Rule } from '../../zookeeper/locks/standing.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Claim } from './claim.ts';
import { SEMAPHORE_LEASES, SEMAPHORE_LOCKS } from './layout-check.ts';
import { layoutOf } from './lock-base.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { decodeNodeData } from './node-data.ts';
import { NodeRemovedError, RequestElsewhereError } from './refused-error.ts';

/** Who may hold a lock together, by what its claims ask for. */
function ruleOf({ place, size, mode }: Pick<Claim, 'place' | 'size' | 'mode'>): Rule {
  const layout = layoutOf(place, size);
  if (layout === 'rw') return mode === LockMode.Shared ? READ : WRITE;
  return { kind: 'queue', lockName: LOCK_NAME, size };
}

const READ: Rule = { kind: 'read' };
const WRITE: Rule = { kind: 'write' };

type RequestParts = Pick<LockDeskParts, 'nodes' | 'bases' | 'serverName'>;

/** What a claim asks of ZooKeeper. */
export function lockRequestOf(
  parts: RequestParts,
  claim: Claim,
  data: Uint8Array,
  mode: QueueMode,
): LockRequest {
  const { nodes, bases } = parts;
  const { place, size, tryOnly: tries } = claim;
  const prefix = protectionOf(claim.key);
  if (layoutOf(place, size) === 'semaphore') return semaphoreRequest(parts, claim, data, mode);
  const rule = ruleOf(claim);
  const acquisition = new Acquisition(nodes, {
    ...{ base: place.base, rule: () => rule, data, tries, mode, prefix },
    makeBase: () => bases.make(place, size),
    removed: () => new NodeRemovedError(),
    check: async (listing, own) => {
      await refuseTwin(parts, place.base, prefix, listing, own);
      await bases.check(place, size, listing);
    },
  });
  return {
    run: async () => {
      await bases.expect(place, size);
      return acquisition.run();
    },
    cancel: () => acquisition.cancel(),
  };
}

/**
 * A request that its caller has made to another server before stands in the queue still: that one gives it up as soon as it notices
 * that its caller is gone. Where locks outlive their server, it may have granted the request, and take that back at any moment.
 *
 * @throws RequestElsewhereError
 */
async function refuseTwin(
  { nodes, serverName }: RequestParts,
  base: string,
  prefix: string,
  { children }: Listing,
  own: QueueNode | null,
): Promise<void> {
  for (const child of children) {
    if (child === own?.name || !child.startsWith(prefix)) continue;
    const twin = await nodes.getData(childOf(base, child)).catch((error: unknown) => {
      if (error instanceof NoNodeError) return null;
      throw error;
    });
    // One of ours is a creation whose answer was lost.
    if (twin === null || twin.stat.ephemeralOwner === nodes.sessionId) continue;
    const data = decodeNodeData(twin.data);
    if (data?.server !== serverName(nodes.sessionId)) throw new RequestElsewhereError();
  }
}

function semaphoreRequest(parts: RequestParts, claim: Claim, data: Uint8Array, mode: QueueMode): LockRequest {
  const { nodes, bases } = parts;
  const { place, size, tryOnly: tries } = claim;
  const { base } = place;
  const locks = childOf(base, SEMAPHORE_LOCKS);
  const check = async (): Promise<void> => {
    const listing = await listingOf(nodes, base);
    if (listing !== null) await bases.check(place, size, listing);
  };
  const lease = new LeaseAcquisition(nodes, {
    locks,
    leases: childOf(base, SEMAPHORE_LEASES),
    limit: new LeaseLimit(base, size),
    data,
    tries,
    mode,
    prefix: protectionOf(claim.key),
    makeBase: async () => {
      await bases.make(place, size);
      await makeParents(nodes, locks);
    },
    // From now on the node above stays, and with it the size.
    queued: check,
    removed: () => new NodeRemovedError(),
  });
  return {
    run: async () => {
      // Nothing is made where the node is used in another way.
      await check();
      await refuseLeaseTwin(parts, base, protectionOf(claim.key));
      return lease.run();
    },
    cancel: () => lease.cancel(),
  };
}

/** The same among the leases, and among those who are about to make one. */
async function refuseLeaseTwin(parts: RequestParts, base: string, prefix: string): Promise<void> {
  for (const path of [childOf(base, SEMAPHORE_LEASES), childOf(base, SEMAPHORE_LOCKS)]) {
    const listing = await listingOf(parts.nodes, path);
    if (listing !== null) await refuseTwin(parts, path, prefix, listing, null);
  }
}
