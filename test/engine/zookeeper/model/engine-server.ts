import { Method } from '../../../../src/contract/method.ts';
import { ReplyForm } from '../../../../src/core/reply-form.ts';
import type { ZooKeeperEngine, ZooKeeperEvents } from '../../../../src/engine/zookeeper/zookeeper-engine.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../../../protocol/protobuf/ldlm-coder.ts';
import { ViolationError } from '../../../zookeeper/model/holders-checker.ts';
import type { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { ClientSession } from './client-session.ts';
import type { ServerLine } from './server-line.ts';

export type MethodName = keyof typeof Method;

/** What a call comes to, as its caller sees it. */
export type Answer =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly message: ReplyMessage;
      readonly bytes: Buffer;
    }
  /** The connection is gone, or the caller does not want to know. */
  | { readonly kind: 'none' };

const NO_ANSWER: Answer = { kind: 'none' };

export interface EngineCall {
  readonly number: number;
  readonly method: MethodName;
  readonly session: ClientSession;
  readonly sentMs: number;
  /** When it reached the server, by virtual time; null: it did not. */
  submittedMs: number | null;
  isAnswered: boolean;
  /** Whether its caller waits for the answer. */
  isWanted: boolean;
  readonly answer: Promise<Answer>;
  readonly resolve: (answer: Answer) => void;
}

const coders = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};

/** What a message takes from a client to its server: they are close to each other. */
const CLIENT_MS = 0.05;

export interface EngineServerOptions {
  readonly name: string;
  readonly nodes: ModelNodes;
  readonly line: ServerLine;
  /** Whether it leaves its session to the next one when it stops. */
  readonly keepsSession: boolean;
  readonly open: (events: ZooKeeperEvents) => ZooKeeperEngine;
  readonly nowMs: () => number;
  readonly log: (what: () => string) => void;
  readonly violated: (error: Error) => void;
  /** Its process has died, or has ended as it was told to. */
  readonly ended: () => void;
}

/** A server around an engine: takes calls of sessions, and brings each its answer. */
export class EngineServer implements ZooKeeperEvents {
  readonly name: string;
  readonly nodes: ModelNodes;
  readonly engine: ZooKeeperEngine;
  readonly line: ServerLine;
  /** Whether its process has ended, or has died. */
  isGone = false;
  isStopping = false;
  /** Whether it has left its session to the next one. */
  isHandedOver = false;
  /** Sessions that were told that their locks are lost. */
  losses = 0;
  readonly #options: EngineServerOptions;
  readonly #calls = new Map<number, EngineCall>();
  readonly #sessions = new Map<number, ClientSession>();
  #lastCall = 0;

  constructor(options: EngineServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.nodes = options.nodes;
    this.line = options.line;
    this.engine = options.open(this);
  }

  get isServing(): boolean {
    return !this.isGone && !this.isStopping;
  }

  /** Calls when the process runs, and a message has come; not when the process is gone. */
  arrive(call: () => void): void {
    this.nodes.clock.after(CLIENT_MS, () => {
      if (!this.isGone) call();
    });
  }

  enter(session: ClientSession): void {
    this.#sessions.set(session.number, session);
  }

