import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Method } from '../../contract/method.ts';
import { Http2Connection } from '../http2/connection.ts';
import { FRAME_HEADER_BYTES } from '../http2/frame.ts';
import type { Output } from '../http2/output.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { Stream } from '../http2/stream.ts';
import type { StreamHandler } from '../http2/stream-handler.ts';
import type { AnswerCounts } from './answer-counts.ts';
import type { Authorize, CallPlan, HeadAnswer } from './call-plan.ts';
import { CallPlanner } from './call-planner.ts';
import { GrpcCall } from './grpc-call.ts';
import { HalfReceived } from './half-received.ts';
import { AssemblyBudget, IncomingMessage, MessageFault } from './incoming-message.ts';
import type { LdlmBackend } from './ldlm-backend.ts';
import { OpenServiceCalls } from './open-service-calls.ts';
import { SPOKEN_HERE_HTTP1 } from './plain-answer.ts';
import { MESSAGE_PREFIX_BYTES, trailersOnlyBlock } from './reply-frames.ts';
import type { ServiceRegistry } from './service-method.ts';

type CallStream = Stream<CallPlan, GrpcCall>;

/** What all connections of a server share. */
export interface GrpcContext {
  readonly services: ServiceRegistry;
  readonly authorize: Authorize;
  readonly assembly: AssemblyBudget;
  /** Where it is counted what is answered without a shard. */
  readonly answers: AnswerCounts;
}

const TOO_MANY_WAIT = `more than ${Limits.waitersPerConnectionMax} calls of this connection wait for locks`;

/** A request that found no room in its shard's ring. */
interface PendingRequest {
  readonly stream: CallStream;
  readonly deadlineMs: number;
  readonly bytes: Buffer;
}

/**
 * gRPC on one HTTP/2 connection: finds out what each request wants, gathers its message, hands calls of `ldlm.LDLM`
 * to the backend and all others to their service, and puts the replies on their streams.
 *
 * `stream.tag` is 0 until a call was submitted, then its shard + 1.
 */
export class GrpcCalls implements StreamHandler<CallPlan, GrpcCall> {
  readonly connection: Http2Connection<CallPlan, GrpcCall>;
  readonly http1Answer = SPOKEN_HERE_HTTP1;
  readonly #planner: CallPlanner;
  readonly #backend: LdlmBackend;
  readonly #answers: AnswerCounts;
  readonly #assembly: AssemblyBudget;
  readonly #services: OpenServiceCalls;
  readonly #halfReceived = new HalfReceived();
  #pending: PendingRequest | null = null;
  #nowMs: number;
  /** Lock calls that were submitted and not yet answered. */
  #waiting = 0;

