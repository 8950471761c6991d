import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { type Stream, StreamState } from '../http2/stream.ts';
import type { CallPlan } from './call-plan.ts';
import { GrpcCall } from './grpc-call.ts';
import type { LdlmBackend } from './ldlm-backend.ts';
import { ServiceCall } from './service-call.ts';
import type { ServiceMethod } from './service-method.ts';

type CallStream = Stream<CallPlan, GrpcCall>;

/** The calls of one connection to services on the main thread, until their last byte is out. */
export class OpenServiceCalls {
  readonly #connection: Http2Connection<CallPlan, GrpcCall>;
  readonly #backend: LdlmBackend;
  #calls: Map<CallStream, ServiceCall> | null = null;

  constructor(connection: Http2Connection<CallPlan, GrpcCall>, backend: LdlmBackend) {
    this.#connection = connection;
    this.#backend = backend;
  }

  open(stream: CallStream, method: ServiceMethod, deadlineMs: number): ServiceCall {
    const service = new ServiceCall(this.#connection, stream, method, deadlineMs, this.#backend);
    // A service may say its last word within `start`.
    if (stream.state === StreamState.Closed) return service;
    stream.call = new GrpcCall(deadlineMs);
    stream.call.service = service;
    this.#calls ??= new Map();
    this.#calls.set(stream, service);
    return service;
  }

  /** Ends calls whose deadline has passed. */
  expire(nowMs: number): void {
    if (this.#calls === null) return;
    for (const service of this.#calls.values()) {
      if (service.deadlineMs <= nowMs)
        service.abort(GrpcStatus.DeadlineExceeded, 'context deadline exceeded');
    }
  }

  /** The reply of a call has gone out. */
  sent(stream: CallStream): void {
    this.#calls?.delete(stream);
  }

  /** The stream of a call is gone. */
  cancelled(stream: CallStream, service: ServiceCall): void {
    this.#calls?.delete(stream);
    if (!service.ended) service.listener.cancelled();
  }

  /** The connection is gone. */
  close(): void {
    const calls = this.#calls;
    this.#calls = null;
    if (calls === null) return;
    for (const service of calls.values()) if (!service.ended) service.listener.cancelled();
  }
}
