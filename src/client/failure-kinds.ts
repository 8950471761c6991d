import { GrpcStatus } from '../contract/grpc-status.ts';
import type { FailureKind } from './transport.ts';

const KINDS: ReadonlyMap<number, FailureKind> = new Map([
  [GrpcStatus.Unavailable, 'unavailable'],
  [GrpcStatus.DeadlineExceeded, 'unanswered'],
  [GrpcStatus.Unauthenticated, 'unauthenticated'],
  [GrpcStatus.Cancelled, 'aborted'],
]);

/** What a gRPC status says about a call, over whichever transport it came. */
export function failureKindOf(status: number): FailureKind {
  return KINDS.get(status) ?? 'refused';
}
