import type { Nodes } from '../../zookeeper/nodes.ts';
import { decodeNodeData } from './node-data.ts';

/** How long a server that lives may take to see what was written to a node of its own. */
const CONFIRM_MS_MAX = 2_000;

/**
 * Waits until the server that has granted a lock has taken away what asks it to renew. False: it did not in time.
 *
 * @throws NoNodeError when the lock is gone
 */
export async function isConfirmed(nodes: Nodes, path: string): Promise<boolean> {
  const untilMs = nodes.clock.nowMs() + CONFIRM_MS_MAX;
  for (;;) {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    try {
      const { data } = await nodes.getData(path, wake);
      // What another program has written there says nothing.
      if (decodeNodeData(data)?.asksRenewal === false) return true;
      const leftMs = untilMs - nodes.clock.nowMs();
      if (leftMs <= 0) return false;
      const endTimer = nodes.clock.after(leftMs, wake);
      await woken;
      endTimer();
    } finally {
      nodes.removeWatcher(path, wake);
    }
  }
}
