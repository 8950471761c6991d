import type { Nodes, SessionClock } from '../nodes.ts';
import { BadVersionError, NoAuthError, NoNodeError } from '../server-refusal.ts';
import type { Stat } from '../wire/records.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
} from '../zookeeper-error.ts';

/** An ephemeral node, and the session that it belongs to. */
interface OwnedNode {
  readonly path: string;
  readonly sessionId: bigint;
  /** The transaction that created it, where somebody else may create a node of the same path. */
  readonly czxid?: bigint;
}

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1_000;

/** Nothing is known of what became of the request. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof ConnectionLossError || error instanceof RequestTimeoutError;
}

/** The session is over, and its ephemeral nodes are or will be gone. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof SessionExpiredError || error instanceof ClientClosedError;
}

/**
 * Deletes an ephemeral node, again and again as long as the session lives that owns it, whatever speaks against it for now:
 * a node that stays behind would hold everybody up. Always by its exact path, because numbers begin anew when the parent
 * does.
 *
 * @param version which it must have; -1: any
 * @param czxid the transaction that created it: then another node of the same path is left alone, which somebody has created
 * after an attempt whose answer was lost; null: nobody does
 * @returns whether it was there until now
 * @throws NoAuthError, BadVersionError, which will not change
 */
export async function removeNode(
  nodes: Nodes,
  path: string,
  sessionId: bigint,
  version = -1,
  czxid: bigint | null = null,
): Promise<boolean> {
  let pauseMs = PAUSE_MS_MIN;
  for (let isRepeated = false; nodes.isSessionAlive(sessionId); isRepeated = true) {
    try {
      await nodes.delete(path, version);
      return true;
    } catch (error) {
      // An attempt whose answer was lost may have been the one that deleted it.
      if (error instanceof NoNodeError) return isRepeated;
      if (isSessionOver(error)) return false;
      if (error instanceof NoAuthError || error instanceof BadVersionError) throw error;
      if (isUnanswered(error)) {
        if (czxid !== null && (await isGone(nodes, path, czxid))) return true;
        continue;
      }
      await pause(nodes.clock, pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }
  return false;
}

/** Whether there is no such node any more, or another one; false while nothing is known. */
async function isGone(nodes: Nodes, path: string, czxid: bigint): Promise<boolean> {
  try {
    return (await lookAt(nodes, path, czxid)) === null;
  } catch {
    return false;
  }
}

/** Null: the node that this transaction created is gone, and there may be another one in its place. @throws ZooKeeperError */
export async function lookAt(nodes: Nodes, path: string, czxid: bigint): Promise<Stat | null> {
  // The connected server may not know yet what another one has done.
  await nodes.sync(path);
  const stat = await nodes.exists(path);
  return stat?.czxid === czxid ? stat : null;
}

/** The same for a node that nobody has or wants: what it comes to is nobody's concern. */
export async function discardNode(nodes: Nodes, { path, sessionId, czxid }: OwnedNode): Promise<void> {
  await removeNode(nodes, path, sessionId, -1, czxid ?? null).catch(() => {});
}

export function pause(clock: SessionClock, waitMs = PAUSE_MS_MIN): Promise<void> {
  return new Promise((resolve) => void clock.after(waitMs, resolve));
}
