import { Limits } from '../base/limits.ts';
import { LockMode } from '../contract/lock-mode.ts';
import { type Refusal, Refusals } from '../contract/refusal.ts';
import type { LockCommand, RenewCommand, UnlockCommand } from './command.ts';

/**
 * What is wrong with a Lock or TryLock by itself, whatever the state of the lock; null when nothing is. Where
 * several things are wrong the first one in LDLM's order is told, and what LDLM does not know comes last.
 */
export function checkLock(command: LockCommand): Refusal | null {
  if (command.lockTimeoutMs < 0) return Refusals.lockTimeoutNegative;
  if (command.waitTimeoutMs < 0) return Refusals.waitTimeoutNegative;
  if (command.name.length === 0) return Refusals.nameEmpty;
  if (command.name.length > Limits.nameBytesMax) return Refusals.nameTooLong;
  if (command.size <= 0) return Refusals.sizeInvalid;
  if (command.permits > command.size) return Refusals.permitsExceedSize;
  if (command.mode !== LockMode.Exclusive) {
    if (command.mode !== LockMode.Shared) return Refusals.modeUnknown;
    if (command.size !== 1 || command.permits > 1) return Refusals.sharedWithSize;
  }
  if (command.holder.length > Limits.holderBytesMax) return Refusals.holderTooLong;
  return checkRequestId(command.requestId);
}

/** What is wrong with an Unlock by itself. An empty name is not: no lock has it, and that is the answer. */
export function checkUnlock(command: UnlockCommand): Refusal | null {
  if (command.name.length > Limits.nameBytesMax) return Refusals.nameTooLong;
  if (command.keyBytes > Limits.keyBytesMax) return Refusals.keyTooLong;
  return checkRequestId(command.requestId);
}

/** What is wrong with a Renew by itself. */
export function checkRenew(command: RenewCommand): Refusal | null {
  if (command.lockTimeoutMs <= 0) return Refusals.lockTimeoutNegative;
  if (command.name.length > Limits.nameBytesMax) return Refusals.nameTooLong;
  if (command.keyBytes > Limits.keyBytesMax) return Refusals.keyTooLong;
  return null;
}

function checkRequestId(requestId: string): Refusal | null {
  const bytes = requestId.length;
  if (bytes === 0 || (bytes >= Limits.requestIdBytesMin && bytes <= Limits.requestIdBytesMax)) return null;
  return Refusals.requestIdLength;
}
