import { SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';
import { ModelTree, type Write, type Written } from './model-tree.ts';

interface Committed {
  readonly write: Write;
  readonly written: Written;
  readonly zxid: bigint;
  readonly nowMs: number;
}

interface Session {
  readonly timeoutMs: number;
  /** When it was heard of last. */
  heardMs: number;
}

/**
 * What the leader of an ensemble knows: the tree as it truly is, the transactions that made it, and who lives. Pure: the
 * time is given to it, and it does nothing by itself.
 */
export class ModelServer {
  /** The truth. */
  readonly tree = new ModelTree();
  /** What has been committed, for replicas to follow. */
  readonly log: Committed[] = [];
  readonly #sessions = new Map<bigint, Session>();
  #lastZxid: bigint;
  #lastSession = 0x100n;

  constructor(lastZxid = 0n) {
    this.#lastZxid = lastZxid;
  }

  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  openSession(timeoutMs: number, nowMs: number): bigint {
    this.#lastZxid++;
    const id = ++this.#lastSession;
    this.#sessions.set(id, { timeoutMs, heardMs: nowMs });
    return id;
  }

  isOpen(sessionId: bigint): boolean {
    return this.#sessions.has(sessionId);
  }

  /** Something was heard of the session. @returns false when there is none */
  touch(sessionId: bigint, nowMs: number): boolean {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return false;
    session.heardMs = nowMs;
    return true;
  }

  /** A write that is refused has used up its number too. @throws ServerRefusalError */
  write(sessionId: bigint, write: Write, nowMs: number): Written {
    if (!this.#sessions.has(sessionId)) throw new SessionExpiredError();
    return this.#commit(write, nowMs);
  }

  /** All nodes of the session vanish in one transaction. */
  endSession(sessionId: bigint, nowMs: number): void {
    if (this.#sessions.delete(sessionId)) this.#commit({ kind: 'endSession', sessionId }, nowMs);
  }

  /** Ends sessions that were not heard of for their timeout. Servers look only now and then: they are late, never early. */
  expireSessions(nowMs: number): bigint[] {
    const ended = [...this.#sessions]
      .filter(([, { heardMs, timeoutMs }]) => nowMs - heardMs >= timeoutMs)
      .map(([id]) => id);
    for (const id of ended) this.endSession(id, nowMs);
    return ended;
  }

  /** A new leader gives every session its whole timeout again. */
  restart(nowMs: number): void {
    for (const session of this.#sessions.values()) session.heardMs = nowMs;
  }

  /** Deletes empty containers, and nodes that have outlived their time. */
  reapNodes(nowMs: number): string[] {
    const paths = this.tree.reapable(nowMs);
    for (const path of paths) this.#commit({ kind: 'reap', path, version: -1 }, nowMs);
    return paths;
  }

  #commit(write: Write, nowMs: number): Written {
    const zxid = ++this.#lastZxid;
    const written = this.tree.apply(write, zxid, nowMs);
    this.log.push({ write, written, zxid, nowMs });
    return written;
  }
}
