import type { LeaseUnderTest } from '../../../zookeeper/model/lock-under-test.ts';
import type { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { EngineServer } from './engine-server.ts';
import type { ServerLine } from './server-line.ts';

/** Somebody who was told that he holds a lock. */
export interface Holder {
  readonly lock: string;
  readonly isShared: boolean;
  readonly size: number;
  readonly token: bigint;
  /** In whose session with ZooKeeper his node is, 0 if it outlives that, and what the node's name begins with. */
  readonly ownerId: bigint;
  readonly prefix: string;
  /** He has given it back, or knows that it is lost. */
  isOver: boolean;
  /**
   * Whether he believes that he holds the lock: until he lets it go, his lease is over, or he is told that it is lost. What a
   * process believes that stands still, nobody can end.
   */
  isBelieved(nowMs: number): boolean;
}

interface Grant {
  readonly lock: string;
  readonly isShared: boolean;
  readonly size: number;
  readonly key: string;
  readonly token: bigint;
  /** Who has granted it, and the servers that go on with what that one holds. */
  readonly server: EngineServer;
  readonly line: ServerLine;
  readonly endsMs: number;
  /** Whether the lock outlives the session of its server. */
  readonly isDurable: boolean;
}

/** A client of one of our servers. */
export class ClientHolder implements Holder {
  readonly lock: string;
  readonly isShared: boolean;
  readonly size: number;
  readonly key: string;
  readonly token: bigint;
  server: EngineServer;
  readonly isDurable: boolean;
  /** When his lease is over, as he counts it; infinity: never. */
  endsMs: number;
  isOver = false;
  /** Whether his server has stopped, and left his lock to the next. */
  isHandedOver = false;
  #line: ServerLine;
  #sessionId: bigint;
  #deaths: number;

  constructor({ lock, isShared, size, key, token, server, line, endsMs, isDurable }: Grant) {
    this.lock = lock;
    this.isShared = isShared;
    this.size = size;
    this.key = key;
    this.token = token;
    this.server = server;
    this.#line = line;
    this.#sessionId = server.nodes.sessionId;
    this.endsMs = endsMs;
    this.isDurable = isDurable;
    this.#deaths = line.deaths;
  }

  /** Another server sees to his lock from now on. */
  move(server: EngineServer): void {
    this.server = server;
    this.#line = server.line;
    this.#sessionId = server.nodes.sessionId;
    this.#deaths = server.line.deaths;
    this.isHandedOver = false;
  }

  get ownerId(): bigint {
    return this.isDurable ? 0n : this.#sessionId;
  }

  get prefix(): string {
    return `_c_${this.key}-`;
  }

  isBelieved(nowMs: number): boolean {
    if (this.isOver || nowMs >= this.endsMs) return false;
    if (this.isDurable) return true;
    return this.isHandedOver ? this.isKept : !this.server.isGone && !this.server.nodes.clock.isStalled;
  }

  /** Whether a server knows of his lock, in the session in which it was granted, or the next one will. */
  get isKept(): boolean {
    if (this.isHandedOver) return this.#line.deaths === this.#deaths && this.#line.keeps(this.#sessionId);
    const { isGone, nodes } = this.server;
    return !isGone && !nodes.clock.isStalled && nodes.isSessionAlive(this.#sessionId);
  }

  /** The server at which his lock is known, if one is there. */
  get keeper(): EngineServer | null {
    const { current } = this.#line;
    const server = this.isHandedOver && current !== null ? current : this.server;
    return server.isServing ? server : null;
  }
}

/** A program that takes the lock at its path, and knows nothing of our servers. */
export class ForeignHolder implements Holder {
  readonly lock: string;
  readonly isShared: boolean;
  readonly size: number;
  readonly lease: LeaseUnderTest;
  readonly prefix = '';
  isOver = false;
  readonly #nodes: ModelNodes;

  constructor(lock: string, isShared: boolean, size: number, lease: LeaseUnderTest, nodes: ModelNodes) {
    this.lock = lock;
    this.isShared = isShared;
    this.size = size;
    this.lease = lease;
    this.#nodes = nodes;
  }

  get token(): bigint {
    return this.lease.fencingToken;
  }

  get ownerId(): bigint {
    return this.#nodes.sessionId;
  }

  isBelieved(): boolean {
    return !this.isOver && !this.#nodes.clock.isStalled && this.lease.locked;
  }
}
