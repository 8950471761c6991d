import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { RequestHead } from '../http2/request-head.ts';
import { type Authorize, CallPlan, planCall, readTimeoutMs, refused } from './call-plan.ts';
import type { ServiceRegistry } from './service-method.ts';

/** Methods that a connection is likely to call; with more of them, the oldest is forgotten. */
const REMEMBERED_MAX = 8;

/**
 * Plans the requests of one connection. A call with a deadline has a header block of its own, because the time that
 * is left differs from call to call; all the rest is the same. So the last accepted head of each path is remembered,
 * and one that differs from it in nothing but its timeout is not judged anew: above all, the password is not hashed
 * for every call. The remembered credentials are those that this very peer has shown, so comparing them in plain
 * time tells it nothing.
 */
export class CallPlanner {
  readonly #services: ServiceRegistry;
  readonly #authorize: Authorize;
  /** None as long as the connection is idle. */
  #accepted: Map<string, RequestHead<CallPlan>> | null = null;

  constructor(services: ServiceRegistry, authorize: Authorize) {
    this.#services = services;
    this.#authorize = authorize;
  }

  /** The plan of a request; kept with its head. */
  plan(head: RequestHead<CallPlan>): CallPlan {
    head.plan ??= this.#planLikeBefore(head) ?? this.#planAnew(head);
    return head.plan;
  }

  #planLikeBefore(head: RequestHead<CallPlan>): CallPlan | null {
    const before = this.#accepted?.get(head.path);
    if (before === undefined || !isLike(head, before)) return null;
    const timeoutMs = readTimeoutMs(head.grpcTimeout);
    if (Number.isNaN(timeoutMs)) {
      return refused(GrpcStatus.Internal, `malformed grpc-timeout: ${head.grpcTimeout}`);
    }
    return new CallPlan(before.plan!.method, before.plan!.service, null, timeoutMs);
  }

  #planAnew(head: RequestHead<CallPlan>): CallPlan {
    const plan = planCall(head, this.#services, this.#authorize);
    if (plan.answer !== null) return plan;
    this.#accepted ??= new Map();
    const accepted = this.#accepted;
    accepted.delete(head.path);
    accepted.set(head.path, head);
    if (accepted.size > REMEMBERED_MAX) {
      for (const oldest of accepted.keys()) {
        accepted.delete(oldest);
        break;
      }
    }
    return plan;
  }
}

/** Whether two heads of one path differ in nothing that a plan depends on, but for the timeout. */
function isLike(head: RequestHead<CallPlan>, before: RequestHead<CallPlan>): boolean {
  return (
    head.authorization === before.authorization &&
    head.method === before.method &&
    head.contentType === before.contentType &&
    head.grpcEncoding === before.grpcEncoding &&
    !head.tooLarge
  );
}
