import { GrpcStatus } from '../contract/grpc-status.ts';
import { isTlsFailure } from './tls-failures.ts';
import type { FailureKind } from './transport.ts';

const KINDS: ReadonlyMap<number, FailureKind> = new Map([
  [GrpcStatus.Unavailable, 'unavailable'],
  [GrpcStatus.DeadlineExceeded, 'unanswered'],
  [GrpcStatus.Unauthenticated, 'unauthenticated'],
  [GrpcStatus.Cancelled, 'aborted'],
]);

/** What @grpc/grpc-js says, with INTERNAL, of a socket that failed otherwise than by ECONNRESET or ETIMEDOUT. */
const SOCKET_FAILURE = /triggered by internal client error: (?:read|write) E[A-Z]+/;

/**
 * What a gRPC status says about a call, over whichever transport it came.
 *
 * @param message tells a connection that is gone by EPIPE, EHOSTUNREACH and the like from what the server answers
 */
export function failureKindOf(status: number, message: string): FailureKind {
  if (status === GrpcStatus.Unavailable && isTlsFailure(message)) return 'insecure';
  if (status === GrpcStatus.Internal && SOCKET_FAILURE.test(message)) return 'unavailable';
  return KINDS.get(status) ?? 'refused';
}
