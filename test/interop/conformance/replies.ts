import { expect } from 'vitest';
import type { LockClient, LockReply, LockRequest } from '../../clients/lock-client.ts';

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The reply to a Lock or TryLock that was granted. */
export function granted(name: string): unknown {
  return {
    locked: true,
    name,
    key: expect.stringMatching(uuidV4),
    fencing_token: expect.stringMatching(/^[1-9]\d*$/),
  };
}

/** The reply to a TryLock that found the lock taken: no error in it. */
export function taken(name: string): unknown {
  return { locked: false, name, key: '', fencing_token: '0' };
}

/** The reply to a Lock, TryLock or Renew that was refused. Only a refused renewal echoes its key. */
export function refused(name: string, code: number, message: string, key = ''): unknown {
  return { locked: false, name, key, error: { code, message }, fencing_token: '0' };
}

export function renewed(name: string, key: string): unknown {
  return { locked: true, name, key, fencing_token: '0' };
}

export function unlocked(name: string): unknown {
  return { unlocked: true, name };
}

export function notUnlocked(name: string, code: number, message: string): unknown {
  return { unlocked: false, name, error: { code, message } };
}

/** The refusals of LDLM by what they are about, as its clients compare them. */
export const text = {
  lockTimeout: 'lock timeout must be greater than 0',
  waitTimeout: 'wait timeout must be greater than 0',
  name: 'lock name cannot be empty',
  unknownName: 'a lock by that name does not exist',
  key: 'invalid lock key',
  waited: 'timeout waiting to acquire lock',
  renewal: 'lock does not exist or invalid key',
  mismatch: 'lock size mismatch',
  size: 'lock size must be greater than 0',
} as const;

/** How long something took, in milliseconds, with what came of it. */
export async function timed<T>(work: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const startMs = performance.now();
  const result = await work;
  return { result, ms: performance.now() - startMs };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Sends a Lock for a taken lock and returns when it stands in the queue: a TryLock behind it on the same connection
 * has been answered then.
 */
export async function enqueue(
  client: LockClient,
  request: LockRequest & { readonly name: string },
): Promise<{ readonly reply: Promise<LockReply> }> {
  const reply = client.lock(request);
  // Whoever awaits the reply later sees the rejection then.
  reply.catch(() => {});
  const { name, size } = request;
  expect(await client.tryLock({ name, ...(size !== undefined && { size }) })).toStrictEqual(taken(name));
  return { reply };
}

/** The state of a promise once everything that has already arrived is handled. */
export async function isPending(work: Promise<unknown>, afterMs: number): Promise<boolean> {
  const pending = Symbol();
  return (await Promise.race([work, pause(afterMs).then(() => pending)])) === pending;
}
