import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { CallListener, ServerCall, ServiceMethod } from '../../protocol/grpc/service-method.ts';
import { loadMethod, type MethodCoder } from './proto-files.ts';
import { SingleRequest } from './single-request.ts';
import { CallRefusal, unaryMethod } from './unary-method.ts';

interface HealthCheckRequest {
  readonly service: string;
}

interface HealthCheckResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';

type WatchCoder = MethodCoder<HealthCheckRequest, HealthCheckResponse>;

/**
 * The standard health service, `grpc.health.v1.Health`. All services of a listener, and the server as a whole, whose
 * name is empty, have one status: NOT_SERVING until the server says otherwise. Both methods need no password, since
 * load balancers and orchestrators have none.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class HealthService {
  /** Every Watch call in progress, with the reply that it was sent last. */
  readonly #watchers = new Map<ServerCall, Uint8Array>();
  readonly #coder: WatchCoder = loadMethod(WATCH);
  readonly #servingReply: Uint8Array;
  readonly #notServingReply: Uint8Array;
  readonly #unknownReply: Uint8Array;
  #serving = false;
  #closed = false;

  constructor() {
    const { responseSerialize } = this.#coder;
    this.#servingReply = responseSerialize({ status: 'SERVING' });
    this.#notServingReply = responseSerialize({ status: 'NOT_SERVING' });
    this.#unknownReply = responseSerialize({ status: 'SERVICE_UNKNOWN' });
  }

  /** The methods for a listener that has these services. */
  methodsFor(services: readonly string[]): readonly ServiceMethod[] {
    const known = new Set(['', ...services]);
    return [
      unaryMethod(CHECK, true, ({ service }: HealthCheckRequest) => this.#check(known.has(service))),
      { path: WATCH, open: true, start: (call) => this.#startWatch(call, known) },
    ];
  }

  /** The status of everything: whether Check answers SERVING. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Sets the status of everything, and tells the watchers if it is new. After `close` it stays NOT_SERVING. */
  setServing(serving: boolean): void {
    if (this.#closed || serving === this.#serving) return;
    this.#serving = serving;
    const reply = this.#currentReply();
    for (const [call, sent] of this.#watchers) {
      if (sent !== this.#unknownReply) this.#tell(call, reply);
    }
  }

  /**
   * Tells all watchers NOT_SERVING and ends their calls with UNAVAILABLE, which would otherwise keep their
   * connections open. Check goes on answering, with NOT_SERVING.
   */
  close(): void {
    if (this.#closed) return;
    this.setServing(false);
    this.#closed = true;
    for (const call of this.#watchers.keys()) endWatch(call);
    this.#watchers.clear();
  }

  #check(isKnown: boolean): HealthCheckResponse | CallRefusal {
    if (!isKnown) return new CallRefusal(GrpcStatus.NotFound, 'unknown service');
    return { status: this.#serving ? 'SERVING' : 'NOT_SERVING' };
  }

  #startWatch(call: ServerCall, known: ReadonlySet<string>): CallListener {
    return new SingleRequest(call, this.#coder.requestDeserialize, {
      requested: ({ service }) => this.#watch(call, known.has(service)),
      cancelled: () => this.#watchers.delete(call),
    });
  }

  #watch(call: ServerCall, isKnown: boolean): void {
    if (this.#watchers.size >= Limits.healthWatchersMax) {
      const text = `more than ${Limits.healthWatchersMax} calls watch the server's health`;
      return call.end(GrpcStatus.ResourceExhausted, text);
    }
    this.#tell(call, isKnown ? this.#currentReply() : this.#unknownReply);
    if (!this.#closed) return;
    this.#watchers.delete(call);
    endWatch(call);
  }

  #tell(call: ServerCall, reply: Uint8Array): void {
    this.#watchers.set(call, reply);
    call.send(reply);
  }

  #currentReply(): Uint8Array {
    return this.#serving ? this.#servingReply : this.#notServingReply;
  }
}

function endWatch(call: ServerCall): void {
  call.end(GrpcStatus.Unavailable, 'the server is shutting down');
}
