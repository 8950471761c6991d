import type { Watcher } from '../nodes.ts';
import { UnimplementedError } from '../server-refusal.ts';
import * as operations from './operations.ts';
import type { PersistentKind } from './persistent-watches.ts';
import type { Session } from './session.ts';

/** Sets a watch that stays. Returns what ends it. @throws ZooKeeperError */
export async function addWatch(
  session: Session,
  at: operations.RequestPath,
  kind: PersistentKind,
  watcher: Watcher,
): Promise<() => void> {
  const { persistent } = session.watches;
  const watch = persistent.add(at, kind, watcher);
  const end = (): void => {
    if (persistent.delete(at.server, watch)) void session.unwatch(at.server);
  };
  try {
    const parts = operations.addWatch(at, kind, {
      asked: () => persistent.asked(at.server),
      // Here, because events may follow in the same packet.
      answered: () => {
        watch.isArmed = true;
      },
    });
    await session.submit(parts);
    return end;
  } catch (error) {
    // An old server, which closes the connection, does not know what there is to end either.
    if (error instanceof UnimplementedError) persistent.delete(at.server, watch);
    else end();
    throw error;
  }
}
