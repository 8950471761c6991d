import type { Nodes, WatchEvent } from '../nodes.ts';
import { NoAuthError, NoNodeError } from '../server-refusal.ts';
import type { HeldLock } from './held-lock.ts';
import { isSessionOver, isUnanswered } from './node-removal.ts';

/** What Curator writes into the node of a holder who is asked to let go. */
const REVOKE = Buffer.from('__REVOKE__');
/** How long a server is left alone that could not say what is in the node. */
const RETRY_MS = 1_000;

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
 * What the callback throws is not caught, as with a listener.
 */
export function onRevoke(nodes: Nodes, { path }: Pick<HeldLock, 'path'>, revoked: () => void): () => void {
  let isOver = false;
  let endPause = (): void => {};
  const end = (): void => {
    isOver = true;
    endPause();
    nodes.removeWatcher(path, look);
  };
  const look = async (event?: WatchEvent): Promise<void> => {
    if (event?.type === 'lost' || event?.type === 'deleted') return;
    while (!isOver) {
      try {
        const { data } = await nodes.getData(path, look);
        if (isOver || !data.equals(REVOKE)) return;
        break;
      } catch (error) {
        // The node is gone, or may not be read, and nobody can be told.
        if (error instanceof NoNodeError || error instanceof NoAuthError || isSessionOver(error)) return;
        if (!isUnanswered(error)) await pause();
      }
    }
    if (isOver) return;
    end();
    revoked();
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const endTimer = nodes.clock.after(RETRY_MS, resolve);
      endPause = () => {
        endTimer();
        resolve();
      };
    });
  void look();
  return end;
}
