import { ZooKeeperUseError } from '../zookeeper-error.ts';

/** How long somebody is ready to wait. */
export interface AcquireLimits {
  /** Null: for ever. */
  readonly timeoutMs: number | null;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ZooKeeperUseError: what is no number would time out at once, or never, and look like a busy lock */
export function checkTimeout(path: string, timeoutMs: unknown): void {
  if (timeoutMs === null || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return;
  throw new ZooKeeperUseError(
    `timeoutMs must be a number of milliseconds from 0 on, or null, not ${String(timeoutMs)}`,
    path,
  );
}

/** @throws ZooKeeperUseError, or the reason of a signal that is aborted already */
export function checkLimits(path: string, { timeoutMs, signal }: AcquireLimits): void {
  checkTimeout(path, timeoutMs);
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) throw new ZooKeeperUseError('signal must be an AbortSignal', path);
  signal.throwIfAborted();
}
