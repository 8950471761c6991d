import { isUnanswered } from '../../zookeeper/locks/node-removal.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';

/**
 * Reads a node and writes it, which another server may write between the two, or of which nobody knows what has become: then it is
 * looked at once more.
 *
 * @returns null when it is gone
 */
export async function untilAnswered<Found>(look: () => Promise<Found | null>): Promise<Found | null> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      if (!(error instanceof BadVersionError || isUnanswered(error))) throw error;
    }
  }
}
