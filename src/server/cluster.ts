import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Limits } from '../base/limits.ts';
import { describeFileError } from '../config/file-error.ts';
import { parsePathMap } from '../config/path-map.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { LockPaths } from '../engine/zookeeper/lock-place.ts';
import type { ZooKeeperOptions } from '../zookeeper/client-options.ts';
import { parseConnectString } from '../zookeeper/connect-string.ts';
import { childOf } from '../zookeeper/node-path.ts';
import { NodeExistsError } from '../zookeeper/server-refusal.ts';
import { CREATOR_ACL, OPEN_ACL } from '../zookeeper/wire/records.ts';
import { ZooKeeperClient } from '../zookeeper/zookeeper-client.ts';
import type { Logger } from './logger.ts';
import { TlsConfigError } from './tls-context.ts';

/** The ensemble that a server shares with others, and where the locks are in it. */
export class Cluster {
  readonly nodes: ZooKeeperClient;
  readonly paths: LockPaths;

  private constructor(nodes: ZooKeeperClient, paths: LockPaths) {
    this.nodes = nodes;
    this.paths = paths;
  }

  /**
   * Begins a session with the ensemble; null when the locks are elsewhere.
   *
   * @throws NoServerError, AuthFailedError, TlsConfigError
   */
  static async open(options: ServerOptions, logger: Logger): Promise<Cluster | null> {
    if (options.engine !== 'zookeeper') return null;
    const settings = clientOptions(options);
    const nodes = await ZooKeeperClient.connect(options.zookeeperConnect, settings);
    // The chroot is a node like any other, which somebody has to make.
    if ((await nodes.exists('/')) === null) await makeChroot(options.zookeeperConnect, settings);
    const { sessionTimeoutMs } = nodes;
    logger.info(
      { ensemble: options.zookeeperConnect, session_timeout_ms: sessionTimeoutMs },
      'Connected to ZooKeeper',
    );
    return new Cluster(nodes, new LockPaths(parsePathMap(options.zookeeperPathMap)));
  }
}

function clientOptions(options: ServerOptions): ZooKeeperOptions {
  const { zookeeperAuth, zookeeperAcl, zookeeperSessionTimeoutMs } = options;
  const colon = zookeeperAuth.indexOf(':');
  const credentials = { scheme: zookeeperAuth.slice(0, colon), auth: zookeeperAuth.slice(colon + 1) };
  return {
    sessionTimeoutMs: zookeeperSessionTimeoutMs,
    requestsMax: Limits.zookeeperRequestsMax,
    auth: zookeeperAuth === '' ? [] : [credentials],
    acl: zookeeperAcl === 'creator' ? CREATOR_ACL : OPEN_ACL,
    tls: tlsOptions(options),
  };
}

function tlsOptions(options: ServerOptions): boolean | ConnectionOptions {
  const { zookeeperTlsCaFile, zookeeperTlsCertFile, zookeeperTlsKeyFile } = options;
  if (zookeeperTlsCaFile === '') return false;
  const ca = readFile('zookeeper_tls_ca', zookeeperTlsCaFile);
  if (zookeeperTlsCertFile === '') return { ca };
  return {
    ca,
    cert: readFile('zookeeper_tls_cert', zookeeperTlsCertFile),
    key: readFile('zookeeper_tls_key', zookeeperTlsKeyFile),
  };
}

function readFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TlsConfigError(`${option}: ${describeFileError(error, path)}`);
  }
}

/** Makes the node below which everything stands, so that a server can be the first to use it. It stays. */
async function makeChroot(connectString: string, settings: ZooKeeperOptions): Promise<void> {
  const { chroot } = parseConnectString(connectString);
  const ensemble = connectString.slice(0, connectString.indexOf('/'));
  await using root = await ZooKeeperClient.connect(ensemble, settings);
  let path = '/';
  for (const part of chroot.slice(1).split('/')) {
    path = childOf(path, part);
    await root.create(path).catch((error: unknown) => {
      if (!(error instanceof NodeExistsError)) throw error;
    });
  }
}
