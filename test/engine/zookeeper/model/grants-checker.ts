import type { Layout, LockPaths, LockPlace } from '../../../../src/engine/zookeeper/lock-place.ts';
import { byteStringOf } from '../../../../src/engine/zookeeper/lock-place.ts';
import { contenderOrder, ViolationError } from '../../../zookeeper/model/holders-checker.ts';
import type { ModelServer } from '../../../zookeeper/model/model-server.ts';
import type { Holder } from './holder.ts';

interface NameState {
  lastToken: bigint;
  lastWriteToken: bigint;
}

/** What tells the contenders of a layout from others below the same node. */
const MARKS: Readonly<Record<Layout, string>> = {
  rw: '__',
  queue: 'lock-',
  mutex: 'lock-',
  semaphore: 'lease-',
};

/** Judges grants by what the ensemble knows, and by what those believe who were told of others before. */
export class GrantsChecker {
  /** When nodes were granted whose names are used once, by their paths. */
  readonly grants = new Map<string, Map<string, number>>();
  readonly #server: ModelServer;
  readonly #nowMs: () => number;
  readonly #paths: LockPaths;
  readonly #holders = new Set<Holder>();
  readonly #names = new Map<string, NameState>();

  constructor(server: ModelServer, paths: LockPaths, nowMs: () => number) {
    this.#server = server;
    this.#paths = paths;
    this.#nowMs = nowMs;
  }

  placeOf(lock: string): LockPlace {
    return this.#paths.placeOf(byteStringOf(lock));
  }

  /** Below which nodes those stand who have or want the lock, those who hold it first. */
  queuesOf(lock: string): string[] {
    const { base, mapped } = this.placeOf(lock);
    return mapped === 'semaphore' ? [`${base}/leases`, `${base}/locks`] : [base];
  }

  /** Those who believe now that they hold a lock. */
  believers(): Holder[] {
    return [...this.#holders].filter((holder) => this.isBelieved(holder));
  }

  /** Somebody is told so right now. @throws ViolationError */
  granted(holder: Holder, isKeyUsedOnce: boolean): void {
    const { lock, token, ownerId, prefix } = holder;
    const path = this.#pathOf(holder);
    must(path !== null, 'a grant has a node with its token', lock, token);
    const owner = this.#server.tree.stat(path)!.ephemeralOwner;
    must(owner === ownerId, 'the node is of the session of whoever was granted it', path, owner, ownerId);
    const node = path.slice(path.lastIndexOf('/') + 1);
    must(node.startsWith(prefix), 'the node bears the key', path, prefix);
    this.#checkRank(holder, node);
    this.#checkOthers(holder);
    this.#checkToken(holder);
    this.#holders.add(holder);
    if (!isKeyUsedOnce) return;
    const grants = this.grants.get(lock) ?? new Map<string, number>();
    this.grants.set(lock, grants.set(path, this.#nowMs()));
  }

  isBelieved(holder: Holder): boolean {
    return holder.isBelieved(this.#nowMs());
  }

  /** He gives it back, or lets it go. @throws ViolationError */
  over(holder: Holder): void {
    const { ownerId, lock, token } = holder;
    if (this.isBelieved(holder) && (ownerId === 0n || this.#server.isOpen(ownerId)))
      must(this.#pathOf(holder) !== null, 'a lock that is held has its node', lock, token);
    holder.isOver = true;
    this.#holders.delete(holder);
  }

  /** Whether there is a node by this token. */
  isThere(lock: string, token: bigint): boolean {
    return this.#pathOf({ lock, token }) !== null;
  }

  /** Nobody wants the request by this key any more. @throws ViolationError */
  left(lock: string, key: string): void {
    const nodes = this.contenders([lock]).filter((node) => node.includes(`/_c_${key}-`));
    must(nodes.length === 0, 'who gives up leaves the queue', lock, ...nodes);
  }

  /** Nodes that are left of locks. */
  contenders(locks: readonly string[]): string[] {
    return locks
      .flatMap((lock) => this.queuesOf(lock))
      .flatMap((queue) => this.#children(queue).map((child) => `${queue}/${child}`))
      .filter((path) => contenderOrder(path) !== null);
  }

  #children(path: string): string[] {
    const { tree } = this.#server;
    return tree.stat(path) === null ? [] : tree.children(path);
  }

  #pathOf({ lock, token }: Pick<Holder, 'lock' | 'token'>): string | null {
    const queue = this.queuesOf(lock)[0]!;
    const paths = this.#children(queue).map((child) => `${queue}/${child}`);
    return paths.find((path) => this.#server.tree.stat(path)?.czxid === token) ?? null;
  }

  /** Nobody is let in before those who came first: their nodes are there as long as they wait or hold. */
  #checkRank({ lock, size, isShared }: Holder, node: string): void {
    const own = contenderOrder(node)!;
    const mark = MARKS[this.placeOf(lock).mapped ?? (size > 1 ? 'queue' : 'rw')];
    const before = this.#children(this.queuesOf(lock)[0]!).filter((child) => {
      const order = contenderOrder(child);
      if (order === null || order >= own || !child.includes(mark)) return false;
      return !isShared || child.includes('__WRIT__');
    });
    must(before.length < size, 'nobody is let in before those who came first', node, ...before);
  }

  #checkOthers(holder: Holder): void {
    const others = this.believers().filter((one) => one.lock === holder.lock);
    for (const other of others)
      must(other.size === holder.size, 'a lock has one size', holder.lock, other.size, holder.size);
    must(others.length < holder.size || holder.isShared, 'no more hold than may', holder.lock, holder.token);
    if (!holder.isShared && holder.size > 1) return;
    const isAlone = others.every((other) => other.isShared && holder.isShared);
    must(isAlone, 'holders exclude each other', holder.lock, ...others.map(({ token }) => token));
  }

  #checkToken({ lock, token, size, isShared }: Holder): void {
    const state = this.#names.get(lock) ?? { lastToken: 0n, lastWriteToken: 0n };
    this.#names.set(lock, state);
    const last = isShared ? state.lastWriteToken : state.lastToken;
    if (size === 1) must(token > last, 'tokens grow', lock, token, last);
    if (token > state.lastToken) state.lastToken = token;
    if (!isShared && token > state.lastWriteToken) state.lastWriteToken = token;
  }
}

export function must(holds: boolean, what: string, ...values: unknown[]): asserts holds {
  if (!holds) throw new ViolationError(`${what}: ${values.map(String).join(', ')}`);
}
