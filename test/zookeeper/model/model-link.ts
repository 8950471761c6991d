import type { WatchEvent } from '../../../src/zookeeper/nodes.ts';
import type { ClientClock } from './client-clock.ts';
import type { ModelEnsemble } from './model-ensemble.ts';
import type { ModelReplica, Watching } from './model-replica.ts';

/** Who has opened a connection. */
export interface LinkEnd {
  /** The server, or what is in between, has closed the connection. */
  onCut(link: ModelLink): void;
  onEvent(event: WatchEvent): void;
}

/** What a broken network swallows without a word. */
export type Swallowed = 'nothing' | 'replies' | 'everything';

/**
 * One connection of a client to a replica. Messages of each direction arrive in the order in which they were sent; what
 * has arrived together is handled together, with no microtask in between, as frames of one read from a socket are.
 */
export class ModelLink implements Watching {
  readonly replica: ModelReplica;
  swallows: Swallowed = 'nothing';
  readonly #ensemble: ModelEnsemble;
  readonly #clock: ClientClock;
  readonly #end: LinkEnd;
  readonly #inbox: { readonly dueMs: number; readonly deliver: () => void }[] = [];
  /** What waits for the leader. */
  readonly #heldUp: (() => void)[] = [];
  #isOpen = true;
  #arrivesMs = 0;
  #deliversMs = 0;

  constructor(ensemble: ModelEnsemble, clock: ClientClock, end: LinkEnd) {
    this.#ensemble = ensemble;
    this.#clock = clock;
    this.#end = end;
    this.replica = ensemble.anyReplica();
    this.replica.connect(this);
  }

  /**
   * The server hears of the session, does this, and answers; unless there is no such session any more. One that is cut off from
   * its leader does not know that, and neither does the leader hear of the session.
   */
  ask(
    sessionId: bigint,
    by: 'server' | 'leader',
    perform: () => unknown,
    answer: (value: unknown, error: unknown, zxid: bigint) => void,
  ): void {
    const { server, time } = this.#ensemble;
    this.#sendBy(by, () => {
      if (!this.replica.isCutOff && !server.touch(sessionId, time.nowMs)) return this.cut();
      let value: unknown;
      let error: unknown = null;
      try {
        value = perform();
      } catch (refusal) {
        error = refusal;
      }
      const zxid = this.replica.lastZxid;
      this.reply(() => answer(value, error, zxid));
    });
  }

  /**
   * Opens a session, or takes one over. @param asked 0: a new one @param answer is given 0 when there is no such session
   */
  join(asked: bigint, timeoutMs: number, seenZxid: bigint, answer: (sessionId: bigint) => void): void {
    const { server, time } = this.#ensemble;
    this.#sendBy('leader', () => {
      const id = asked === 0n ? server.openSession(timeoutMs, time.nowMs) : asked;
      const isOpen = server.touch(id, time.nowMs);
      // A server that knows less than the client has seen would refuse it.
      if (asked === 0n || this.replica.lastZxid < seenZxid) this.replica.catchUp();
      this.reply(() => answer(isOpen ? id : 0n));
    });
  }

  /** The session ends, and the connection with it. */
  leave(sessionId: bigint): void {
    const { server, time } = this.#ensemble;
    this.#sendBy('leader', () => {
      server.endSession(sessionId, time.nowMs);
      this.replica.catchUp();
      this.#ensemble.follow();
      this.close();
    });
  }

  /** @param arrive is called at the server, unless the connection is cut before */
  send(arrive: () => void): void {
    if (this.swallows === 'everything') return;
    const { time } = this.#ensemble;
    this.#arrivesMs = Math.max(this.#arrivesMs, time.nowMs + this.#ensemble.latencyMs());
    time.at(this.#arrivesMs, () => {
      if (this.#isOpen && this.swallows !== 'everything') arrive();
    });
  }

  /** What a server asks its leader for waits until that can be reached, and all that the client asks behind it. */
  #sendBy(by: 'server' | 'leader', arrive: () => void): void {
    this.send(() => {
      if (this.#heldUp.length === 0 && !(by === 'leader' && this.replica.isCutOff)) return arrive();
      this.#heldUp.push(arrive);
    });
  }

  /** The server can reach its leader again. */
  rejoined(): void {
    for (const arrive of this.#heldUp.splice(0)) if (this.#isOpen) arrive();
  }

  /** @param deliver is called at the client, unless the connection is cut before */
  reply(deliver: () => void): void {
    if (!this.#isOpen || this.swallows !== 'nothing') return;
    const { nowMs } = this.#ensemble.time;
    this.#deliversMs = Math.max(this.#deliversMs, nowMs + this.#ensemble.latencyMs());
    this.#inbox.push({ dueMs: this.#deliversMs, deliver });
    this.#clock.after(this.#deliversMs - nowMs, () => this.#deliverDue());
  }

  notify(event: WatchEvent): void {
    this.reply(() => this.#end.onEvent(event));
  }

  /** What is under way gets lost, and the client is told a little later. */
  cut(): void {
    if (!this.#isOpen) return;
    this.close();
    this.#clock.after(this.#ensemble.latencyMs(), () => this.#end.onCut(this));
  }

  close(): void {
    this.#isOpen = false;
    this.#inbox.length = 0;
    this.#heldUp.length = 0;
    this.replica.drop(this);
  }

  #deliverDue(): void {
    const { nowMs } = this.#ensemble.time;
    for (let next = this.#inbox[0]; next !== undefined && next.dueMs <= nowMs; next = this.#inbox[0]) {
      this.#inbox.shift();
      next.deliver();
    }
  }
}
