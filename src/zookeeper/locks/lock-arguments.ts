import { checkOptions } from '../client-options.ts';
import { checkPath } from '../node-path.ts';
import type { Nodes } from '../nodes.ts';
import { ZooKeeperUseError } from '../zookeeper-error.ts';

/** @throws ZooKeeperUseError, before it is a TypeError of some line further down */
export function checkClient(nodes: Nodes): void {
  const given = nodes as Partial<Nodes> | null | undefined;
  if (typeof given?.create !== 'function' || typeof given.getChildren !== 'function')
    throw new ZooKeeperUseError(
      `a client must be what ZooKeeperClient.connect resolves with, not ${String(nodes)}`,
    );
}

/**
 * What every lock is made of.
 *
 * @param such what options may look like
 * @throws ZooKeeperUseError
 */
export function checkLockArguments(
  nodes: Nodes,
  path: string,
  options: unknown,
  such = '{ timeoutMs: 5000 }',
): void {
  checkClient(nodes);
  checkPath(path);
  if (path === '/') throw new ZooKeeperUseError('a lock needs a node of its own, below the root', path);
  checkOptions(options, such, path);
}

/** @throws ZooKeeperUseError: a bare number, say, would be passed over without a word */
export function checkAcquireOptions(path: string, options: unknown): void {
  checkOptions(options, '{ timeoutMs: 5000 }', path);
}