  constructor(context: GrpcContext, backend: LdlmBackend, output: Output, nowMs: number) {
    this.#planner = new CallPlanner(context.services, (authorization) => {
      const denial = context.authorize(authorization);
      if (denial !== null) backend.denied(denial);
      return denial;
    });
    this.#backend = backend;
    this.#answers = context.answers;
    this.#assembly = new AssemblyBudget(
      Limits.connectionAssemblyBytesMax,
      context.assembly,
      Limits.connectionAssemblyBytesFree,
    );
    this.#nowMs = nowMs;
    this.connection = new Http2Connection(this, output, nowMs);
    this.#services = new OpenServiceCalls(this.connection, backend);
  }

  receive(chunk: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    this.connection.receive(chunk, nowMs);
  }

  /** There is room again: submits what had to wait and goes on reading. */
  retry(nowMs: number): void {
    this.#nowMs = nowMs;
    const pending = this.#pending;
    this.#pending = null;
    if (pending !== null) {
      const { stream, deadlineMs, bytes } = pending;
      this.#submit(stream, deadlineMs, bytes, 0, bytes.length);
    }
    if (this.#pending === null) this.connection.resume(nowMs);
  }

  /**
   * A shard's reply: three groups of finished frames at `offset`. A granted lock whose caller is gone goes back at
   * once: this is the one place where a grant meets a stream that was reset.
   */
  reply(
    shard: number,
    streamId: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    const stream = this.connection.stream(streamId);
    if (stream === null || this.connection.ended) {
      if (granted)
        this.#backend.releaseUndelivered(shard, messageOf(bytes, offset + headersBytes, dataBytes));
      return;
    }
    if (stream.plan!.method === Method.Lock) this.#waiting--;
    stream.tag = 0;
    const sent = this.connection.sendReply(stream, bytes, offset, headersBytes, dataBytes, trailersBytes);
    if (sent || !granted) return;
    stream.call ??= new GrpcCall(Number.POSITIVE_INFINITY);
    stream.call.shard = shard;
    stream.call.undelivered = Buffer.from(messageOf(bytes, offset + headersBytes, dataBytes));
  }

  /** Answers every call in flight with UNAVAILABLE: nobody is left who could decide it. */
  failAll(text: string): void {
    this.#pending = null;
    this.#waiting = 0;
    for (const stream of this.connection.listStreams()) {
      stream.tag = 0;
      // What has its reply already only waits for window.
      if (stream.queue === null || stream.call?.service != null)
        this.#refuse(stream, GrpcStatus.Unavailable, text);
    }
  }

  /**
   * Ends requests whose rest does not come, and calls of services whose deadline has passed. Waiting calls of
   * `ldlm.LDLM` are ended by their shard.
   */
  expire(nowMs: number): void {
    this.#services.expire(nowMs);
    // What we do not read may have come long ago.
    if (this.connection.paused) return;
    let silent = this.#halfReceived.takeSilent(nowMs);
    for (; silent !== null; silent = this.#halfReceived.takeSilent(nowMs)) {
      this.#refuse(silent, GrpcStatus.DeadlineExceeded, 'the rest of the request message did not come');
      this.#backend.wrote();
    }
  }

  /**
   * The connection is gone: services forget its calls, and grants that never went out are given back. What the
   * connection held is released by the end of its session, where sessions do that.
   */
  close(): void {
    this.#pending = null;
    this.#services.close();
    for (const { call } of this.connection.listStreams()) {
      if (call?.undelivered != null) this.#backend.releaseUndelivered(call.shard, call.undelivered);
    }
    this.#assembly.close();
  }

  // ---- what the connection tells ----------------------------------------------------------------------------

  opened(stream: CallStream, head: RequestHead<CallPlan>, end: boolean): void {
    const plan = head.plan ?? this.#planner.plan(head);
    stream.plan = plan;
    if (plan.answer !== null) {
      const fits = this.connection.openStreams <= Limits.waitingAnswersMax;
      if (end || !plan.answer.afterRequest || !fits) this.#answer(stream, plan.answer);
    } else if (plan.service !== null) {
      const call = this.#services.open(stream, plan.service, this.#nowMs + plan.timeoutMs);
      if (end && !call.ended) call.listener.halfClosed();
    } else if (end) {
      this.#refuse(stream, GrpcStatus.Internal, 'request message missing');
    }
  }

  received(stream: CallStream, bytes: Buffer, start: number, end: number, last: boolean): void {
    // The usual request: one whole message in one frame that also ends the stream.
    if (last && stream.call === null && stream.plan!.method !== 0 && isWholeMessage(bytes, start, end)) {
      const deadlineMs = this.#nowMs + stream.plan!.timeoutMs;
      return this.#submit(stream, deadlineMs, bytes, start + MESSAGE_PREFIX_BYTES, end);
    }
    const { answer } = stream.plan!;
    if (answer === null) this.#gather(stream, bytes, start, end, last);
    else if (last || stream.receivedBytes > Limits.messageBytesMax) this.#answer(stream, answer);
  }

  cancelled(stream: CallStream): void {
    if (stream.tag !== 0) {
      if (stream.plan!.method === Method.Lock) this.#waiting--;
      this.#backend.cancel(stream.tag - 1, stream.id);
    }
    const call = stream.call;
    if (call === null) return;
    this.#halfReceived.settle(stream);
    call.message?.reset();
    if (call.undelivered !== null) this.#backend.releaseUndelivered(call.shard, call.undelivered);
    stream.call = null;
    if (call.service !== null) this.#services.cancelled(stream, call.service);
  }

  cancelledLate(streamId: number): void {
    this.#backend.cancelLate(streamId);
  }

  sent(stream: CallStream): void {
    const { call } = stream;
    if (call === null) return;
    this.#halfReceived.settle(stream);
    call.message?.reset();
    if (call.service !== null) this.#services.sent(stream);
    stream.call = null;
  }

  // ---- requests ---------------------------------------------------------------------------------------------

  #submit(stream: CallStream, deadlineMs: number, bytes: Buffer, start: number, end: number): void {
    const method = stream.plan!.method as Method;
    if (method === Method.Lock && this.#waiting >= Limits.waitersPerConnectionMax)
      return this.#refuse(stream, GrpcStatus.ResourceExhausted, TOO_MANY_WAIT);
    const shard = this.#backend.submit(method, stream.id, deadlineMs, bytes, start, end);
    if (shard < 0) {
      this.#pending = { stream, deadlineMs, bytes: Buffer.from(bytes.subarray(start, end)) };
      this.connection.pause();
      return;
    }
    stream.tag = shard + 1;
    if (method === Method.Lock) this.#waiting++;
  }

  /** The general case: messages in any number of pieces. */
  #gather(stream: CallStream, bytes: Buffer, start: number, end: number, last: boolean): void {
    stream.call ??= new GrpcCall(this.#nowMs + stream.plan!.timeoutMs);
    const { call } = stream;
    // The service has said its last word, which waits for window: what still comes is of no use.
    if (call.service?.ended === true) return;
    call.message ??= new IncomingMessage(this.#assembly);
    const { message } = call;
    let position = start;
    while (position < end) {
      if (call.service === null && message.isWhole)
        return this.#refuse(stream, GrpcStatus.Internal, 'more than one request message in a unary call');
      position = message.fill(bytes, position, end);
      if (position < 0) return this.#refuseMessage(stream, -position as MessageFault, message.announcedBytes);
      if (message.isWhole && call.service !== null) {
        const whole = Buffer.from(message.bytes);
        message.reset();
        call.service.listener.message(whole);
        if (call.service.ended) return;
      }
    }
    if (last || message.isEmpty) this.#halfReceived.settle(stream);
    else if (end > start) this.#halfReceived.hear(stream, this.#nowMs);
    if (last) this.#endOfRequest(stream, call, message);
  }

  #endOfRequest(stream: CallStream, call: GrpcCall, message: IncomingMessage): void {
    if (call.service !== null && message.isEmpty) return call.service.listener.halfClosed();
    if (call.service !== null || !message.isWhole) {
      const text = message.isEmpty ? 'request message missing' : 'request message incomplete';
      return this.#refuse(stream, GrpcStatus.Internal, text);
    }
    this.#submit(stream, call.deadlineMs, message.bytes, 0, message.bytes.length);
    message.reset();
    call.message = null;
  }

  // ---- answers ----------------------------------------------------------------------------------------------

  #answer(stream: CallStream, answer: HeadAnswer): void {
    this.#answers.add(answer.status);
    this.connection.sendHeaders(stream, answer.block, answer.body === null);
    if (answer.body !== null) this.connection.sendData(stream, answer.body, true);
  }

  #refuse(stream: CallStream, status: GrpcStatus, text: string): void {
    this.#answers.add(status);
    const service = stream.call?.service ?? null;
    if (service !== null) service.abort(status, text);
    else this.connection.sendHeaders(stream, trailersOnlyBlock(status, text), true);
  }

  #refuseMessage(stream: CallStream, fault: MessageFault, announcedBytes: number): void {
    if (fault === MessageFault.TooLong) {
      const text = `grpc: received message larger than max (${announcedBytes} vs. ${Limits.messageBytesMax})`;
      return this.#refuse(stream, GrpcStatus.ResourceExhausted, text);
    }
    if (fault === MessageFault.BudgetExceeded) {
      return this.#refuse(stream, GrpcStatus.ResourceExhausted, 'too many half-sent messages');
    }
    const text = 'grpc: compressed flag set with identity or empty encoding';
    this.#refuse(stream, GrpcStatus.Internal, text);
  }
}

function isWholeMessage(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < MESSAGE_PREFIX_BYTES || bytes[start] !== 0) return false;
  const length =
    (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!;
  return length === end - start - MESSAGE_PREFIX_BYTES;
}

/** The message in the DATA frame at `position`. */
function messageOf(bytes: Buffer, position: number, dataBytes: number): Buffer {
  return bytes.subarray(position + FRAME_HEADER_BYTES + MESSAGE_PREFIX_BYTES, position + dataBytes);
}
