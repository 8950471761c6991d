import { GrpcStatus } from '../../contract/grpc-status.ts';
import { isSessionOver, isUnanswered } from '../../zookeeper/locks/node-removal.ts';
import {
  ClusterUnreachableError,
  InspectionEndedError,
  NameTooLongError,
  PageTokenError,
  StateSuspendedError,
  TooManyInspectionsError,
  TooManyWatchesError,
  UnlockInterruptedError,
} from './inspector.ts';

/** The status that stands for what an {@link Inspector} rejects with, whatever the door. */
export function inspectionStatus(error: unknown): Exclude<GrpcStatus, typeof GrpcStatus.Ok> {
  if (error instanceof PageTokenError || error instanceof NameTooLongError) return GrpcStatus.InvalidArgument;
  if (error instanceof TooManyWatchesError || error instanceof TooManyInspectionsError)
    return GrpcStatus.ResourceExhausted;
  const isPassing =
    error instanceof ClusterUnreachableError ||
    isUnanswered(error) ||
    isSessionOver(error) ||
    error instanceof InspectionEndedError ||
    error instanceof StateSuspendedError ||
    error instanceof UnlockInterruptedError;
  return isPassing ? GrpcStatus.Unavailable : GrpcStatus.Internal;
}
