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

/** Runs `body` with a lock, and gives it back behind it. What `body` throws tells more than what giving it back might. */
export async function runAndGiveBack<Value>(
  lock: HeldLock,
  body: (lock: HeldLock) => Value | Promise<Value>,
): Promise<Value> {
  let value: Value;
  try {
    value = await body(lock);
  } catch (error) {
    await lock.unlock().catch(() => {});
    throw error;
  }
  await giveBack(lock);
  return value;
}
