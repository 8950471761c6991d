import {
  CONTENDER_NAMES,
  LOCK_NAME,
  parseContender,
  READ_NAME,
  WRITE_NAME,
} from '../../zookeeper/locks/contenders.ts';
import type { Layout } from './lock-place.ts';

/** Between its two parts, a node of kazoo's own locks has one of these. */
const KAZOO = /__r?lock__\d{10}$/;
/** The children of a semaphore. */
export const SEMAPHORE_LOCKS = 'locks';
export const SEMAPHORE_LEASES = 'leases';

/** The names of the contenders that stand below a lock's node, by its layout. */
const CONTENDERS: Readonly<Record<Layout, readonly string[]>> = {
  rw: [READ_NAME, WRITE_NAME],
  queue: [LOCK_NAME],
  mutex: [LOCK_NAME],
  semaphore: [],
};

/**
 * A child by which others use the same node for a lock of another kind: these would not see our contenders, and ours not theirs, so
 * that both held it at once. Null: there is none. What belongs to no lock is nobody's contender.
 */
export function foreignChild(children: readonly string[], layout: Layout): string | null {
  const own = CONTENDERS[layout];
  for (const child of children) {
    if (child === SEMAPHORE_LOCKS || child === SEMAPHORE_LEASES) {
      if (layout !== 'semaphore') return child;
    } else if (parseContender(child, own) === null) {
      if (parseContender(child, CONTENDER_NAMES) !== null || KAZOO.test(child)) return child;
    }
  }
  return null;
}