  send(session: ClientSession, method: MethodName, message: RequestMessage, waitMs = 0): EngineCall {
    const number = ++this.#lastCall;
    let resolve: (answer: Answer) => void = () => {};
    const answer = new Promise<Answer>((done) => {
      resolve = done;
    });
    const progress = { sentMs: this.#options.nowMs(), submittedMs: null, isAnswered: false, isWanted: true };
    const call: EngineCall = { number, method, session, ...progress, answer, resolve };
    this.#calls.set(number, call);
    if (this.isGone) this.forget(call);
    const body = coders[method].requestSerialize(message);
    const deadlineMs = waitMs > 0 ? this.engine.clock.nowMs() + waitMs : Number.POSITIVE_INFINITY;
    this.arrive(() => {
      if (!session.isHeardOf) return;
      call.submittedMs = this.#options.nowMs();
      this.#options.log(() => `${this.name} has call ${number} of session ${session.number}`);
      this.engine.submit(
        ...([Method[method], ReplyForm.Protobuf, 0, number, session.number] as const),
        ...([deadlineMs, body, 0, body.length] as const),
      );
    });
    return call;
  }

  cancel(call: EngineCall): void {
    this.forget(call);
    this.arrive(() => {
      if (call.session.isHeardOf) this.engine.cancel(0, call.session.number, call.number);
    });
  }

  /** Nobody waits for the answer any more. */
  forget(call: EngineCall): void {
    call.isWanted = false;
    call.resolve(NO_ANSWER);
  }

  giveBack(bytes: Buffer): void {
    this.arrive(() => this.engine.releaseUndelivered(0, bytes));
  }

  /** The session is over for its client, and a while later for the server. */
  leave(session: ClientSession, afterMs: number): void {
    for (const call of this.#calls.values()) if (call.session === session) this.forget(call);
    this.nodes.clock.after(afterMs, () => this.arrive(() => this.#drop(session)));
  }

  /** The process has died: nothing of it is called any more. */
  crashed(): void {
    // One that has ended already has left its session in order.
    if (!this.isHandedOver) this.line.deaths++;
    this.isGone = true;
    for (const session of [...this.#sessions.values()]) session.lose();
    this.#options.ended();
  }

  /** The process ends as it is told to. */
  stop(graceMs: number): void {
    if (this.isStopping || this.isGone) return;
    this.isStopping = true;
    void this.engine.stopGranting();
    this.nodes.clock.after(graceMs, () => {
      if (this.isGone) return;
      this.isGone = true;
      this.isHandedOver = this.#options.keepsSession;
      for (const session of [...this.#sessions.values()]) session.lose();
      void this.engine.close().then(() => this.#options.ended());
    });
  }

  /** @throws ViolationError when a call that somebody waits for was not answered */
  checkAnswers(): void {
    if (this.isGone) return;
    for (const { number, method, isAnswered, isWanted, submittedMs } of this.#calls.values())
      if (submittedMs !== null && isWanted && !isAnswered)
        throw new ViolationError(`every call is answered: ${this.name}, ${method} ${number}`);
  }

  // ---- the engine's events ----------------------------------------------------------------------------------------

  reply(...[, , number, session, , status, granted, bytes, offset, headers, data]: ReplyArguments): void {
    const call = this.#calls.get(number);
    if (call === undefined || call.session.number !== session)
      return this.#options.violated(
        new ViolationError(`an answer belongs to a call: ${number} of ${session}`),
      );
    if (call.isAnswered)
      return this.#options.violated(new ViolationError(`a call is answered once: ${this.name}, ${number}`));
    call.isAnswered = true;
    this.#options.log(
      () =>
        `${this.name} answers call ${number} of session ${session}: status ${status}${granted ? ', granted' : ''}`,
    );
    const start = offset + headers;
    const body = Buffer.from(bytes.subarray(start, start + data));
    if (!call.isWanted && !call.session.isHeardOf) {
      // As the server does it, whose connection is gone.
      if (granted) this.engine.releaseUndelivered(0, body);
      return;
    }
    const message = coders[call.method].responseDeserialize(status === 0 ? body : Buffer.alloc(0));
    call.resolve({ kind: 'reply', status, message, bytes: body });
  }

  locksLost(sessions: ReadonlySet<number>): void {
    this.losses += sessions.size;
    for (const number of sessions) {
      const session = this.#sessions.get(number);
      if (session === undefined) continue;
      this.#options.log(() => `${this.name} tells session ${number} that its locks are lost`);
      session.lose();
      this.#drop(session);
    }
  }

  drained(): void {}
  room(): void {}
  debug(): void {}
  suspended(): void {}

  notice(_shard: number, message: string, attributes: object): void {
    // Nobody else uses the nodes, and nothing that is asked for is forbidden.
    this.#options.violated(new ViolationError(`${message}: ${JSON.stringify(attributes)}`));
  }

  failed(error: Error): void {
    this.#options.violated(error);
  }

  #drop(session: ClientSession): void {
    if (!this.#sessions.delete(session.number)) return;
    session.isHeardOf = false;
    this.engine.endSession(session.number);
  }
}

type ReplyArguments = Parameters<ZooKeeperEvents['reply']>;
