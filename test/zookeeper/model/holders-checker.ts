import { nameOf, parentOf } from '../../../src/zookeeper/node-path.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';
import type { LeaseUnderTest, LockLayout, LockMode } from './lock-under-test.ts';
import type { ModelServer } from './model-server.ts';

export class ViolationError extends Error {}

/** What a client knows of its own session. */
type Client = Pick<Nodes, 'sessionId' | 'isSessionAlive'>;

/** One grant that a client was told of. */
export interface Claim {
  readonly nodes: Client;
  readonly owner: object;
  readonly mode: LockMode;
  readonly lease: LeaseUnderTest;
  /** As the server knows it. */
  readonly sessionId: bigint;
}

/**
 * Judges grants and releases by what the server knows: who may hold, who believes to hold, and in which order they were
 * let in. Whoever believes to hold counts for as long as its session lives by its own clock.
 */
export class HoldersChecker {
  /** When each node was granted first. */
  readonly grants = new Map<string, number>();
  downgrades = 0;
  readonly #server: ModelServer;
  readonly #path: string;
  readonly #layout: LockLayout;
  readonly #nowMs: () => number;
  readonly #claims = new Set<Claim>();
  /** Of all grants so far, and of those to writers. */
  #lastToken = -1n;
  #lastWriteToken = -1n;

  constructor(server: ModelServer, path: string, layout: LockLayout, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#server = server;
    this.#path = path;
    this.#layout = layout;
  }

  /** The lease was just handed out. @throws ViolationError */
  granted(nodes: Client, owner: object, mode: LockMode, lease: LeaseUnderTest): Claim {
    const { path } = lease;
    must(parentOf(path) === this.#path, 'a lease stands below the path of its lock', path);
    const stat = this.#server.tree.stat(path);
    must(stat !== null, 'a lease has a node', path);
    const sessionId = stat.ephemeralOwner;
    must(sessionId === nodes.sessionId, 'the node belongs to the current session', path);
    must(nodes.isSessionAlive(sessionId), 'nobody is granted what its session may have lost', path);
    must(lease.locked && !lease.signal.aborted, 'a lease is held when it is handed out', path);
    this.#checkRank(path, mode);
    const claim: Claim = { nodes, owner, mode, lease, sessionId };
    this.#checkOthers(claim);
    this.#checkToken(claim, stat.czxid);
    this.#claims.add(claim);
    if (!this.grants.has(path)) this.grants.set(path, this.#nowMs());
    return claim;
  }

  /** The holder is about to give it back. @returns whether it says that it holds @throws ViolationError */
  releasing(claim: Claim): boolean {
    const { lease, nodes, sessionId } = claim;
    const { locked } = lease;
    this.#claims.delete(claim);
    const isAlive = nodes.isSessionAlive(sessionId);
    must(locked === isAlive, 'a lease is held exactly as long as its session', lease.path, locked);
    must(!lease.signal.aborted || !isAlive, 'nobody is told of a loss that was none', lease.path);
    // Before the client has noticed, because timers are late, nobody can be told.
    const isNoticed = nodes.sessionId !== sessionId;
    must(!isNoticed || lease.signal.aborted, 'whoever loses a lease is told', lease.path);
    return locked;
  }

  /** @param wasHeld what the lease said before @throws ViolationError */
  released(claim: Claim, wasHeld: boolean, result: boolean): void {
    const { lease, nodes, sessionId } = claim;
    must(!lease.locked, 'a released lease is not held', lease.path);
    if (!wasHeld) return must(!result, 'a lost lease cannot be released', lease.path);
    if (nodes.isSessionAlive(sessionId)) must(result, 'a held lease can be released', lease.path);
    const isShared = [...this.#claims].some((other) => other.lease.path === lease.path);
    const isGone = this.#server.tree.stat(lease.path) === null;
    must(!result || isShared || isGone, 'the node of a released lease is gone', lease.path);
  }

  /** Everything was released, and what sessions have left is gone. @throws ViolationError */
  finished(): void {
    const left = this.#contenders();
    must(left.length === 0, 'nothing is left of a lock that nobody wants', ...left);
  }

  *believers(): Iterable<Claim> {
    for (const claim of this.#claims)
      if (claim.lease.locked && claim.nodes.isSessionAlive(claim.sessionId)) yield claim;
  }

  /** Whether nobody has a node in the queue. */
  get isQueueEmpty(): boolean {
    return this.#contenders().length === 0;
  }

  #contenders(): string[] {
    const { tree } = this.#server;
    if (tree.stat(this.#path) === null) return [];
    return tree.children(this.#path).filter((name) => contenderOrder(name) !== null);
  }

  /** Who is let in is decided by the order of the nodes, as the server has them now: nobody can come in between. */
  #checkRank(path: string, mode: LockMode): void {
    const own = contenderOrder(nameOf(path)) ?? '';
    const before = this.#contenders().filter((name) => contenderOrder(name)! < own);
    const blocking = mode === 'read' ? before.filter((name) => name.includes('__WRIT__')) : before;
    const room = this.#layout.kind === 'mutex' ? this.#layout.size : 1;
    must(blocking.length < room, 'nobody is let in before those who came first', path, ...blocking);
  }

  #checkToken({ mode, owner, lease }: Claim, czxid: bigint): void {
    const { fencingToken: token, path } = lease;
    const own = [...this.#claims].filter((claim) => claim.owner === owner);
    const again = own.find((claim) => claim.mode === mode && claim.lease.path === path);
    if (again !== undefined)
      return must(token === again.lease.fencingToken, 'a lease keeps its token', path, token);
    // A writer whose lock was lost meanwhile is a reader like all others.
    const isWriting = (claim: Claim): boolean => claim.mode === 'write' && claim.lease.locked;
    const write = mode === 'read' ? own.find(isWriting) : undefined;
    const due = write === undefined ? czxid : write.lease.fencingToken;
    must(token === due, 'a token is the number of the creation', path, token, due);
    if (write !== undefined) this.downgrades++;
    if (this.#layout.kind === 'mutex' && this.#layout.size > 1) return;
    const last = mode === 'read' ? this.#lastWriteToken : this.#lastToken;
    must(token > last || write !== undefined, 'tokens grow', path, token, last);
    if (token > this.#lastToken) this.#lastToken = token;
    if (mode === 'write') this.#lastWriteToken = token;
  }

  #checkOthers(claim: Claim): void {
    const believers = [...this.believers()].filter(({ owner }) => owner !== claim.owner);
    if (this.#layout.kind === 'mutex') {
      // An owner that has taken a lease again has it once.
      const holders = 1 + new Set(believers.map(({ owner }) => owner)).size;
      must(holders <= this.#layout.size, 'there are no more holders than leases', claim.lease.path, holders);
      return;
    }
    for (const { mode, lease } of believers) {
      const isShared = mode === 'read' && claim.mode === 'read';
      must(isShared, 'holders exclude each other', lease.path, claim.lease.path);
    }
  }
}

const CONTENDER = /(?:lock-|lease-|__READ__|__WRIT__)(-?\d{9,10})$/;

/** The number at the end, as text: what ZooKeeper's recipes sort by. Null: the node is no lock's. */
export function contenderOrder(name: string): string | null {
  return CONTENDER.exec(name)?.[1] ?? null;
}

function must(holds: boolean, what: string, ...values: unknown[]): asserts holds {
  if (!holds) throw new ViolationError(`${what}: ${values.map(String).join(', ')}`);
}
