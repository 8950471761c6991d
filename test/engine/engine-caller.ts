import { Method } from '../../src/contract/method.ts';
import { ReplyForm } from '../../src/core/reply-form.ts';
import type { Engine, EngineEvents } from '../../src/engine/engine.ts';
import type { MessageReplies } from '../../src/server/engine-listener.ts';
import type { DebugAttributes } from '../../src/shard/debug-lines.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';

export interface EngineReply {
  readonly shard: number;
  readonly route: number;
  readonly call: number;
  readonly session: number;
  readonly form: ReplyForm;
  readonly status: number;
  readonly granted: boolean;
  readonly headers: Buffer;
  readonly data: Buffer;
  readonly trailers: Buffer;
}

/** What a kind of engine needs to say of itself to be called, see {@link EngineCaller}. */
export interface OpenEngine {
  readonly engine: Engine;
  nowMs(): number;
  /** Lets the engine work for a moment; called again and again while a test waits for something. */
  work(): Promise<void>;
  /** Lets `ms` pass on the engine's clock. */
  pass(ms: number): Promise<void>;
}

export type MethodName = keyof typeof Method;

const coders = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};

/** A call that was submitted. */
export interface EngineCall {
  readonly method: MethodName;
  readonly session: number;
  readonly call: number;
  readonly shard: number;
}

export interface CallSettings {
  readonly session?: number;
  readonly deadlineMs?: number;
  readonly form?: ReplyForm;
}

const REPLY_MS_MAX = 10_000;

/** Calls an engine by bytes and keeps what it answers: the events that an engine is opened with. */
export class EngineCaller implements EngineEvents {
  readonly failures: Error[] = [];
  readonly rooms: number[] = [];
  readonly lines: { session: number; message: string; attributes: DebugAttributes }[] = [];
  readonly notices: { shard: number; session: number; message: string; attributes: DebugAttributes }[] = [];
  readonly suspensions: { shard: number; suspended: boolean }[] = [];
  drains = 0;
  readonly #replies = new Map<number, EngineReply>();
  /** Takes what is answered to inspections. */
  inspections: Pick<MessageReplies, 'reply'> | null = null;
  #open: OpenEngine | null = null;
  #calls = 0;

  attach(open: OpenEngine): this {
    this.#open = open;
    return this;
  }

  get open(): OpenEngine {
    return this.#open!;
  }

  get engine(): Engine {
    return this.open.engine;
  }

  // ---- the engine's events ------------------------------------------------------------------------------------

  reply(
    shard: number,
    route: number,
    call: number,
    session: number,
    form: ReplyForm,
    status: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    if (form === ReplyForm.Inspection) {
      const end = offset + headersBytes + dataBytes + trailersBytes;
      this.inspections?.reply(shard, route, call, session, status, granted, bytes, offset, end);
      return;
    }
    if (this.#replies.has(call)) this.failures.push(new Error(`call ${call} was answered twice`));
    const data = offset + headersBytes;
    const trailers = data + dataBytes;
    this.#replies.set(call, {
      ...{ shard, route, call, session, form, status, granted },
      headers: Buffer.from(bytes.subarray(offset, data)),
      data: Buffer.from(bytes.subarray(data, trailers)),
      trailers: Buffer.from(bytes.subarray(trailers, trailers + trailersBytes)),
    });
  }

  drained(): void {
    this.drains++;
  }

  room(shard: number): void {
    this.rooms.push(shard);
  }

  failed(error: Error): void {
    this.failures.push(error);
  }

  notice(shard: number, message: string, attributes: DebugAttributes, session: number): void {
    this.notices.push({ shard, session, message, attributes });
  }

  suspended(shard: number, suspended: boolean): void {
    this.suspensions.push({ shard, suspended });
  }

  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.lines.push({ session, message, attributes });
  }

  // ---- calls --------------------------------------------------------------------------------------------------

  /** Submits a request of a session (1 by default) with a call number of its own. */
  send(method: MethodName, message: RequestMessage | Buffer, settings: CallSettings = {}): EngineCall {
    const { session = 1, deadlineMs = Number.POSITIVE_INFINITY, form = ReplyForm.Protobuf } = settings;
    const call = ++this.#calls;
    const body = Buffer.isBuffer(message) ? message : coders[method].requestSerialize(message);
    // A request rarely stands at the beginning of what a socket has read.
    const bytes = Buffer.concat([Buffer.alloc(3, 0xff), body, Buffer.alloc(2, 0xff)]);
    const end = 3 + body.length;
    const shard = this.engine.submit(
      Method[method],
      form,
      routeOf(session),
      call,
      session,
      deadlineMs,
      bytes,
      3,
      end,
    );
    this.engine.flush();
    // What was read next stands there by now.
    bytes.fill(0xee);
    return { method, session, call, shard };
  }

  /** Waits for the reply to a call. */
  async replyTo({ call }: EngineCall): Promise<EngineReply> {
    await this.until(() => this.#replies.has(call));
    const reply = this.#replies.get(call);
    if (reply === undefined) throw new Error(`call ${call} got no reply; ${this.failures.map(String)}`);
    return reply;
  }

  /** Waits for the reply to a call that ends with status OK, and decodes it. */
  async answerTo(call: EngineCall): Promise<ReplyMessage> {
    const reply = await this.replyTo(call);
    if (reply.status !== 0) throw new Error(`call ${call.call} ended with status ${reply.status}`);
    const { certain_ms, ...message } = coders[call.method].responseDeserialize(reply.data);
    this.#checkCertain(certain_ms, message.locked === true);
    return message;
  }

  /** It differs from engine to engine how long a lock is certain, which is said of every one that is held. */
  #checkCertain(certainMs: number | undefined, isLocked: boolean): void {
    const isSaid = isLocked && this.engine.certainMs !== null;
    if (isSaid ? (certainMs ?? 0) < 1 : certainMs !== undefined)
      this.failures.push(new Error(`a lock is certain for ${certainMs} ms`));
  }

  ask(method: MethodName, message: RequestMessage | Buffer, settings?: CallSettings): Promise<ReplyMessage> {
    return this.answerTo(this.send(method, message, settings));
  }

  /** Locks and returns the key. */
  async acquire(message: RequestMessage, session = 1): Promise<string> {
    const { locked, key } = await this.ask('Lock', message, { session });
    if (locked !== true) throw new Error(`${message.name} was not locked`);
    return key!;
  }

  hasReply({ call }: EngineCall): boolean {
    return this.#replies.has(call);
  }

  /** Waits until the engine has worked off what was sent for a name, and its replies have come. */
  async settle(name: string): Promise<void> {
    await this.ask('Unlock', { name, key: 'settle' }, { session: 999 });
  }

  async until(holds: () => boolean, timeoutMs = REPLY_MS_MAX): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while (!holds() && performance.now() < endMs) await this.open.work();
  }

  cancel({ shard, session, call }: EngineCall): void {
    this.engine.cancel(shard, session, call);
    this.engine.flush();
  }

  endSession(session: number): void {
    this.engine.endSession(session, -1);
    this.engine.flush();
  }
}

/** An engine does not look into routes; it has to bring them back. */
export function routeOf(session: number): number {
  return (session * 7919) | 0;
}
