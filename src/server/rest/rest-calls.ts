import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Method } from '../../contract/method.ts';
import { ReplyForm } from '../../core/reply-form.ts';
import type { Engine } from '../../engine/engine.ts';
import { fitRecordBody } from '../../engine/record-body.ts';
import { replyJson } from '../../protocol/rest/reply-json.ts';
import { RequestJson } from '../../protocol/rest/request-json.ts';
import { httpStatusOf, statusJson } from '../../protocol/rest/status-json.ts';
import type { MessageReplies } from '../engine-listener.ts';
import { LATE } from './broken-request.ts';
import { CallState, type RawRequest, type RawResponse, RestCall } from './rest-call.ts';
import type { RestSession } from './rest-session.ts';
import type { RestSessions } from './rest-sessions.ts';

export interface RestCallsOptions {
  readonly engine: Engine;
  readonly sessions: () => RestSessions;
  readonly nowMs: () => number;
  /** Writes an answer to a request of a session. */
  readonly answer: (
    response: RawResponse,
    status: number,
    body: string,
    session: RestSession | null,
    closing: boolean,
  ) => void;
  /** The client that sent this request is given up. */
  readonly cutOff: (request: RawRequest, reason: string) => void;
}

const TOO_MANY_CALLS = 'too many requests are in progress';
const TOO_MANY_CALLS_OF_SESSION = `${TOO_MANY_CALLS}: a session may have ${Limits.restCallsPerSessionMax}`;
const TOO_MANY_WAITERS = `too many requests wait for locks: this server has room for ${Limits.restWaitersMax}`;
const TOO_MANY_WAITERS_OF_SESSION = `too many requests wait for locks: a session may have ${Limits.restWaitersPerSessionMax}`;
const TOO_MANY_QUEUED = 'too many requests wait for a part of the server';
const NOTHING = Buffer.alloc(0);

/**
 * The lock operations in progress: brings their requests to the engine and its replies back. A call keeps its slot
 * until its response is closed, which is where all of them end, whatever happened to them.
 */
export class RestCalls implements MessageReplies {
  readonly #options: RestCallsOptions;
  readonly #json = new RequestJson();
  readonly #slots: RestCall[] = [];
  readonly #free: RestCall[] = [];
  /** Calls whose shard had no room for them, in the order in which they came. */
  readonly #queues = new Map<number, RestCall[]>();
  #queued = 0;
  #queuedBytes = 0;
  /** Long polls in progress. */
  #waiters = 0;
  /** Numbers come again after 2^32 calls. */
  #nextNumber = 1;
  #stopReason = '';

  constructor(options: RestCallsOptions) {
    this.#options = options;
  }

  /** The calls of shards that stop or are gone are told why. */
  explain(reason: string): void {
    this.#stopReason = reason;
  }

