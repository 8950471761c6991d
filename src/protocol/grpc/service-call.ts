import type { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { type Stream, StreamState } from '../http2/stream.ts';
import type { CallPlan } from './call-plan.ts';
import type { GrpcCall } from './grpc-call.ts';
import type { LdlmBackend } from './ldlm-backend.ts';
import { prefixMessage, REPLY_HEADER_BLOCK, trailerBlock, trailersOnlyBlock } from './reply-frames.ts';
import type { CallListener, ServerCall, ServiceMethod } from './service-method.ts';

/** One call of a service that runs on the main thread, tied to its stream. */
export class ServiceCall implements ServerCall {
  readonly deadlineMs: number;
  readonly listener: CallListener;
  readonly #connection: Http2Connection<CallPlan, GrpcCall>;
  readonly #stream: Stream<CallPlan, GrpcCall>;
  readonly #backend: LdlmBackend;
  #headersSent = false;
  #ended = false;

  constructor(
    connection: Http2Connection<CallPlan, GrpcCall>,
    stream: Stream<CallPlan, GrpcCall>,
    method: ServiceMethod,
    deadlineMs: number,
    backend: LdlmBackend,
  ) {
    this.#backend = backend;
    this.#connection = connection;
    this.#stream = stream;
    this.deadlineMs = deadlineMs;
    this.listener = method.start(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get backlogBytes(): number {
    return this.#connection.queuedBytes + this.#backend.unwrittenBytes;
  }

  send(message: Uint8Array): void {
    if (this.#isOver()) return;
    if (!this.#headersSent) this.#connection.sendHeaders(this.#stream, REPLY_HEADER_BLOCK, false);
    this.#headersSent = true;
    this.#connection.sendData(this.#stream, prefixMessage(message), false);
    this.#backend.wrote();
  }

  end(status: GrpcStatus, text = ''): void {
    if (this.#isOver()) return;
    this.#ended = true;
    const block = this.#headersSent ? trailerBlock(status, text) : trailersOnlyBlock(status, text);
    this.#connection.sendHeaders(this.#stream, block, true);
    this.#backend.wrote();
  }

  /** Ends the call for a reason that the service does not know: its deadline, or a fault of the request. */
  abort(status: GrpcStatus, text: string): void {
    if (this.#ended) return;
    this.end(status, text);
    this.listener.cancelled();
  }

  #isOver(): boolean {
    return this.#ended || this.#stream.state === StreamState.Closed;
  }
}
