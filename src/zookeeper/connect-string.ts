import { checkPath } from './node-path.ts';
import { ZooKeeperUseError } from './zookeeper-error.ts';

const PORT = 2181;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the servers are, and below which node everything of this client stands; empty for the root. */
export interface ConnectTarget {
  readonly servers: readonly [ServerAddress, ...ServerAddress[]];
  readonly chroot: string;
}

/**
 * Reads what ZooKeeper's clients are given: `host1:2181,host2,[::1]:2181/chroot`. Without a port it is 2181.
 *
 * @throws ZooKeeperUseError
 */
export function parseConnectString(text: string): ConnectTarget {
  if (/^\w+:\/\//.test(text))
    throw new ZooKeeperUseError(`a connect string is no URL: ${text.replace(/^.*?:\/\//, '')}, not ${text}`);
  const slash = text.indexOf('/');
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/$/, '');
  if (chroot.includes(',')) throw chrootWithServers(text);
  if (chroot !== '') checkPath(chroot);
  const [first, ...more] = hosts.split(',').map((host) => parseServer(host.trim(), text));
  return { servers: [first!, ...more], chroot };
}

/**
 * To ZooKeeper's own clients all behind the first slash is the chroot, so whoever writes it behind each server has another lock
 * space on the first one alone. A name may have a comma in it, but nothing tells it from that of a server without a port.
 */
function chrootWithServers(text: string): ZooKeeperUseError {
  const words = text.split(',').map((word) => word.trim());
  const hosts = words.map((word) => word.replace(/\/.*/, ''));
  const paths = words.map((word) => word.slice(word.split('/', 1)[0]!.length).replace(/\/$/, ''));
  const right = hosts.join(',') + (paths.find((path) => path !== '') ?? '');
  return new ZooKeeperUseError(
    `the chroot stands once, behind the last server, and has no comma: ${right}, not ${text}`,
  );
}

function parseServer(word: string, text: string): ServerAddress {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(word);
  const port = found?.[3] === undefined ? PORT : Number(found[3]);
  const host = found?.[1] ?? found?.[2];
  if (host === undefined || port === 0 || port > 65_535)
    throw new ZooKeeperUseError(
      `a connect string is host:port,host:port/chroot; ${JSON.stringify(word)} is no host:port in ${JSON.stringify(text)}`,
    );
  return { host, port };
}
