import { LockMode } from '../../contract/lock-mode.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { LockCommand } from '../../core/command.ts';
import type { LockPlace } from './lock-place.ts';

/** What this engine has no way to do. */
export function checkAbilities({ permits }: LockCommand): Refusal | null {
  return permits > 1 ? Refusals.permitsUnsupported : null;
}

/** What the layout has no way to do that the operator has named for the lock. */
export function checkPlace({ mapped }: LockPlace, { size, mode }: LockCommand): Refusal | null {
  if (mapped === null) return null;
  if (mapped !== 'semaphore' && size !== 1) return Refusals.mappedSize;
  return mapped !== 'rw' && mode === LockMode.Shared ? Refusals.sharedUnsupported : null;
}
