import { ErrorCode } from '../contract/error-code.ts';
import type { LockCall, LockReply, RenewCall, ReplyError, UnlockCall, UnlockReply } from './transport.ts';

/*
 * The same messages as JSON. REST servers know milliseconds, so there are no seconds beside them; what is absent has its
 * default.
 */

/** For `/v1/lock/wait`. */
export function writeLock(call: LockCall): string {
  const { waitTimeoutMs } = call;
  return JSON.stringify({ ...claimOf(call), ...(waitTimeoutMs > 0 && { wait_timeout_ms: waitTimeoutMs }) });
}

/** For `/v1/lock`. */
export function writeTryLock(call: LockCall): string {
  return JSON.stringify(claimOf(call));
}

export function writeUnlock({ name, key, requestId }: UnlockCall): string {
  return JSON.stringify(
    requestId === null ? { name, key } : { name, key, request_id: Buffer.from(requestId).toString('base64') },
  );
}

export function writeRenew({ name, key, lockTimeoutMs }: RenewCall): string {
  return JSON.stringify({ name, key, lock_timeout_ms: lockTimeoutMs });
}

/** @throws SyntaxError */
export function readLockReply(text: string): LockReply {
  const { locked, key, fencing_token: token = '0', certain_ms: certain, error } = readObject(text);
  if (typeof locked !== 'boolean' || typeof key !== 'string')
    throw new SyntaxError('the reply is none of a lock');
  const certainMs = typeof certain === 'number' ? certain : Number.POSITIVE_INFINITY;
  return { locked, key, fencingToken: readToken(token), certainMs, error: readError(error) };
}

/** @throws SyntaxError */
export function readUnlockReply(text: string): UnlockReply {
  const { unlocked, error } = readObject(text);
  if (typeof unlocked !== 'boolean') throw new SyntaxError('the reply is none of an unlock');
  return { unlocked, error: readError(error) };
}

/** What is wrong with a request, from the body of an answer that is no reply: a gRPC status if there is one, and a text. */
export function readFault(body: string): { readonly status: number | null; readonly message: string } {
  try {
    const { code, message, error } = readObject(body);
    const text = message ?? error;
    return { status: typeof code === 'number' ? code : null, message: typeof text === 'string' ? text : '' };
  } catch {
    // Whoever stands between client and server answers in whatever form it likes.
    return { status: null, message: '' };
  }
}

function claimOf({ name, size, permits, shared, holder, lockTimeoutMs, requestId }: LockCall): object {
  return {
    name,
    ...(size !== null && { size }),
    ...(permits > 1 && { permits }),
    ...(shared && { mode: 'SHARED' }),
    ...(holder !== '' && { holder }),
    ...(lockTimeoutMs > 0 && { lock_timeout_ms: lockTimeoutMs }),
    request_id: Buffer.from(requestId).toString('base64'),
  };
}

function readObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new SyntaxError('the reply is no object');
  return value as Record<string, unknown>;
}

function readToken(token: unknown): bigint {
  if (typeof token !== 'string' || !/^\d+$/.test(token))
    throw new SyntaxError('the fencing token is no number');
  return BigInt(token);
}

const CODES: ReadonlyMap<unknown, number> = new Map(Object.entries(ErrorCode));

/** A code travels by its name; one that has none yet as its number. */
function readError(error: unknown): ReplyError | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, message } = error as Record<string, unknown>;
  const number = CODES.get(code) ?? Number(code);
  return {
    code: Number.isInteger(number) ? number : ErrorCode.Unknown,
    message: typeof message === 'string' ? message : '',
  };
}
