import type { Clock } from '../../base/clock.ts';
import type { Method } from '../../contract/method.ts';
import { UnlockCommand } from '../../core/command.ts';
import { Origin } from '../../core/origin.ts';
import type { ReplyForm } from '../../core/reply-form.ts';
import { decodeUnlockRequest } from '../../protocol/protobuf/decode-request.ts';
import type { DebugAttributes, Notices } from '../../shard/debug-lines.ts';
import type { KeySource } from '../../shard/key-source.ts';
import { ReplyEncoder } from '../../shard/reply-encoder.ts';
import { RequestLog } from '../../shard/request-log.ts';
import type { Nodes, SessionState } from '../../zookeeper/nodes.ts';
import type { EngineEvents, RingGauges, ServerEngine } from '../engine.ts';
import { unlockRequestFor } from '../undelivered-grant.ts';
import { type Claim, keyTextOf } from './claim.ts';
import { ClaimBook } from './claim-book.ts';
import { ClaimCounts } from './claim-counts.ts';
import { HeldLong } from './held-long.ts';
import { type HeldRecord, recordOf } from './held-record.ts';
import { type RestorePlan, restoreHolds } from './hold-restorer.ts';
import { KeyDesk } from './key-desk.ts';
import { LockBases } from './lock-base.ts';
import { LockDesk } from './lock-desk.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { type LockPaths, textOf } from './lock-place.ts';
import { type NodeData, serverName } from './node-data.ts';
import { Reaper } from './reaper.ts';
import { ReplyBatch } from './reply-batch.ts';
import { RequestIntake } from './request-intake.ts';
import { ServerRegister } from './server-register.ts';

export interface ZooKeeperEngineOptions {
  readonly nodes: Nodes;
  /** Wall time. */
  readonly clock: Clock;
  readonly keys: KeySource;
  readonly paths: LockPaths;
  readonly keepOnSessionEnd: boolean;
  /** What tells this process from others that go on with its session. Default: something random. */
  readonly process?: string;
  /** Who the sessions are. */
  readonly describeSession: (session: number) => NodeData['client'];
  /** Tell a debug line for each request and what comes of it. Default: false. */
  readonly logRequests?: boolean;
  /** What to go on with that another server has left; null, the default: nothing. */
  readonly restore?: RestorePlan | null;
  /** Warn of locks that are held for longer; 0, the default: of none. In milliseconds. */
  readonly heldLongMs?: number;
  /** Leave what is held to another server when this one stops. Default: false. */
  readonly keepOnStop?: boolean;
  /** Ends the session with ZooKeeper, or leaves it with these locks to the next server. */
  readonly end: (held: readonly HeldRecord[]) => Promise<void>;
}

/** What an engine over ZooKeeper tells beside its replies. */
export interface ZooKeeperEvents extends EngineEvents {
  /** These sessions have lost locks that they were granted: the server's own session is over. */
  locksLost(sessions: ReadonlySet<number>): void;
}

const BEAT_MS = 500;

/** What is not there is empty. */
const NO_RINGS: RingGauges = { requestBytes: 0, replyBytes: 0, requestStalls: 0 };

/** The locks that exist while nobody waits for them are known to ZooKeeper; whoever asks is answered when it has answered. */
export class ZooKeeperEngine implements ServerEngine {
  readonly shards = 1;
  readonly clock: Clock;
  readonly #options: ZooKeeperEngineOptions;
  readonly #events: ZooKeeperEvents;
  readonly #batch: ReplyBatch;
  readonly #counts: ClaimCounts;
  readonly #book = new ClaimBook();
  readonly #locks: LockDesk;
  readonly #intake: RequestIntake;
  readonly #register: ServerRegister | null;
  #reaper: Reaper | null = null;
  readonly #heldLong: HeldLong;
  readonly #unlock = new UnlockCommand();
  readonly #endState: () => void;
  #endBeat: () => void = () => {};
  #isPublishing = false;
  /** Sessions that have lost locks and are not told yet. */
  #losers = new Set<number>();
  #isClosed = false;
  #isSuspended = false;

