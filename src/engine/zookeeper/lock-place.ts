import { createHash } from 'node:crypto';
import { Limits } from '../../base/limits.ts';
import { childOf } from '../../zookeeper/node-path.ts';

/**
 * Which nodes stand for a lock. `rw`: Curator's read/write lock, for one holder or many readers. `queue`: a queue of which the
 * first ones hold, for sizes above 1. `mutex`: Curator's mutex. `semaphore`: Curator's semaphore, with its leases in a node of
 * their own.
 */
export type Layout = 'rw' | 'queue' | 'mutex' | 'semaphore';

/** A lock whose node the operator has named, so that other programs may use it, too. */
export interface MappedPath {
  readonly name: string;
  readonly path: string;
  readonly layout: Exclude<Layout, 'queue'>;
}

/** Where the locks are that nobody has named a path for, and what else the servers keep. */
export const LOCKS_PATH = '/locks';

/** What the names of nodes begin with that would be too long, and are hashed. It is escaped in all others. */
const HASHED = '~';
const HASHED_NODE = /^~([0-9a-f]{8})[0-9a-f]{56}$/;
const LOCK_NODE = /^\/locks\/[0-9a-f]{2}\/([^/]+)$/;
const BELOW_LOCK = /^(\/locks\/[0-9a-f]{2}\/[^/]+)(?:\/|$)/;

/** Where a lock is in ZooKeeper. */
export interface LockPlace {
  /** As a byte string. */
  readonly name: string;
  /** The node below which its contenders stand. */
  readonly base: string;
  /** The layout that the operator has said it has; null: that of its size. */
  readonly mapped: MappedPath['layout'] | null;
  /** Where it stands among all locks: the first 32 bits of the hash of its name. */
  readonly order: number;
}

/** Finds the nodes of locks by their names. */
export class LockPaths {
  readonly #mapped: ReadonlyMap<string, MappedPath>;

  constructor(mapped: readonly MappedPath[] = []) {
    this.#mapped = new Map(mapped.map((entry) => [byteStringOf(entry.name), entry]));
  }

  /** Those that the operator has named. */
  get mapped(): LockPlace[] {
    return [...this.#mapped.keys()].map((name) => this.placeOf(name));
  }

  /**
   * The place whose node this is; null: it is no lock's. The name of one that is hashed is empty here, and stands in the node's
   * data.
   */
  placeAt(base: string): LockPlace | null {
    for (const { name, path } of this.#mapped.values())
      if (path === base) return this.placeOf(byteStringOf(name));
    const node = LOCK_NODE.exec(base)?.[1];
    if (node === undefined) return null;
    if (node.startsWith(HASHED)) {
      const digits = HASHED_NODE.exec(node)?.[1];
      if (digits === undefined) return null;
      const order = Number.parseInt(digits, 16);
      // One that stands in another bucket than its own was put there by none of us.
      return childOf(bucketPath(order >>> 24), node) === base
        ? { name: '', base, mapped: null, order }
        : null;
    }
    const name = decodeName(node);
    if (name === null) return null;
    const place = this.placeOf(name);
    // One that was mapped to another path since.
    return place.base === base ? place : null;
  }

  /** The node of the lock that a node belongs to, its own or one below it; null: it belongs to none. */
  baseOf(path: string): string | null {
    for (const mapped of this.#mapped.values())
      if (path === mapped.path || path.startsWith(`${mapped.path}/`)) return mapped.path;
    return BELOW_LOCK.exec(path)?.[1] ?? null;
  }

  /** @param name as a byte string */
  placeOf(name: string): LockPlace {
    const hash = createHash('sha256').update(name, 'latin1').digest();
    const order = hash.readUInt32BE(0);
    const mapped = this.#mapped.get(name);
    if (mapped !== undefined) return { name, base: mapped.path, mapped: mapped.layout, order };
    const encoded = encodeName(name);
    const node = encoded.length > Limits.zookeeperNodeCharactersMax ? HASHED + hash.toString('hex') : encoded;
    return { name, base: childOf(bucketPath(hash[0]!), node), mapped: null, order };
  }
}

/** How many nodes there are over those of the locks, so that the list of none of them exceeds a packet. */
export const BUCKETS = 256;

export function bucketPath(bucket: number): string {
  return childOf(LOCKS_PATH, bucket.toString(16).padStart(2, '0'));
}

/** Whether the name of a lock is not in that of its node, but in its data. */
export function isHashed(node: string): boolean {
  return node.startsWith(HASHED);
}

const PLAIN = /^[A-Za-z0-9\-_.]$/;

/**
 * A lock's name as that of a node: ZooKeeper refuses many characters in those, and the slash. A dot in front is escaped, because
 * `.` and `..` are no names.
 *
 * @param name as a byte string
 */
function encodeName(name: string): string {
  let encoded = '';
  for (let i = 0; i < name.length; i++) {
    const character = name[i]!;
    const isPlain = PLAIN.test(character) && (i > 0 || character !== '.');
    encoded += isPlain ? character : `%${name.charCodeAt(i).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The name of a lock, as a byte string, by that of its node; null: nobody of us has named it so. */
function decodeName(node: string): string | null {
  let name = '';
  for (let i = 0; i < node.length; i++) {
    if (node[i] !== '%') {
      name += node[i];
      continue;
    }
    const byte = node.slice(i + 1, i + 3);
    if (!/^[0-9A-F]{2}$/.test(byte)) return null;
    name += String.fromCharCode(Number.parseInt(byte, 16));
    i += 2;
  }
  return encodeName(name) === node ? name : null;
}

/** UTF-8 in which each byte is a character, as the names of commands are. */
export function byteStringOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function textOf(byteString: string): string {
  return Buffer.from(byteString, 'latin1').toString('utf8');
}
