import type { Clock } from '../../base/clock.ts';
import { Method } from '../../contract/method.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../core/command.ts';
import { Origin } from '../../core/origin.ts';
import type { ReplyForm } from '../../core/reply-form.ts';
import type { CallEnd } from '../../core/sink.ts';
import { DecodeError } from '../../protocol/protobuf/decode-error.ts';
import {
  decodeLockRequest,
  decodeRenewRequest,
  decodeTryLockRequest,
  decodeUnlockRequest,
} from '../../protocol/protobuf/decode-request.ts';
import { Span } from '../../protocol/protobuf/span.ts';
import type { DebugAttributes, Notices } from '../../shard/debug-lines.ts';
import type { KeySource } from '../../shard/key-source.ts';
import type { Replies } from '../../shard/replies.ts';
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
import { KeyDesk, type KeyOutcome } from './key-desk.ts';
import { LockBases } from './lock-base.ts';
import { LockDesk } from './lock-desk.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { type LockPaths, textOf } from './lock-place.ts';
import type { NodeData } from './node-data.ts';
import { Reaper } from './reaper.ts';
import { ReplyBatch } from './reply-batch.ts';
import { ServerRegister } from './server-register.ts';

export interface ZooKeeperEngineOptions {
  readonly nodes: Nodes;
  /** Wall time. */
  readonly clock: Clock;
  readonly keys: KeySource;
  readonly paths: LockPaths;
  readonly keepOnSessionEnd: boolean;
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
  readonly #replies: Replies;
  readonly #log: RequestLog | null;
  readonly #counts: ClaimCounts;
  readonly #book = new ClaimBook();
  readonly #locks: LockDesk;
  readonly #keys: KeyDesk;
  readonly #register: ServerRegister | null;
  #reaper: Reaper | null = null;
  readonly #heldLong: HeldLong;
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  readonly #keyText = new Span();
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
    const encoder = new ReplyEncoder(this.#batch);
    this.#log = options.logRequests === true ? new RequestLog(events, encoder) : null;
    this.#replies = this.#log ?? encoder;
    const bases = new LockBases(nodes, (path, child, layout) =>
      events.notice(0, 'A ZooKeeper node is used for another kind of lock', { path, child, layout }, 0),
    );
    // Locks that outlive the sessions of clients outlive the server's, too.
    this.#register = keepOnSessionEnd ? new ServerRegister(nodes, (error) => this.#failed(error, {})) : null;
    const parts: LockDeskParts = {
      ...{ nodes, clock, paths, bases, keepOnSessionEnd, keepOnStop, describeSession },
      register: this.#register,
      ...{ book: this.#book, counts: this.#counts, replies: this.#replies },
      failed: (error, { name, base }) => this.#failed(error, { lock: textOf(name), path: base }),
    };
    this.#locks = new LockDesk(parts);
    this.#keys = new KeyDesk(parts, this.#locks);
    const notices: Notices = {
      notice: (message, attributes, session = 0) => events.notice(0, message, attributes, session),
    };
    this.#heldLong = new HeldLong(this.#book, clock, nodes.clock, notices, options.heldLongMs ?? 0);
    this.#beat();
    this.#endState = nodes.onState((state) => this.#stateChanged(state));
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
    if (keepOnSessionEnd) this.#reaper = new Reaper(nodes, paths, (error) => this.#failed(error, {}));
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
    switch (method) {
      case Method.Lock:
        this.#lockOrTry(origin, decodeLockRequest(bytes, start, end, this.#lock), deadlineMs);
        break;
      case Method.TryLock:
        this.#lockOrTry(origin, decodeTryLockRequest(bytes, start, end, this.#lock), deadlineMs);
        break;
      case Method.Unlock:
        this.#unlockOne(origin, decodeUnlockRequest(bytes, start, end, this.#unlock));
        break;
      case Method.Renew:
        this.#renewOne(origin, bytes, start, end, deadlineMs);
        break;
    }
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

  #lockOrTry(origin: Origin, error: DecodeError | null, deadlineMs: number): void {
    if (error !== null) return this.#refuseMessage(origin, error);
    const command = this.#lock;
    command.tryOnly = origin.method === Method.TryLock;
    command.deadlineMs = deadlineMs;
    Object.assign(command.origin, origin);
    this.#options.keys.next(command.key);
    this.#log?.lockRequest(command);
    this.#locks.lock(command, this.clock.nowMs());
  }

  /** An Unlock is carried out even when its caller's deadline has passed: nobody is served by keeping the lock. */
  #unlockOne(origin: Origin, error: DecodeError | null): void {
    if (error !== null) return this.#refuseMessage(origin, error);
    this.#log?.unlockRequest(origin, this.#unlock);
    const { name } = this.#unlock;
    void this.#keys.unlock(this.#unlock).then((outcome) => {
      if (!this.#endedBy(origin, outcome)) this.#replies.unlocked(origin, name, outcome);
    });
  }

  #renewOne(origin: Origin, bytes: Buffer, start: number, end: number, deadlineMs: number): void {
    const error = decodeRenewRequest(bytes, start, end, this.#renew, this.#keyText);
    if (error !== null) return this.#refuseMessage(origin, error);
    this.#log?.renewRequest(origin, this.#renew);
    if (deadlineMs <= this.clock.nowMs()) return this.#replies.deadlineExceeded(origin);
    const { name } = this.#renew;
    // The bytes are somebody else's by the time of the answer.
    const key = Buffer.from(bytes.subarray(this.#keyText.start, this.#keyText.end));
    const span = new Span();
    span.end = key.length;
    void this.#keys.renew(this.#renew).then((outcome) => {
      if (!this.#endedBy(origin, outcome)) this.#replies.renewed(origin, name, key, span, outcome);
    });
  }

  /** False: the outcome is an answer. */
  #endedBy(origin: Origin, outcome: KeyOutcome): outcome is CallEnd {
    if (typeof outcome !== 'number') return false;
    this.#replies.ended(origin, outcome);
    return true;
  }

  #refuseMessage(origin: Origin, error: DecodeError): void {
    if (error === DecodeError.InvalidUtf8) this.#replies.invalidUtf8(origin);
    else this.#replies.malformed(origin);
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
