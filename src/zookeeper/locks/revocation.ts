import type { Nodes, WatchEvent } from '../nodes.ts';
import { NoNodeError } from '../server-refusal.ts';
import type { HeldLock } from './held-lock.ts';
import { isUnanswered } from './node-removal.ts';

/** What Curator writes into the node of a holder who is asked to let go. */
const REVOKE = Buffer.from('__REVOKE__');

/**
 * Asks whoever holds a lock by this node to release it. He does so only if he listens, and as soon as he likes.
 *
 * @param path one of the lock's `getParticipantNodes`
 * @returns false when the node is gone
 */
export async function revoke(nodes: Nodes, path: string): Promise<boolean> {
  try {
    await nodes.setData(path, REVOKE);
    return true;
  } catch (error) {
    if (error instanceof NoNodeError) return false;
    throw error;
  }
}

/**
 * Calls once when somebody asks for the lock to be released, by {@link revoke} or Curator's Revoker. Returns what ends that.
 */
export function onRevoke(nodes: Nodes, { path }: Pick<HeldLock, 'path'>, revoked: () => void): () => void {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    nodes.removeWatcher(path, look);
  };
  const look = async (event?: WatchEvent): Promise<void> => {
    if (isOver || event?.type === 'lost' || event?.type === 'deleted') return;
    try {
      const { data } = await nodes.getData(path, look);
      if (isOver || !data.equals(REVOKE)) return;
      end();
      revoked();
    } catch (error) {
      // Otherwise the node is gone, or may not be read, and nobody can be told.
      if (isUnanswered(error)) await look();
    }
  };
  void look();
  return end;
}
