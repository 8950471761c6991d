import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { httpStatusOf, statusJson } from '../../../src/protocol/rest/status-json.ts';

describe('a gRPC status over HTTP', () => {
  it.each([
    ['InvalidArgument', 400],
    ['NotFound', 404],
    ['Aborted', 409],
    ['ResourceExhausted', 429],
    ['Internal', 500],
    ['Unimplemented', 501],
    ['Unavailable', 503],
    ['DeadlineExceeded', 504],
  ] as const)('%s is %i', (name, status) => {
    expect(httpStatusOf(GrpcStatus[name])).toBe(status);
  });

  it.each(Object.values(GrpcStatus))('%i has a status of HTTP', (status) => {
    expect(httpStatusOf(status)).toBeGreaterThanOrEqual(200);
  });

  it('has a body of the gateway', () => {
    expect(statusJson(GrpcStatus.InvalidArgument, 'a "b"')).toBe(
      '{"code":3,"message":"a \\"b\\"","details":[]}',
    );
  });
});
