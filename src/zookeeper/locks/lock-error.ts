import { ZooKeeperError } from '../zookeeper-error.ts';

/**
 * The lock was not granted in the time that its caller had. The request is taken back: what it has in ZooKeeper is removed behind
 * the caller's back, as soon as a server answers.
 */
export class LockTimeoutError extends ZooKeeperError {
  readonly timeoutMs: number;

  constructor(path: string, timeoutMs: number) {
    // As kazurator says it.
    super(
      'ZOOKEEPER_LOCK_TIMEOUT',
      `Failed to acquire a lock on ${path} after ${timeoutMs / 1_000} seconds`,
      path,
    );
    this.timeoutMs = timeoutMs;
  }
}

/** The lock was held and is not any more: it is lost, or `assertHeld` was asked for behind its release. */
export class LockLostError extends ZooKeeperError {
  constructor(path: string, why: string, state = 'is lost') {
    super('ZOOKEEPER_LOCK_LOST', `the lock ${path} ${state}: ${why}`, path);
  }
}

/** Who does not hold the lock cannot release it. */
export class LockNotOwnedError extends ZooKeeperError {
  constructor(path: string) {
    super('ZOOKEEPER_LOCK_NOT_OWNED', `You do not own the lock: ${path}`, path);
  }
}

/** An owner that holds the read lock asked for the write lock, and would wait for itself. */
export class LockUpgradeError extends ZooKeeperError {
  constructor(path: string) {
    super(
      'ZOOKEEPER_LOCK_UPGRADE',
      `the owner holds the read lock of ${path}, which has to be released before its write lock is asked for`,
      path,
    );
  }
}

/** An owner asks for a lock while it waits for it, or for the other face of it. */
export class LockOwnerBusyError extends ZooKeeperError {
  constructor(path: string) {
    super('ZOOKEEPER_LOCK_OWNER_BUSY', `the owner waits for the lock ${path} already`, path);
  }
}

/** So many nodes were made under the lock that the order of new ones is not certain. */
export class SequenceExhaustedError extends ZooKeeperError {
  constructor(path: string, sequence: string) {
    super(
      'ZOOKEEPER_SEQUENCE_EXHAUSTED',
      `the node ${path} has numbered its children up to ${sequence}, near the end of 32 bits: delete it when it is empty`,
      path,
    );
  }
}

/** The node of a shared count has something else in it. */
export class NotACountError extends ZooKeeperError {
  constructor(path: string, dataBytes: number) {
    super('ZOOKEEPER_NOT_A_COUNT', `a count has 4 bytes, not ${dataBytes}: ${path}`, path);
  }
}
