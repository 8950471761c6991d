import {
  type CheckedOptions,
  checkOptions,
  type LockOptions,
  readMs,
  type WaitOptions,
} from './client-options.ts';
import { InvalidOptionError } from './errors.ts';
import type { LockCall } from './transport.ts';

/** What one call of `lock` or `tryLock` asks for. */
export interface Claim extends Omit<LockCall, 'waitTimeoutMs' | 'requestId'> {
  readonly autoRenew: boolean;
  /** Nobody needs to know how long it is held. */
  readonly unattended: boolean;
  /** For how long all attempts together may wait; 0: for ever. */
  readonly waitTimeoutMs: number;
}

/** A grant, and when the request was sent since which its timeout counts at the latest. */
export interface Grant {
  readonly key: string;
  readonly fencingToken: bigint;
  readonly requestId: Uint8Array;
  readonly sentMs: number;
  /** For how long it is certainly held from then on; infinite where the timeout alone counts. */
  readonly certainMs: number;
  /** When the request itself was sent last: what is known of the connection since then is known of the grant. */
  readonly askedMs: number;
}

/** One request under its id, and what is known of it. */
export interface Asked {
  readonly requestId: Uint8Array;
  readonly claim: Claim;
  readonly waits: boolean;
  readonly untilMs: number;
  readonly signal: AbortSignal | undefined;
  sentMs: number;
  /** It was sent more than once, so an earlier one may have been granted without our knowing when. */
  repeated: boolean;
}

/** @throws InvalidOptionError */
export function readClaim(name: string, options: WaitOptions, defaults: CheckedOptions): Claim {
  if (typeof name !== 'string' || name === '')
    throw new InvalidOptionError('the name of a lock must be a text of at least one character');
  checkOptions(options, '{ waitTimeoutMs: 5000 }', name);
  const { size, permits = 1, shared = false, holder = '', unattended = false } = options;
  if (typeof holder !== 'string')
    throw new InvalidOptionError(`holder must be a text, not ${String(holder)}`, name);
  checkCount('size', size, name);
  checkCount('permits', permits, name);
  const lockTimeoutMs = lockTimeoutOf(options, defaults);
  if (unattended && lockTimeoutMs === 0)
    throw new InvalidOptionError('unattended needs a lock timeout, which is all that ends such a lock', name);
  return {
    name,
    size: size ?? null,
    permits,
    shared,
    holder,
    lockTimeoutMs,
    autoRenew: options.autoRenew ?? defaults.autoRenew,
    unattended,
    waitTimeoutMs: readMs('waitTimeout', options.waitTimeoutMs, options.waitTimeoutSeconds) ?? 0,
  };
}

/** As with LDLM's clients, a call that names 0 has no timeout, also when the client has one. */
function lockTimeoutOf(options: LockOptions, defaults: CheckedOptions): number {
  return readMs('lockTimeout', options.lockTimeoutMs, options.lockTimeoutSeconds) ?? defaults.lockTimeoutMs;
}

function checkCount(option: string, value: number | undefined, name: string): void {
  if (value === undefined || (Number.isInteger(value) && value > 0 && value < 2 ** 31)) return;
  throw new InvalidOptionError(`${option} must be a whole number from 1 on, not ${String(value)}`, name);
}
