import { describe, expect, it } from 'vitest';
import {
  LockLostError,
  LockNotOwnedError,
  LockOwnerBusyError,
  LockTimeoutError,
  LockUpgradeError,
  NotACountError,
  SequenceExhaustedError,
} from '../../../src/zookeeper/locks/lock-error.ts';
import { ZooKeeperError } from '../../../src/zookeeper/zookeeper-error.ts';

/** What programs tell them by, and people. */
const errors: readonly [error: ZooKeeperError, name: string, code: string, message: string][] = [
  [
    new LockTimeoutError('/a/b', 1_500),
    'LockTimeoutError',
    'ZOOKEEPER_LOCK_TIMEOUT',
    'Failed to acquire a lock on /a/b after 1.5 seconds',
  ],
  [
    new LockLostError('/a/b', 'its session is over'),
    'LockLostError',
    'ZOOKEEPER_LOCK_LOST',
    'the lock /a/b is lost: its session is over',
  ],
  [
    new LockLostError('/a/b', 'it was released', 'is not held any more'),
    'LockLostError',
    'ZOOKEEPER_LOCK_LOST',
    'the lock /a/b is not held any more: it was released',
  ],
  [
    new LockNotOwnedError('/a/b'),
    'LockNotOwnedError',
    'ZOOKEEPER_LOCK_NOT_OWNED',
    'You do not own the lock: /a/b',
  ],
  [
    new LockUpgradeError('/a/b'),
    'LockUpgradeError',
    'ZOOKEEPER_LOCK_UPGRADE',
    'the owner holds the read lock of /a/b, which has to be released before its write lock is asked for',
  ],
  [
    new LockOwnerBusyError('/a/b'),
    'LockOwnerBusyError',
    'ZOOKEEPER_LOCK_OWNER_BUSY',
    'the owner waits for the lock /a/b already',
  ],
  [
    new SequenceExhaustedError('/a/b', '2147483000'),
    'SequenceExhaustedError',
    'ZOOKEEPER_SEQUENCE_EXHAUSTED',
    'the node /a/b has numbered its children up to 2147483000, near the end of 32 bits: delete it when it is empty',
  ],
  [
    new NotACountError('/a/b', 7),
    'NotACountError',
    'ZOOKEEPER_NOT_A_COUNT',
    'a count has 4 bytes, not 7: /a/b',
  ],
];

describe('an error of a lock', () => {
  it.each(errors)('has a name, a code, the path and a message: %s', (error, name, code, message) => {
    expect(error).toBeInstanceOf(ZooKeeperError);
    expect(error).toMatchObject({ name, code, message, path: '/a/b' });
  });
});

describe('a timeout', () => {
  it.each([
    [0, '0 seconds'],
    [1, '0.001 seconds'],
    [2_000, '2 seconds'],
  ])('is said in seconds, as kazurator does, and known in milliseconds: %s', (timeoutMs, said) => {
    const error = new LockTimeoutError('/a', timeoutMs);
    expect(error.timeoutMs).toBe(timeoutMs);
    expect(error.message).toBe(`Failed to acquire a lock on /a after ${said}`);
  });
});
