import type { HolderInfo, LockInfo, WaiterInfo, WatchStep } from '../../contract/lock-info.ts';
import { shownKey } from '../inspection/inspector.ts';

/** A step of a watch as readers get it who may not use its keys: they see how they begin. */
export function withShownKeys(step: WatchStep): WatchStep {
  if (step.kind === 'lock') return { ...step, lock: lockWithShownKeys(step.lock) };
  if (step.kind === 'event') {
    return { ...step, event: { ...step.event, claim: claimWithShownKey(step.event.claim) } };
  }
  return step;
}

export function lockWithShownKeys(lock: LockInfo): LockInfo {
  return { ...lock, holders: lock.holders.map(holderWithShownKey) };
}

function holderWithShownKey(holder: HolderInfo): HolderInfo {
  return { ...holder, key: shownKey(holder.key) };
}

function claimWithShownKey(claim: HolderInfo | WaiterInfo): HolderInfo | WaiterInfo {
  return 'key' in claim ? holderWithShownKey(claim) : claim;
}
