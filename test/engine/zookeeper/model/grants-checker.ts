import { byteStringOf, LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import { contenderOrder, ViolationError } from '../../../zookeeper/model/holders-checker.ts';
import type { ModelServer } from '../../../zookeeper/model/model-server.ts';
import type { EngineServer } from './engine-server.ts';

/** Somebody who was told that he holds a lock. */
export interface Holder {
  readonly lock: string;
  readonly isShared: boolean;
  readonly size: number;
  readonly key: string;
  readonly token: bigint;
  /** Who has granted it, and in which session with ZooKeeper. */
  readonly server: EngineServer;
  readonly sessionId: bigint;
  /** When his lease is over, as he counts it; infinity: never. */
  endsMs: number;
  /** Whether the lock outlives the session of its server. */
  readonly isDurable: boolean;
  /** He has given it back, or knows that it is lost. */
  isOver: boolean;
}

interface NameState {
  lastToken: bigint;
  lastWriteToken: bigint;
}

/** Judges grants by what the ensemble knows, and by what those believe who were told of others before. */
export class GrantsChecker {
  /** When nodes were granted whose names are used once, by their paths. */
  readonly grants = new Map<string, Map<string, number>>();
  readonly #server: ModelServer;
  readonly #nowMs: () => number;
  readonly #paths = new LockPaths();
  readonly #holders = new Set<Holder>();
  readonly #names = new Map<string, NameState>();

  constructor(server: ModelServer, nowMs: () => number) {
    this.#server = server;
    this.#nowMs = nowMs;
  }

  baseOf(lock: string): string {
    return this.#paths.placeOf(byteStringOf(lock)).base;
  }

  /** Somebody is told so right now. @throws ViolationError */
  granted(holder: Holder, isKeyUsedOnce: boolean): void {
    const { lock, token } = holder;
    const sessionId = holder.isDurable ? 0n : holder.sessionId;
    const node = this.#nodeOf(holder);
    must(node !== null, 'a grant has a node with its token', lock, token);
    const path = `${this.baseOf(lock)}/${node}`;
    const owner = this.#server.tree.stat(path)!.ephemeralOwner;
    must(owner === sessionId, "the node is of the server's session", path, owner, sessionId);
    must(node.startsWith(`_c_${holder.key}-`), 'the node bears the key', path, holder.key);
    this.#checkRank(holder, node);
    this.#checkOthers(holder);
    this.#checkToken(holder);
    this.#holders.add(holder);
    if (!isKeyUsedOnce) return;
    const grants = this.grants.get(lock) ?? new Map<string, number>();
    this.grants.set(lock, grants.set(path, this.#nowMs()));
  }

  /**
   * Whether he believes that he holds the lock: until he lets it go, his lease is over, or he is told that it is lost. What a
   * process believes that stands still, nobody can end.
   */
  isBelieved({ isOver, endsMs, server, isDurable }: Holder): boolean {
    if (isOver || this.#nowMs() >= endsMs) return false;
    return isDurable || (!server.isGone && !server.nodes.clock.isStalled);
  }

  /** He gives it back, or lets it go. @throws ViolationError */
  over(holder: Holder): void {
    const { isDurable, server, sessionId } = holder;
    if (this.isBelieved(holder) && (isDurable || server.nodes.isSessionAlive(sessionId)))
      must(this.#nodeOf(holder) !== null, 'a lock that is held has its node', holder.lock, holder.token);
    holder.isOver = true;
    this.#holders.delete(holder);
  }

  /** Nobody wants the request by this key any more. @throws ViolationError */
  left(lock: string, key: string): void {
    const nodes = this.#children(lock).filter((child) => child.startsWith(`_c_${key}-`));
    must(nodes.length === 0, 'who gives up leaves the queue', lock, ...nodes);
  }

  /** Nodes that are left of locks. */
  contenders(locks: readonly string[]): string[] {
    return locks.flatMap((lock) => this.#children(lock).map((child) => `${lock}: ${child}`));
  }

  #children(lock: string): string[] {
    const { tree } = this.#server;
    const base = this.baseOf(lock);
    return tree.stat(base) === null ? [] : tree.children(base);
  }

  #nodeOf({ lock, token }: Holder): string | null {
    const { tree } = this.#server;
    const base = this.baseOf(lock);
    return this.#children(lock).find((child) => tree.stat(`${base}/${child}`)?.czxid === token) ?? null;
  }

  /** Nobody is let in before those who came first: their nodes are there as long as they wait or hold. */
  #checkRank({ lock, size, isShared }: Holder, node: string): void {
    const own = contenderOrder(node)!;
    const isQueue = size > 1;
    const before = this.#children(lock).filter((child) => {
      const order = contenderOrder(child);
      if (order === null || order >= own || child.includes('-lock-') !== isQueue) return false;
      return !isShared || child.includes('__WRIT__');
    });
    must(before.length < size, 'nobody is let in before those who came first', node, ...before);
  }

  #checkOthers(holder: Holder): void {
    const others = [...this.#holders].filter((one) => one.lock === holder.lock && this.isBelieved(one));
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
