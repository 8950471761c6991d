import type { LockCommand } from '../core/command.ts';
import type { LockKey } from '../core/lock-key.ts';
import type { FencingToken } from '../core/sink.ts';

/** What a replay builds: the state of one core, or of several. See `LockRestorer` for what each step means. */
export interface RestoreTarget {
  grant(
    command: LockCommand,
    token: FencingToken,
    session: number,
    sinceMs: number,
    deadlineMs: number,
  ): boolean;
  release(name: string, key: LockKey, nowMs: number): boolean;
  renew(name: string, key: LockKey, lockTimeoutMs: number, deadlineMs: number): boolean;
  closeLock(name: string): boolean;
  idleLock(name: string, size: number, nowMs: number): void;
  releasedRequest(memoryKey: string, forgetAtMs: number): void;
  raiseTokens(high: number, low: number): void;
}
