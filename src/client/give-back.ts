import type { HeldLock } from './held-lock.ts';

/**
 * Gives a lock back behind a body that has succeeded. That the server cannot be asked is no reason to lose what the body
 * returned: a lock with a timeout is not renewed from then on, and ends by itself.
 *
 * @throws LdlmError for a lock without a timeout, which stays held as long as its connection lives
 */
export async function giveBack(lock: HeldLock): Promise<void> {
  try {
    await lock.unlock();
  } catch (error) {
    if (lock.remainingMs === null) throw error;
  }
}
