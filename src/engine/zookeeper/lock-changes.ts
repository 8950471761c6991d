import type { PlacedContender, PlacedLock } from './placed-lock.ts';

/** Something that has happened to a contender between two looks at a lock, and the counts after it. */
export interface LockChange {
  readonly type: 'waiting' | 'granted' | 'renewed' | 'released' | 'left';
  readonly contender: PlacedContender;
  readonly isHolder: boolean;
  readonly holderCount: number;
  readonly waiterCount: number;
}

/**
 * What must have happened for a lock to be as it is, in an order in which it can have happened. Long lists are cut, so those who
 * are not in them are not told of: then the counts at the end are not those of the lock.
 */
export function changesBetween(before: PlacedLock | null, after: PlacedLock | null): LockChange[] {
  const changes: LockChange[] = [];
  let holderCount = before?.holderCount ?? 0;
  let waiterCount = before?.waiterCount ?? 0;
  const add = (type: LockChange['type'], contender: PlacedContender, isHolder: boolean): void => {
    changes.push({ type, contender, isHolder, holderCount, waiterCount });
  };
  const was = { holders: byId(before?.holders), waiters: byId(before?.waiters) };
  const is = { holders: byId(after?.holders), waiters: byId(after?.waiters) };
  for (const [id, contender] of was.holders) {
    if (is.holders.has(id)) continue;
    holderCount--;
    add('released', contender, true);
  }
  for (const [id, contender] of was.waiters) {
    if (is.waiters.has(id) || is.holders.has(id)) continue;
    waiterCount--;
    add('left', contender, false);
  }
  for (const [id, contender] of is.holders) {
    const held = was.holders.get(id);
    if (held !== undefined) {
      if (held.stat.version !== contender.stat.version) add('renewed', contender, true);
      continue;
    }
    if (was.waiters.has(id)) waiterCount--;
    holderCount++;
    add('granted', contender, true);
  }
  for (const [id, contender] of is.waiters) {
    if (was.waiters.has(id)) continue;
    waiterCount++;
    add('waiting', contender, false);
  }
  return changes;
}

function byId(contenders: readonly PlacedContender[] = []): Map<string, PlacedContender> {
  return new Map(contenders.map((contender) => [contender.path, contender]));
}
