import { isSessionOver, isUnanswered, pause } from '../../zookeeper/locks/node-removal.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoAuthError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import { ZooKeeperError, ZooKeeperUseError } from '../../zookeeper/zookeeper-error.ts';

/**
 * Reads a node and writes it, which another server may write between the two, or of which nobody knows what has become: then it is
 * looked at once more. So it is, after a pause, whatever else speaks against it for now.
 *
 * @returns null when it is gone
 * @throws NoAuthError, or that the session is over
 */
export async function untilAnswered<Found>(
  { clock }: Pick<Nodes, 'clock'>,
  look: () => Promise<Found | null>,
): Promise<Found | null> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      if (error instanceof BadVersionError || isUnanswered(error)) continue;
      if (!mayPass(error)) throw error;
      await pause(clock);
    }
  }
}

function mayPass(error: unknown): boolean {
  const isLasting =
    error instanceof NoAuthError || error instanceof ZooKeeperUseError || isSessionOver(error);
  return error instanceof ZooKeeperError && !isLasting;
}
