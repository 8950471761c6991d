import type { Nodes } from '../nodes.ts';
import { NoNodeError } from '../server-refusal.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
} from '../zookeeper-error.ts';

/** Nothing is known of what became of the request. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof ConnectionLossError || error instanceof RequestTimeoutError;
}

/** The session is over, and its ephemeral nodes are or will be gone. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof SessionExpiredError || error instanceof ClientClosedError;
}

/**
 * Deletes an ephemeral node, again and again as long as the session lives that owns it: a node that stays behind would hold
 * everybody up. Always by its exact path, because numbers begin anew when the parent does.
 *
 * @returns whether it was there until now
 * @throws ZooKeeperError when the server refuses
 */
export async function removeNode(nodes: Nodes, path: string, sessionId: bigint): Promise<boolean> {
  for (let isRepeated = false; nodes.isSessionAlive(sessionId); isRepeated = true) {
    try {
      await nodes.delete(path);
      return true;
    } catch (error) {
      // An attempt whose answer was lost may have been the one that deleted it.
      if (error instanceof NoNodeError) return isRepeated;
      if (isSessionOver(error)) return false;
      if (!isUnanswered(error)) throw error;
    }
  }
  return false;
}
