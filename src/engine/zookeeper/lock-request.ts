import { LockMode } from '../../contract/lock-mode.ts';
import { Refusals } from '../../contract/refusal.ts';
import { listingOf } from '../../zookeeper/child-nodes.ts';
import { Acquisition } from '../../zookeeper/locks/acquisition.ts';
import { CONTENDER_NAMES, LEASE_NAME, LOCK_NAME, parseContender } from '../../zookeeper/locks/contenders.ts';
import type { LockRequest } from '../../zookeeper/locks/hold-within.ts';
import { LeaseAcquisition } from '../../zookeeper/locks/lease-acquisition.ts';
import { LeaseLimit } from '../../zookeeper/locks/lease-limit.ts';
import { ListedQueue } from '../../zookeeper/locks/listed-queue.ts';
import { makeParents } from '../../zookeeper/locks/lock-parents.ts';
import { protectionOf } from '../../zookeeper/locks/protection.ts';
import type { QueueMode, QueueNode } from '../../zookeeper/locks/queue-node.ts';
import { lockNameOf, type Rule } from '../../zookeeper/locks/standing.ts';
import { childOf } from '../../zookeeper/node-path.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Claim } from './claim.ts';
import { SEMAPHORE_LEASES, SEMAPHORE_LOCKS } from './layout-check.ts';
import { layoutOf } from './lock-base.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { decodeNodeData } from './node-data.ts';
import { LockRefusedError, NodeRemovedError, RequestElsewhereError } from './refused-error.ts';

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
      await refuseTwin(parts, { queue: place.base, prefix, lockName: lockNameOf(rule) }, listing, own);
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

/** Where a node of the same request would stand, and what it would be called. */
interface TwinPlace {
  readonly queue: string;
  readonly prefix: string;
  readonly lockName: string;
}

/**
 * A request that its caller has made to another server before stands in the queue still: that one gives it up as soon as it notices
 * that its caller is gone. Where locks outlive their server, it may have granted the request, and take that back at any moment,
 * unless it is gone: see `inheritGrant`.
 *
 * @throws RequestElsewhereError
 */
async function refuseTwin(
  { nodes, serverName }: RequestParts,
  { queue, prefix, lockName }: TwinPlace,
  listed: ListedQueue,
  own: QueueNode | null,
): Promise<void> {
  for (const child of listed.twinsOf({ name: own?.name ?? '', prefix })) {
    const path = childOf(queue, child);
    const twin = await nodes.getData(path).catch((error: unknown) => {
      if (error instanceof NoNodeError) return null;
      throw error;
    });
    // One of ours is a creation whose answer was lost. If it was granted, it was inherited for somebody who has left meanwhile.
    if (twin === null || twin.stat.ephemeralOwner === nodes.sessionId) continue;
    const data = decodeNodeData(twin.data);
    const isGranted = twin.stat.ephemeralOwner === 0n && data !== null && data.grantedMs > 0;
    if (!isGranted && data?.server === serverName(nodes.sessionId)) continue;
    if (!isGranted) throw new RequestElsewhereError();
    // Of another mode: nobody repeats a request so.
    if (parseContender(child, CONTENDER_NAMES)?.lockName !== lockName)
      throw new LockRefusedError(Refusals.requestDiffers);
    throw new RequestElsewhereError(path);
  }
}

function semaphoreRequest(parts: RequestParts, claim: Claim, data: Uint8Array, mode: QueueMode): LockRequest {
  const { nodes, bases } = parts;
  const { place, size, tryOnly: tries } = claim;
  const { base } = place;
  const locks = childOf(base, SEMAPHORE_LOCKS);
  const prefix = protectionOf(claim.key);
  const check = async (): Promise<void> => {
    const listing = await listingOf(nodes, base);
    if (listing !== null) await bases.check(place, size, listing);
    // The key of a request without an id is nobody else's.
    if (claim.requestId !== '') await refuseLeaseTwin(parts, base, prefix);
  };
  const lease = new LeaseAcquisition(nodes, {
    locks,
    leases: childOf(base, SEMAPHORE_LEASES),
    limit: new LeaseLimit(base, size),
    data,
    tries,
    mode,
    prefix,
    makeBase: async () => {
      await bases.make(place, size);
      await makeParents(nodes, locks);
    },
    // From now on the node above stays, and with it the size. The connected server knows all leases by now that were made before.
    queued: check,
    removed: () => new NodeRemovedError(),
  });
  return {
    run: async () => {
      // Nothing is made where the node is used in another way.
      await check();
      return lease.run();
    },
    cancel: () => lease.cancel(),
  };
}

/** The same among the leases, and among those who are about to make one. */
async function refuseLeaseTwin(parts: RequestParts, base: string, prefix: string): Promise<void> {
  for (const [below, lockName] of [
    [SEMAPHORE_LEASES, LEASE_NAME],
    [SEMAPHORE_LOCKS, LOCK_NAME],
  ] as const) {
    const queue = childOf(base, below);
    const listing = await listingOf(parts.nodes, queue);
    if (listing !== null)
      await refuseTwin(parts, { queue, prefix, lockName }, new ListedQueue(listing), null);
  }
}
