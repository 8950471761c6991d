import { GrpcStatus } from '../../contract/grpc-status.ts';

/** The HTTP status that stands for a gRPC status. Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const httpStatuses: Record<GrpcStatus, number> = {
  [GrpcStatus.Ok]: 200,
  [GrpcStatus.Cancelled]: 499,
  [GrpcStatus.Unknown]: 500,
  [GrpcStatus.InvalidArgument]: 400,
  [GrpcStatus.DeadlineExceeded]: 504,
  [GrpcStatus.NotFound]: 404,
  [GrpcStatus.AlreadyExists]: 409,
  [GrpcStatus.PermissionDenied]: 403,
  [GrpcStatus.ResourceExhausted]: 429,
  [GrpcStatus.FailedPrecondition]: 400,
  [GrpcStatus.Aborted]: 409,
  [GrpcStatus.OutOfRange]: 400,
  [GrpcStatus.Unimplemented]: 501,
  [GrpcStatus.Internal]: 500,
  [GrpcStatus.Unavailable]: 503,
  [GrpcStatus.DataLoss]: 500,
  [GrpcStatus.Unauthenticated]: 401,
};

export function httpStatusOf(status: GrpcStatus): number {
  return httpStatuses[status];
}

/** The body of an answer that is no reply to a lock operation, in the form of LDLM's gateway. */
export function statusJson(status: GrpcStatus, message: string): string {
  return `{"code":${status},"message":${JSON.stringify(message)},"details":[]}`;
}
