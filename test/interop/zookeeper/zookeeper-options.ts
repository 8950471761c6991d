import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tlsFile } from '../tls-fixture.ts';

/** How a server is configured. What has no default here is as ZooKeeper has it. */
export interface ZooKeeperOptions {
  /** 500 unless given. Sessions are ended at multiples of it. */
  readonly tickMs?: number;
  /** The shortest session timeout that a client is given; two ticks unless given. */
  readonly minSessionMs?: number;
  /** The longest; a minute unless given. */
  readonly maxSessionMs?: number;
  /** How often containers and nodes with a TTL are looked through. */
  readonly containerCheckMs?: number;
  /** How old a container may become without a child. */
  readonly maxNeverUsedMs?: number;
  /** Admits nodes with a TTL. */
  readonly extendedTypes?: boolean;
  /** The password of the user "super", who may do everything. */
  readonly superPassword?: string;
  /** Serves TLS too, with the certificates of test/fixtures/tls; `mutual` wants one of the client. */
  readonly tls?: 'server' | 'mutual';
  readonly port?: number;
  /** A folder that is left alone; one for the test unless given. */
  readonly dataDir?: string;
  /** More lines for the configuration file. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** More properties for Java. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** What the configuration file names beside the options. */
export interface ZooKeeperPlace {
  readonly folder: string;
  readonly dataDir: string;
  readonly port: number;
  readonly securePort: number | undefined;
}

/** Java's arguments in front of the configuration file's path. */
export function javaArguments(options: ZooKeeperOptions): readonly string[] {
  const jars = ['zookeeper', 'netty-codec', 'netty-resolver', 'slf4j-simple'];
  const properties = {
    // Files outlive a killed process all the same, and no test takes the machine's power away.
    'zookeeper.forceSync': 'no',
    'zookeeper.preAllocSize': 1024,
    'zookeeper.extendedTypesEnabled': String(options.extendedTypes ?? false),
    'znode.container.checkIntervalMs': options.containerCheckMs,
    'znode.container.maxNeverUsedIntervalMs': options.maxNeverUsedMs,
    'zookeeper.DigestAuthenticationProvider.superDigest': superDigest(options.superPassword),
    ...options.properties,
  };
  return [
    ...['-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
    ...Object.entries(properties).flatMap(([name, value]) =>
      value === undefined ? [] : [`-D${name}=${value}`],
    ),
    // Debian's zookeeper.jar names the rest, but not what Netty's own jars want of each other.
    ...['-cp', jars.map((jar) => `/usr/share/java/${jar}.jar`).join(':')],
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
  ];
}

function superDigest(password: string | undefined): string | undefined {
  if (password === undefined) return undefined;
  return `super:${createHash('sha1').update(`super:${password}`).digest('base64')}`;
}

/** The text of the configuration file. */
export function configuration(options: ZooKeeperOptions, place: ZooKeeperPlace): string {
  const tickMs = options.tickMs ?? 500;
  const settings = {
    dataDir: place.dataDir,
    clientPort: place.port,
    clientPortAddress: '127.0.0.1',
    tickTime: tickMs,
    minSessionTimeout: options.minSessionMs ?? 2 * tickMs,
    maxSessionTimeout: options.maxSessionMs ?? 60_000,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    maxClientCnxns: 0,
    ...tlsSettings(options, place),
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function tlsSettings(options: ZooKeeperOptions, place: ZooKeeperPlace): Record<string, string | number> {
  if (place.securePort === undefined) return {};
  return {
    secureClientPort: place.securePort,
    secureClientPortAddress: '127.0.0.1',
    serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
    'ssl.keyStore.type': 'PEM',
    'ssl.keyStore.location': `${place.folder}/server.pem`,
    'ssl.trustStore.type': 'PEM',
    'ssl.trustStore.location': tlsFile('ca.pem'),
    'ssl.clientAuth': options.tls === 'mutual' ? 'need' : 'none',
  };
}

/** The server's key and certificate in one file, as ZooKeeper wants them. */
export function serverPem(): string {
  return readFileSync(tlsFile('server-key.pem'), 'utf8') + readFileSync(tlsFile('server.pem'), 'utf8');
}
