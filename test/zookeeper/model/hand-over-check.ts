import { nameOf, parentOf } from '../../../src/zookeeper/node-path.ts';
import { contenderOrder, ViolationError } from './holders-checker.ts';
import type { LockLayout } from './lock-under-test.ts';
import type { ModelServer } from './model-server.ts';

/**
 * When each node came so far in its queue that its owner may hold, by the server's log. What is granted much later was
 * not waited for rightly, even if it is granted in the end.
 */
function eligibleTimes(server: ModelServer, lockPath: string, layout: LockLayout): Map<string, number> {
  const eligible = new Map<string, number>();
  const room = layout.kind === 'mutex' ? layout.size : 1;
  const queue = new Set<string>();
  const owners = new Map<string, bigint>();
  const look = (nowMs: number): void => {
    const inOrder = [...queue].sort((a, b) => (contenderOrder(a)! < contenderOrder(b)! ? -1 : 1));
    let writers = 0;
    for (const [index, name] of inOrder.entries()) {
      const isRead = name.includes('__READ__');
      if (isRead ? writers === 0 : index < room) {
        const path = `${lockPath}/${name}`;
        if (!eligible.has(path)) eligible.set(path, nowMs);
      }
      if (!isRead) writers++;
    }
  };
  for (const { write, written, nowMs } of server.log) {
    if (write.kind === 'endSession') {
      for (const [name, owner] of owners) if (owner === write.sessionId) queue.delete(name);
    } else if (parentOf(written.path) === lockPath && contenderOrder(written.path) !== null) {
      const name = nameOf(written.path);
      if (write.kind === 'create') {
        queue.add(name);
        owners.set(name, write.sessionId);
      } else if (write.kind === 'delete') queue.delete(name);
    } else continue;
    look(nowMs);
  }
  return eligible;
}

/** @throws ViolationError when a grant came later than `maxMs` behind the moment from which it could */
export function checkHandOver(
  server: ModelServer,
  lockPath: string,
  layout: LockLayout,
  grants: ReadonlyMap<string, number>,
  maxMs: number,
): void {
  const eligible = eligibleTimes(server, lockPath, layout);
  for (const [path, grantedMs] of grants) {
    const eligibleMs = eligible.get(path);
    // Who downgrades has a node of the same number as its own writer's, and holds beside that.
    if (eligibleMs === undefined || grantedMs - eligibleMs <= maxMs) continue;
    const lateMs = (grantedMs - eligibleMs).toFixed(0);
    throw new ViolationError(`whoever may hold is let in soon: ${path}, ${lateMs} ms late`);
  }
}
