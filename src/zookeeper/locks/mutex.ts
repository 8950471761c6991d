import { checkCount } from '../client-options.ts';
import type { Nodes } from '../nodes.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';
import { isLockNameClear, LOCK_NAME, READ_NAME, WRITE_NAME } from './contenders.ts';
import { checkLockArguments } from './lock-arguments.ts';
import { QueuedLock, type QueuedLockOptions } from './queued-lock.ts';

export interface MutexOptions extends QueuedLockOptions {
  /** How many may hold it at a time: the same for all who use the path. Default 1. */
  readonly maxLeases?: number;
  /**
   * What the names of its nodes have before their number, with something other than digits and dashes in it. Default
   * `lock-`, as all others have it.
   */
  readonly name?: string;
}

/**
 * A lock that Curator's InterProcessMutex and kazurator's Mutex respect, and that respects theirs: the first `maxLeases` in the
 * queue hold it.
 */
export class Mutex extends QueuedLock {
  readonly name: string;
  readonly maxLeases: number;

  /** @param path the node below which the contenders queue; it is made when there is none */
  constructor(nodes: Nodes, path: string, options: MutexOptions = {}) {
    checkLockArguments(nodes, path, options, '{ maxLeases: 2 }');
    const { maxLeases = 1, name = LOCK_NAME } = options;
    checkCount('maxLeases', maxLeases, path);
    checkName(name, path);
    super(nodes, path, { rule: () => ({ kind: 'queue', lockName: name, size: maxLeases }) }, options);
    this.name = name;
    this.maxLeases = maxLeases;
  }
}

/** @throws ZooKeeperUseError for names by which nobody would find the number of a node, or would take it for a reader's */
function checkName(name: string, path: string): void {
  if (!/^[^/]+$/.test(name)) throw new ZooKeeperUseError('name must be a text without a slash', path);
  if (!isLockNameClear(name))
    throw new ZooKeeperUseError('name must have a character other than digits and dashes', path);
  if (name.endsWith(READ_NAME) || name.endsWith(WRITE_NAME))
    throw new ZooKeeperUseError(`name must not end as those of read and write locks do: ${name}`, path);
}
