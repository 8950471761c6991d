import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Method } from '../../contract/method.ts';
import { Http2Connection } from '../http2/connection.ts';
import { FRAME_HEADER_BYTES } from '../http2/frame.ts';
import type { Output } from '../http2/output.ts';
import type { Stream } from '../http2/stream.ts';
import type { StreamHandler } from '../http2/stream-handler.ts';
import { type Authorize, type CallPlan, type HeadAnswer, planCall } from './call-plan.ts';
import { GrpcCall } from './grpc-call.ts';
import { AssemblyBudget, IncomingMessage, MessageFault } from './incoming-message.ts';
import type { LdlmBackend } from './ldlm-backend.ts';
import { SPOKEN_HERE_HTTP1 } from './plain-answer.ts';
import { MESSAGE_PREFIX_BYTES, trailersOnlyBlock } from './reply-frames.ts';
import { ServiceCall } from './service-call.ts';
import type { ServiceRegistry } from './service-method.ts';

type CallStream = Stream<CallPlan, GrpcCall>;

/** What all connections of a server share. */
export interface GrpcContext {
  readonly services: ServiceRegistry;
  readonly authorize: Authorize;
  readonly assembly: AssemblyBudget;
}

/** A request that found no room in its shard's ring. */
interface PendingRequest {
  readonly stream: CallStream;
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
  readonly #context: GrpcContext;
  readonly #backend: LdlmBackend;
  readonly #assembly: AssemblyBudget;
  #pending: PendingRequest | null = null;
  #serviceCalls: Set<CallStream> | null = null;
  #nowMs: number;
  /** Lock calls that were submitted and not yet answered. */
  #waiting = 0;

  constructor(context: GrpcContext, backend: LdlmBackend, output: Output, nowMs: number) {
    this.#context = context;
    this.#backend = backend;
    this.#assembly = new AssemblyBudget(Limits.connectionAssemblyBytesMax, context.assembly);
    this.#nowMs = nowMs;
    this.connection = new Http2Connection(this, output, nowMs);
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
    if (pending !== null) this.#submit(pending.stream, pending.bytes, 0, pending.bytes.length);
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
    if (stream.head.plan!.method === Method.Lock) this.#waiting--;
    stream.tag = 0;
    const sent = this.connection.sendReply(stream, bytes, offset, headersBytes, dataBytes, trailersBytes);
    if (sent || !granted) return;
    stream.call ??= new GrpcCall();
    stream.call.shard = shard;
    stream.call.undelivered = Buffer.from(messageOf(bytes, offset + headersBytes, dataBytes));
  }

  /** Answers every call in flight with UNAVAILABLE: nobody is left who could decide it. */
  failAll(text: string): void {
    this.#pending = null;
    for (const stream of this.connection.listStreams()) {
      stream.tag = 0;
      this.#refuse(stream, GrpcStatus.Unavailable, text);
    }
  }