  constructor(options: ZooKeeperEngineOptions, events: ZooKeeperEvents) {
    const { nodes, clock, paths, keepOnSessionEnd, keepOnStop = false, describeSession } = options;
    this.clock = clock;
    this.#options = options;
    this.#events = events;
    this.#counts = new ClaimCounts(clock, this.#book);
    this.#batch = new ReplyBatch((method, outcome) => {
      this.#counts.replied(method, outcome);
      this.#publishSoon();
    });
    const encoder = new ReplyEncoder(this.#batch, this);
    const log = options.logRequests === true ? new RequestLog(events, encoder) : null;
    const replies = log ?? encoder;
    const bases = new LockBases(nodes, (path, child, layout) =>
      events.notice(0, 'A ZooKeeper node is used for another kind of lock', { path, child, layout }, 0),
    );
    const nameServer = (sessionId: bigint): string => serverName(sessionId, options.process);
    // Locks that outlive the sessions of clients outlive the server's, too.
    this.#register = keepOnSessionEnd
      ? new ServerRegister(nodes, nameServer, (error) => this.#failed(error, {}))
      : null;
    const parts: LockDeskParts = {
      ...{ nodes, clock, paths, bases, keepOnSessionEnd, keepOnStop, describeSession },
      ...{ register: this.#register, serverName: nameServer },
      ...{ book: this.#book, counts: this.#counts, replies },
      failed: (error, { name, base }) => this.#failed(error, { lock: textOf(name), path: base }),
    };
    this.#locks = new LockDesk(parts);
    const desks = { lockDesk: this.#locks, keyDesk: new KeyDesk(parts, this.#locks) };
    this.#intake = new RequestIntake({ clock, keys: options.keys, replies, log, ...desks });
    const notices: Notices = {
      notice: (message, attributes, session = 0) => events.notice(0, message, attributes, session),
    };
    this.#heldLong = new HeldLong(this.#book, clock, nodes.clock, notices, options.heldLongMs ?? 0);
    this.#beat();
    this.#endState = nodes.onState((state) => this.#stateChanged(state));
  }

  /**
   * As long as the session lives, but for locks that outlive it, which have their timeouts. Without one nothing is held, and who
   * held something is told so by the end of its connection.
   */
  get certainMs(): number | null {
    const { nodes, keepOnSessionEnd } = this.#options;
    if (keepOnSessionEnd || nodes.sessionId === 0n) return null;
    return Math.max(1, Math.floor(nodes.sessionLeftMs));
  }

  get metricMemory(): SharedArrayBuffer {
    return this.#counts.memory;
  }

  sumOf(word: number): number {
    return this.#counts.sumOf(word);
  }

  /** A lock that this server has granted or waits for. Names and keys are byte strings. */
  claimOf(name: string, key: string): Claim | null {
    return this.#book.ofKey(name, key);
  }

  /** Ends a held lock for somebody who has no part in it. Resolves with whether it was held until now. */
  release(claim: Claim): Promise<boolean> {
    return claim.state === 'held' ? this.#locks.release(claim, 'unlock') : Promise.resolve(false);
  }

  rings(): RingGauges {
    return NO_RINGS;
  }

  /** The session had begun before the engine was made. */
  async ready(): Promise<void> {
    const { restore, nodes, paths, keepOnSessionEnd } = this.#options;
    if (restore != null) await this.#restore(restore);
    // Its own node must not be among what is left of the server before.
    this.#reaper = new Reaper(nodes, paths, keepOnSessionEnd, (error) => this.#failed(error, {}));
  }

  submit(
    method: Method,
    form: ReplyForm,
    route: number,
    call: number,
    session: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    this.#counts.requested();
    this.#book.renumber(session, call);
    const origin = new Origin();
    origin.method = method;
    origin.form = form;
    origin.route = route;
    origin.call = call;
    origin.session = session;
    this.#intake.take(origin, deadlineMs, bytes, start, end);
    return 0;
  }

  cancel(_shard: number, session: number, call: number): void {
    this.#locks.cancel(session, call);
  }

  releaseUndelivered(_shard: number, message: Buffer): void {
    const request = unlockRequestFor(message);
    if (decodeUnlockRequest(request, 0, request.length, this.#unlock) !== null) return;
    const claim = this.#book.holder(this.#unlock.name, keyTextOf(this.#unlock.key));
    if (claim !== null) this.#locks.giveBack(claim);
  }

  endSession(session: number): void {
    this.#locks.endSession(session);
  }

  shardOfName(): number {
    return 0;
  }

  /** Requests are sent when they come. */
  flush(): void {}

  async stopGranting(): Promise<void> {
    this.#locks.stopGranting();
    this.#publish();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endState();
    this.#endBeat();
    this.#locks.close();
    this.#heldLong.close();
    await this.#reaper?.close();
    const held = [...this.#book].filter(({ state }) => state === 'held');
    await this.#options.end(held.map(recordOf));
  }

  async #restore(plan: RestorePlan): Promise<void> {
    const { nodes, paths } = this.#options;
    if (this.#register !== null) await this.#register.ready();
    const parts = {
      ...plan,
      ownPath: this.#register?.path ?? '',
      takeOver: (claim: Claim) => this.#locks.takeOver(claim),
    };
    for (const claim of await restoreHolds(nodes, paths, parts, () => this.clock.nowMs()))
      this.#locks.adopt(claim);
    plan.done();
  }

  #failed(error: unknown, attributes: DebugAttributes): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#events.notice(0, 'ZooKeeper has refused an operation', { ...attributes, reason }, 0);
  }

  /** Says that the thread works, also when nobody asks for anything. */
  #beat(): void {
    this.#counts.beat();
    this.#endBeat = this.#options.nodes.clock.after(BEAT_MS, () => this.#beat());
  }

  #publishSoon(): void {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    setImmediate(() => {
      this.#isPublishing = false;
      this.#publish();
    });
  }

  /** Replies go first: whoever is told that its locks are lost has been answered. */
  #publish(): void {
    this.#batch.deliver(this.#events);
    if (this.#losers.size > 0) {
      const losers = this.#losers;
      this.#losers = new Set();
      this.#events.locksLost(losers);
    }
    const isSuspended = this.#options.nodes.state !== 'connected';
    if (isSuspended === this.#isSuspended || this.#isClosed) return;
    this.#isSuspended = isSuspended;
    this.#events.suspended(0, isSuspended);
  }

  /** It may be noticed by whoever asks whether the session lives, in the middle of a request. */
  #stateChanged(state: SessionState): void {
    if (state === 'lost' || state === 'closed')
      for (const session of this.#locks.loseAll()) this.#losers.add(session);
    if (state === 'connected') this.#locks.sessionBegun();
    this.#publishSoon();
  }
}
