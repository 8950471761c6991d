import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { CallListener, ServerCall } from '../../protocol/grpc/service-method.ts';

/** What becomes of the one request of a call. */
export interface SingleRequestHandler<Request> {
  requested(request: Request): void;
  /** The caller is gone. It may come before or after the request, and after the call was ended. */
  cancelled(): void;
}

/**
 * Listens to a call that has exactly one request message, as unary and server-streaming methods do. The handler gets
 * it once the client has said that no other follows; a call without one, or with more, is ended with INTERNAL.
 */
export class SingleRequest<Request> implements CallListener {
  readonly #call: ServerCall;
  readonly #decode: (bytes: Buffer) => Request;
  readonly #handler: SingleRequestHandler<Request>;
  #bytes: Buffer | null = null;
  #done = false;

  constructor(call: ServerCall, decode: (bytes: Buffer) => Request, handler: SingleRequestHandler<Request>) {
    this.#call = call;
    this.#decode = decode;
    this.#handler = handler;
  }

  message(bytes: Buffer): void {
    if (this.#done) return;
    if (this.#bytes !== null) return this.#refuse('more than one request message in a unary call');
    this.#bytes = bytes;
  }

  halfClosed(): void {
    if (this.#done) return;
    if (this.#bytes === null) return this.#refuse('request message missing');
    let request: Request;
    try {
      request = this.#decode(this.#bytes);
    } catch {
      return this.#refuse('request message malformed');
    }
    this.#done = true;
    this.#bytes = null;
    this.#handler.requested(request);
  }

  cancelled(): void {
    this.#done = true;
    this.#bytes = null;
    this.#handler.cancelled();
  }

  #refuse(text: string): void {
    this.#done = true;
    this.#bytes = null;
    this.#call.end(GrpcStatus.Internal, text);
  }
}
