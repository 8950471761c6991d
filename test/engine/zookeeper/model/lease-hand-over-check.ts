import { childOf, nameOf, parentOf } from '../../../../src/zookeeper/node-path.ts';
import { ViolationError } from '../../../zookeeper/model/holders-checker.ts';
import type { ModelServer } from '../../../zookeeper/model/model-server.ts';

/**
 * Who is first in line for a semaphore makes a lease, and leaves the line when there are few enough of them. So as long as there
 * are no more than that and somebody is in line, something has to happen soon.
 *
 * @throws ViolationError
 */
export function checkLeaseHandOver(server: ModelServer, base: string, size: number, maxMs: number): void {
  const [leases, locks] = [new Map<string, bigint>(), new Map<string, bigint>()];
  const queues = new Map([
    [childOf(base, 'leases'), leases],
    [childOf(base, 'locks'), locks],
  ]);
  let idleSinceMs = Number.POSITIVE_INFINITY;
  for (const { write, written, nowMs } of server.log) {
    const queue = queues.get(write.kind === 'endSession' ? '' : parentOf(written.path));
    if (queue === undefined && write.kind !== 'endSession') continue;
    if (nowMs - idleSinceMs > maxMs)
      throw new ViolationError(
        `a free lease is soon given to the next: ${base}, ${(nowMs - idleSinceMs).toFixed(0)} ms late`,
      );
    if (write.kind === 'endSession') {
      for (const nodes of queues.values())
        for (const [name, owner] of nodes) if (owner === write.sessionId) nodes.delete(name);
    } else if (write.kind === 'create') queue!.set(nameOf(written.path), write.sessionId);
    else if (write.kind === 'delete') queue!.delete(nameOf(written.path));
    idleSinceMs = locks.size > 0 && leases.size <= size ? nowMs : Number.POSITIVE_INFINITY;
  }
}
