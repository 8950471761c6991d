import { ZooKeeperUseError } from './zookeeper-error.ts';

const [SLASH, DOT] = [0x2f, 0x2e];

/**
 * Says what is wrong with a path before a server does, by ZooKeeper's own rules (PathUtils.validatePath).
 *
 * @throws ZooKeeperUseError
 */
export function checkPath(path: string): void {
  if (typeof path !== 'string')
    throw new ZooKeeperUseError(`a path must be a text such as "/a/b", not ${String(path)}`);
  const wrong = faultOf(path);
  if (wrong !== null)
    throw new ZooKeeperUseError(`${JSON.stringify(path)} is no path of a node: ${wrong}`, path);
}

function faultOf(path: string): string | null {
  if (!path.startsWith('/')) return 'it must begin with /';
  if (path === '/') return null;
  if (path.endsWith('/')) return 'it must not end with /';
  // Every request comes through here, so it takes one look at each character, and makes nothing.
  let partAt = 1;
  for (let at = 1; at <= path.length; at++) {
    const code = at === path.length ? SLASH : path.charCodeAt(at);
    if (code === SLASH) {
      if (at === partAt) return 'a part of it is empty';
      if (isDots(path, partAt, at)) return '. and .. are no names of nodes';
      partAt = at + 1;
    } else if (isForbidden(code)) return 'it has a character that ZooKeeper does not allow';
  }
  return null;
}

function isDots(path: string, start: number, end: number): boolean {
  if (end - start > 2 || path.charCodeAt(start) !== DOT) return false;
  return end - start === 1 || path.charCodeAt(start + 1) === DOT;
}

/** Control characters, surrogates, those for private use, and the specials. */
function isForbidden(code: number): boolean {
  if (code < 0x7f) return code < 0x20;
  return code < 0xa0 || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
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
