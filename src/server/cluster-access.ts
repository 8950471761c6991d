import type { ServerOptions } from '../config/server-options.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import { LOCKS_PATH } from '../engine/zookeeper/lock-place.ts';
import { SERVERS_PATH } from '../engine/zookeeper/server-register.ts';
import { isUnanswered, pause } from '../zookeeper/locks/node-removal.ts';
import { childOf } from '../zookeeper/node-path.ts';
import { NoAuthError, ServerRefusalError } from '../zookeeper/server-refusal.ts';
import type { ZooKeeperClient } from '../zookeeper/zookeeper-client.ts';
import { MultiFailedError } from '../zookeeper/zookeeper-error.ts';

/** An ensemble that does not let this server do its work. The message says what to do. */
export class ClusterAccessError extends LdlmServerError {
  constructor(message: string, options?: ErrorOptions) {
    super('LDLM_ZOOKEEPER_ACCESS', message, options);
  }

  /** Of the credentials only the scheme is said. */
  static forAuth(auth: string, cause: unknown): ClusterAccessError {
    const scheme = auth.slice(0, auth.indexOf(':'));
    return new ClusterAccessError(
      `zookeeper_auth: ZooKeeper does not accept the credentials of the scheme ${scheme}; without a plug-in of its own it ` +
        'knows digest:user:password',
      { cause },
    );
  }

  static at(path: string, cause: unknown): ClusterAccessError {
    return new ClusterAccessError(
      `this server may not create and delete nodes below ${path} in ZooKeeper: give it the --zookeeper_auth with which ` +
        'they were made, and all servers the same --zookeeper_acl',
      { cause },
    );
  }
}

/** A name that no lock and no shard of them has. */
const PROBE = 'access-probe';
/** No node was ever written so often. */
const NO_VERSION = 2 ** 31 - 1;

/**
 * Finds out whether the server may create and delete nodes where it will have to, before anybody relies on it.
 *
 * @throws ClusterAccessError
 */
export async function checkAccess(
  nodes: ZooKeeperClient,
  chroot: string,
  { noClearOnDisconnect }: Pick<ServerOptions, 'noClearOnDisconnect'>,
): Promise<void> {
  const bases = noClearOnDisconnect ? [LOCKS_PATH, SERVERS_PATH] : [LOCKS_PATH];
  for (const base of bases) {
    const path = (await nodes.exists(base)) === null ? '/' : base;
    const refusal = await tryChanges(nodes, path);
    if (refusal !== null) throw ClusterAccessError.at(`${chroot}${path}`.replace(/(.)\/$/, '$1'), refusal);
  }
}

/** The rights are looked at before the version is, by which all of it fails: nobody ever sees the node. */
async function tryChanges(nodes: ZooKeeperClient, parent: string): Promise<NoAuthError | null> {
  const path = childOf(parent, PROBE);
  for (;;) {
    try {
      await nodes.multi([
        { type: 'create', path },
        { type: 'delete', path },
        { type: 'check', path: parent, version: NO_VERSION },
      ]);
      return null;
    } catch (error) {
      if (error instanceof MultiFailedError) return error.errors.find(isNoAuth) ?? null;
      if (error instanceof ServerRefusalError) return isNoAuth(error) ? error : null;
      if (!isUnanswered(error)) throw error;
      await pause(nodes.clock);
    }
  }
}

function isNoAuth(error: unknown): error is NoAuthError {
  return error instanceof NoAuthError;
}