  get open(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Begins a call; when there are too many in progress it says so instead. */
  begin(
    method: Method,
    session: RestSession,
    request: RawRequest,
    response: RawResponse,
    deadlineMs: number,
  ): RestCall | string {
    const refusal = this.#refuseMore(method, session);
    if (refusal !== null) return refusal;
    let call = this.#free.pop();
    if (call === undefined) {
      call = new RestCall(this.#slots.length);
      this.#slots.push(call);
    }
    if (method === Method.Lock) {
      session.waiters++;
      this.#waiters++;
    }
    call.number = this.#nextNumber;
    this.#nextNumber = (this.#nextNumber + 1) >>> 0;
    call.state = CallState.Receiving;
    call.method = method;
    call.session = session;
    call.request = request;
    call.response = response;
    call.deadlineMs = deadlineMs;
    call.startedMs = this.#options.nowMs();
    this.#options.sessions().enter(session, call);
    return call;
  }

  /** The body of a call is complete. */
  received(call: RestCall, body: Buffer | null): void {
    if (call.state !== CallState.Receiving) return;
    const length = this.#json.encode(call.method as Method, body ?? NOTHING);
    if (length < 0) return this.refuse(call, GrpcStatus.InvalidArgument, this.#json.error);
    this.#submit(call, this.#json.bytes, length);
    this.#options.engine.flush();
  }

  /** Answers a call that has no reply of a shard. */
  refuse(call: RestCall, status: GrpcStatus, message: string, httpStatus = httpStatusOf(status)): void {
    this.#answer(call, httpStatus, statusJson(status, message));
  }

  /** Ends calls whose body does not come. To be called every second or so. */
  sweep(): void {
    if (this.open === 0) return;
    const sinceMs = this.#options.nowMs() - Limits.restRequestMsMax;
    for (const call of this.#slots) {
      if (call.state !== CallState.Receiving || call.startedMs > sinceMs) continue;
      this.#options.cutOff(call.request!, LATE);
      this.#answer(call, 408, statusJson(GrpcStatus.DeadlineExceeded, LATE), true);
    }
  }

  /** A session ended while these calls of it were in progress. */
  interrupt(calls: Iterable<RestCall>, status: number, body: string): void {
    for (const call of calls) this.#answer(call, status, body);
  }

  /** The response of a call is closed: delivered, or its client is gone. */
  closed(call: RestCall, delivered: boolean): void {
    const { engine } = this.#options;
    const session = call.session!;
    if (call.state === CallState.Submitted) {
      if (!session.ended) engine.cancel(call.shard, session.number, call.number);
    } else if (call.grant !== null && !delivered) {
      engine.releaseUndelivered(call.shard, call.grant);
    }
    this.#unqueue(call);
    engine.flush();
    this.#options.sessions().leave(session, call);
    if (call.method === Method.Lock) {
      session.waiters--;
      this.#waiters--;
    }
    call.clear();
    this.#free.push(call);
  }

  /** Answers all calls in progress: nobody is left who could decide them. */
  failAll(message: string): void {
    for (const call of this.#slots) {
      if (call.state !== CallState.Free) this.refuse(call, GrpcStatus.Unavailable, message);
    }
  }

  // ---- what the engine tells ------------------------------------------------------------------------------------

  reply(
    shard: number,
    slot: number,
    number: number,
    session: number,
    status: number,
    granted: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const call = this.#slots[slot];
    // Words of 32 bits come back with a sign.
    const isMeant = call?.number === number >>> 0 && call.session?.number === session;
    if (!isMeant || call.state !== CallState.Submitted) {
      if (granted) this.#options.engine.releaseUndelivered(shard, bytes.subarray(start, end));
      return;
    }
    if (status !== GrpcStatus.Ok) {
      const isStopping = status === GrpcStatus.Unavailable && this.#stopReason !== '';
      const text = isStopping ? this.#stopReason : bytes.latin1Slice(start, end);
      return this.refuse(call, status as GrpcStatus, text);
    }
    if (granted) call.grant = Buffer.from(bytes.subarray(start, end));
    this.#answer(call, 200, replyJson(call.method as Method, bytes, start, end));
  }

  /** Submits what had to wait, as far as there is room. */
  roomAgain(shard: number): void {
    const queue = this.#queues.get(shard);
    if (queue === undefined) return;
    this.#queues.delete(shard);
    this.#queued -= queue.length;
    for (const call of queue) {
      if (call.state !== CallState.Queued) continue;
      const body = call.body!;
      call.body = null;
      this.#queuedBytes -= body.length;
      this.#submit(call, body, body.length);
    }
    this.#options.engine.flush();
  }

  /** Long polls, which may last, leave places for what does not: above all for what ends the wait of others. */
  #refuseMore(method: Method, session: RestSession): string | null {
    if (method === Method.Lock) {
      if (session.waiters >= Limits.restWaitersPerSessionMax) return TOO_MANY_WAITERS_OF_SESSION;
      if (this.#waiters >= Limits.restWaitersMax) return TOO_MANY_WAITERS;
    }
    if (session.calls.size >= Limits.restCallsPerSessionMax) return TOO_MANY_CALLS_OF_SESSION;
    return this.open >= Limits.restCallsMax ? TOO_MANY_CALLS : null;
  }

  #submit(call: RestCall, bytes: Buffer, length: number): void {
    const session = call.session!;
    const shard = this.#options.engine.submit(
      call.method as Method,
      ReplyForm.Protobuf,
      call.slot,
      call.number,
      session.number,
      call.deadlineMs,
      bytes,
      0,
      length,
    );
    if (shard < 0) return this.#enqueue(call, -1 - shard, bytes, length);
    call.state = CallState.Submitted;
    call.shard = shard;
    session.shardMask |= 1 << (shard & 31);
  }

  #enqueue(call: RestCall, shard: number, bytes: Buffer, length: number): void {
    const body =
      length > Limits.recordBodyBytesMax
        ? fitRecordBody(bytes, 0, length, call.method as Method)
        : Buffer.from(bytes.subarray(0, length));
    if (this.#queued >= Limits.restQueuedMax || this.#queuedBytes + length > Limits.restBodiesBytesMax) {
      return this.refuse(call, GrpcStatus.ResourceExhausted, TOO_MANY_QUEUED);
    }
    call.state = CallState.Queued;
    call.body = body;
    this.#queued++;
    this.#queuedBytes += body.length;
    const queue = this.#queues.get(shard);
    if (queue === undefined) this.#queues.set(shard, [call]);
    else queue.push(call);
  }

  #answer(call: RestCall, status: number, body: string, closing = false): void {
    if (call.state === CallState.Answered) return;
    this.#unqueue(call);
    call.state = CallState.Answered;
    this.#options.answer(call.response!, status, body, call.session, closing);
  }

  /** What is left of it in its queue is passed over. */
  #unqueue(call: RestCall): void {
    if (call.state !== CallState.Queued) return;
    this.#queuedBytes -= call.body!.length;
    call.body = null;
  }
}
