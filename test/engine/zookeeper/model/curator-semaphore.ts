import { childOf, nameOf } from '../../../../src/zookeeper/node-path.ts';
import type { Nodes } from '../../../../src/zookeeper/nodes.ts';
import type {
  AcquireOptions,
  LeaseUnderTest,
  LockUnderTest,
} from '../../../zookeeper/model/lock-under-test.ts';
import { deleteNode, NaiveEntry, type OwnNode } from '../../../zookeeper/model/naive-entry.ts';
import { naiveLocks } from '../../../zookeeper/model/naive-locks.ts';

/** How often it looks by itself, should a connection have been lost. */
const LOOK_MS = 1_000;

/**
 * Curator's InterProcessSemaphoreV2: who has the mutex beside the leases makes one, and keeps the mutex until there are no more
 * leases than there may be.
 */
export function curatorSemaphore(nodes: Nodes, path: string, maxLeases: number): LockUnderTest {
  const mutex = naiveLocks().mutex(nodes, childOf(path, 'locks'), 1);
  return {
    acquire: async (options) => {
      for (;;) {
        const lock = await mutex.acquire(options);
        const lease = await leaseUnder(nodes, childOf(path, 'leases'), maxLeases, lock, options);
        if (lease !== null) return lease;
      }
    },
  };
}

/** Null: the session is over in which it was made. */
async function leaseUnder(
  nodes: Nodes,
  path: string,
  maxLeases: number,
  lock: LeaseUnderTest,
  { timeoutMs, signal }: AcquireOptions,
): Promise<LeaseUnderTest | null> {
  const entry = new NaiveEntry(nodes, path, 'lease-', null);
  const untilMs = timeoutMs === null ? Number.POSITIVE_INFINITY : nodes.clock.nowMs() + timeoutMs;
  try {
    while (lock.locked) {
      try {
        entry.own ??= await entry.enter();
        if (signal.aborted || nodes.clock.nowMs() >= untilMs) break;
        if (entry.own !== null && (await isGranted(nodes, path, maxLeases, entry.own, untilMs)))
          return nodes.isSessionAlive(entry.own.sessionId) ? leaseOf(nodes, entry.own) : null;
      } catch {
        await entry.makeParents().catch(() => {});
      }
    }
    if (lock.locked) {
      await entry.leave().catch(() => {});
      throw new Error('no lease in time');
    }
    return null;
  } finally {
    await lock.release();
  }
}

/** Looks, and waits for a change if there are too many. */
async function isGranted(
  nodes: Nodes,
  path: string,
  maxLeases: number,
  own: OwnNode,
  untilMs: number,
): Promise<boolean> {
  let wake!: () => void;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  try {
    const { children } = await nodes.getChildren(path, wake);
    if (!children.includes(nameOf(own.path))) throw new Error('the lease is gone');
    if (children.length <= maxLeases) return true;
    const endTimer = nodes.clock.after(Math.min(LOOK_MS, untilMs - nodes.clock.nowMs()), wake);
    await woken;
    endTimer();
    return false;
  } finally {
    nodes.removeWatcher(path, wake);
  }
}

function leaseOf(nodes: Nodes, own: OwnNode): LeaseUnderTest {
  let isReleased = false;
  return {
    fencingToken: own.czxid,
    path: own.path,
    get locked() {
      return !isReleased && nodes.isSessionAlive(own.sessionId);
    },
    signal: new AbortController().signal,
    release: async () => {
      isReleased = true;
      return deleteNode(nodes, own, false);
    },
  };
}