  /** Ends calls of services whose deadline has passed. Those of `ldlm.LDLM` are ended by their shard. */
  expireServiceCalls(nowMs: number): void {
    if (this.#serviceCalls === null) return;
    for (const stream of this.#serviceCalls) {
      const service = stream.call?.service;
      if (service === undefined || service === null || service.deadlineMs > nowMs) continue;
      this.#serviceCalls.delete(stream);
      service.expire();
    }
  }

  /** The connection is gone: services forget its calls. What it held is released by the end of its session. */
  close(): void {
    this.#pending = null;
    if (this.#serviceCalls !== null) {
      for (const stream of this.#serviceCalls) stream.call?.service?.listener.cancelled();
      this.#serviceCalls = null;
    }
    this.#assembly.close();
  }

  // ---- what the connection tells ----------------------------------------------------------------------------

  opened(stream: CallStream, end: boolean): void {
    stream.head.plan ??= planCall(stream.head, this.#context.services, this.#context.authorize);
    const plan = stream.head.plan;
    if (plan.answer !== null) return this.#answer(stream, plan.answer);
    if (plan.service !== null) {
      this.#openService(stream, plan);
      if (end) stream.call?.service?.listener.halfClosed();
      return;
    }
    if (end) return this.#refuse(stream, GrpcStatus.Internal, 'request message missing');
    if (plan.method === Method.Lock && this.#waiting >= Limits.waitersPerConnectionMax) {
      const text = `more than ${Limits.waitersPerConnectionMax} calls of this connection wait for locks`;
      this.#refuse(stream, GrpcStatus.ResourceExhausted, text);
    }
  }

  received(stream: CallStream, bytes: Buffer, start: number, end: number, last: boolean): void {
    // The usual request: one whole message in one frame that also ends the stream.
    if (last && stream.call === null && stream.head.plan!.method !== 0 && isWholeMessage(bytes, start, end)) {
      this.#submit(stream, bytes, start + MESSAGE_PREFIX_BYTES, end);
      return;
    }
    this.#gather(stream, bytes, start, end, last);
  }

  cancelled(stream: CallStream): void {
    if (stream.tag !== 0) {
      if (stream.head.plan!.method === Method.Lock) this.#waiting--;
      this.#backend.cancel(stream.tag - 1, stream.id);
    }
    const call = stream.call;
    if (call === null) return;
    call.message?.reset();
    if (call.undelivered !== null) this.#backend.releaseUndelivered(call.shard, call.undelivered);
    if (call.service !== null) {
      this.#serviceCalls?.delete(stream);
      call.service.listener.cancelled();
    }
    stream.call = null;
  }

  sent(stream: CallStream): void {
    this.#serviceCalls?.delete(stream);
    stream.call?.message?.reset();
    stream.call = null;
  }

  // ---- requests ---------------------------------------------------------------------------------------------

  #submit(stream: CallStream, bytes: Buffer, start: number, end: number): void {
    const { method, timeoutMs } = stream.head.plan!;
    const shard = this.#backend.submit(
      method as Method,
      stream.id,
      this.#nowMs + timeoutMs,
      bytes,
      start,
      end,
    );
    if (shard < 0) {
      this.#pending = { stream, bytes: Buffer.from(bytes.subarray(start, end)) };
      this.connection.pause();
      return;
    }
    stream.tag = shard + 1;
    if (method === Method.Lock) this.#waiting++;
  }

  /** The general case: messages in any number of pieces. */
  #gather(stream: CallStream, bytes: Buffer, start: number, end: number, last: boolean): void {
    stream.call ??= new GrpcCall();
    const call = stream.call;
    call.message ??= new IncomingMessage(this.#assembly);
    let position = start;
    while (position < end) {
      if (call.service === null && call.message.isWhole) {
        return this.#refuse(stream, GrpcStatus.Internal, 'more than one request message in a unary call');
      }
      position = call.message.fill(bytes, position, end);
      if (position < 0)
        return this.#refuseMessage(stream, -position as MessageFault, call.message.announcedBytes);
      if (call.message.isWhole && call.service !== null) {
        const message = Buffer.from(call.message.bytes);
        call.message.reset();
        call.service.listener.message(message);
        if (call.service.ended) return;
      }
    }
    if (last) this.#endOfRequest(stream, call, call.message);
  }

  #endOfRequest(stream: CallStream, call: GrpcCall, message: IncomingMessage): void {
    if (call.service !== null && message.isEmpty) return call.service.listener.halfClosed();
    if (call.service !== null || !message.isWhole) {
      const text = message.isEmpty ? 'request message missing' : 'request message incomplete';
      return this.#refuse(stream, GrpcStatus.Internal, text);
    }
    this.#submit(stream, message.bytes, 0, message.bytes.length);
    message.reset();
    call.message = null;
  }

  #openService(stream: CallStream, plan: CallPlan): void {
    stream.call = new GrpcCall();
    this.#serviceCalls ??= new Set();
    this.#serviceCalls.add(stream);
    const deadlineMs = this.#nowMs + plan.timeoutMs;
    const service = new ServiceCall(this.connection, stream, plan.service!, deadlineMs, this.#backend);
    stream.call.service = service;
  }

  // ---- answers ----------------------------------------------------------------------------------------------

  #answer(stream: CallStream, answer: HeadAnswer): void {
    this.connection.sendHeaders(stream, answer.block, answer.body === null);
    if (answer.body !== null) this.connection.sendData(stream, answer.body, true);
  }

  #refuse(stream: CallStream, status: GrpcStatus, text: string): void {
    this.connection.sendHeaders(stream, trailersOnlyBlock(status, text), true);
  }

  #refuseMessage(stream: CallStream, fault: MessageFault, announcedBytes: number): void {
    if (fault === MessageFault.TooLong) {
      const text = `grpc: received message larger than max (${announcedBytes} vs. ${Limits.messageBytesMax})`;
      return this.#refuse(stream, GrpcStatus.ResourceExhausted, text);
    }
    if (fault === MessageFault.BudgetExceeded) {
      return this.#refuse(stream, GrpcStatus.ResourceExhausted, 'too many half-sent messages');
    }
    this.#refuse(stream, GrpcStatus.Internal, 'compressed message without grpc-encoding');
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
