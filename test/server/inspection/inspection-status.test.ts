import { expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { inspectionStatus } from '../../../src/server/inspection/inspection-status.ts';
import * as inspector from '../../../src/server/inspection/inspector.ts';
import { ConnectionLossError, SessionExpiredError } from '../../../src/zookeeper/zookeeper-error.ts';

it.each([
  [new inspector.PageTokenError(), GrpcStatus.InvalidArgument],
  [new inspector.NameTooLongError(), GrpcStatus.InvalidArgument],
  [new inspector.TooManyWatchesError(1), GrpcStatus.ResourceExhausted],
  [new inspector.TooManyInspectionsError(1), GrpcStatus.ResourceExhausted],
  [new inspector.InspectionEndedError(), GrpcStatus.Unavailable],
  [new inspector.StateSuspendedError(), GrpcStatus.Unavailable],
  [new inspector.ClusterUnreachableError(), GrpcStatus.Unavailable],
  [new ConnectionLossError('/locks'), GrpcStatus.Unavailable],
  [new SessionExpiredError('/locks'), GrpcStatus.Unavailable],
  [new inspector.UnlockInterruptedError(3, new Error('x')), GrpcStatus.Unavailable],
  [new Error('anything else'), GrpcStatus.Internal],
])('%s has a status of its own', (error, status) => {
  expect(inspectionStatus(error)).toBe(status);
});

it('knows every error that an inspector declares', () => {
  const declared = Object.values(inspector).filter(
    (value) => typeof value === 'function' && value.prototype instanceof Error,
  );
  expect(declared).toHaveLength(8);
});
