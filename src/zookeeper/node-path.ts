import { ZooKeeperUseError } from './zookeeper-error.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what ZooKeeper refuses.
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/**
 * Says what is wrong with a path before a server does, by ZooKeeper's own rules (PathUtils.validatePath).
 *
 * @throws ZooKeeperUseError
 */
export function checkPath(path: string): void {
  const wrong = faultOf(path);
  if (wrong !== null)
    throw new ZooKeeperUseError(`${JSON.stringify(path)} is no path of a node: ${wrong}`, path);
}

function faultOf(path: string): string | null {
  if (!path.startsWith('/')) return 'it must begin with /';
  if (path === '/') return null;
  if (path.endsWith('/')) return 'it must not end with /';
  const parts = path.slice(1).split('/');
  if (parts.includes('')) return 'a part of it is empty';
  if (parts.includes('.') || parts.includes('..')) return '. and .. are no names of nodes';
  if (FORBIDDEN.test(path)) return 'it has a character that ZooKeeper does not allow';
  return null;
}

/** The path of the node above; / above the first ones. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** The last part. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of a child. */
export function childOf(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

/** Whether a node is the one at a path, or below it. */
export function isWithin(path: string, node: string): boolean {
  return node === path || node.startsWith(childOf(path, ''));
}

/** Paths as a client names them, and as servers do when the client lives below a node. */
export class Chroot {
  readonly #prefix: string;

  /** @param prefix empty for the root */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @throws ZooKeeperUseError */
  toServer(path: string): string {
    checkPath(path);
    if (this.#prefix === '') return path;
    return path === '/' ? this.#prefix : this.#prefix + path;
  }

  toClient(path: string): string {
    const prefix = this.#prefix;
    if (prefix === '' || !path.startsWith(prefix)) return path;
    return path.length === prefix.length ? '/' : path.slice(prefix.length);
  }
}
