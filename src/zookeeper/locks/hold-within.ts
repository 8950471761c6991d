import type { Nodes } from '../nodes.ts';
import type { AcquireLimits } from './acquire-limits.ts';
import { LockTimeoutError } from './lock-error.ts';
import { LockHold } from './lock-hold.ts';
import { discardNode } from './node-removal.ts';
import type { QueueNode } from './queue-node.ts';
import { withinTime } from './within-time.ts';

/** A request for a lock that goes on by itself. */
export interface LockRequest {
  /** Resolves with the node that has the lock; null when there is none to be had. */
  run(): Promise<QueueNode | null>;
  cancel(): void;
}

/** The second request is made if there is nothing to be had by the first. */
export function firstOf(first: LockRequest, second: LockRequest): LockRequest {
  return {
    run: async () => (await first.run()) ?? (await second.run()),
    cancel: () => {
      first.cancel();
      second.cancel();
    },
  };
}

/**
 * What a request comes to, unless the time is over or the signal aborts before that: then it is cancelled, and what it comes
 * to all the same is removed.
 *
 * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
 */
export async function holdWithin(
  nodes: Nodes,
  lockPath: string,
  request: LockRequest,
  limits: AcquireLimits,
): Promise<LockHold | null> {
  const isEndless = limits.timeoutMs === null && limits.signal === undefined;
  const node = await (isEndless ? request.run() : runWithin(nodes, lockPath, request, limits));
  return node === null ? null : new LockHold(nodes, lockPath, node);
}

function runWithin(
  nodes: Nodes,
  lockPath: string,
  request: LockRequest,
  { timeoutMs, signal }: AcquireLimits,
): Promise<QueueNode | null> {
  return withinTime(nodes.clock, request.run(), {
    timeoutMs,
    signal,
    late: (waitedMs) => new LockTimeoutError(lockPath, waitedMs),
    giveUp: () => request.cancel(),
    giveBack: (late) => {
      if (late === null) return;
      // By its path alone, which nobody else has: a writer's read node has another token than its own transaction.
      const { path, sessionId } = late;
      void discardNode(nodes, { path, sessionId });
    },
  });
}
