import { describe, expect, it } from 'vitest';
import { failureKindOf } from '../../src/client/failure-kinds.ts';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';

const kinds: [keyof typeof GrpcStatus, string][] = [
  ['Unavailable', 'unavailable'],
  ['DeadlineExceeded', 'unanswered'],
  ['Unauthenticated', 'unauthenticated'],
  ['Cancelled', 'aborted'],
];
const others = Object.keys(GrpcStatus).filter((name) => !kinds.some(([known]) => known === name));

describe('the kind of a failure', () => {
  it.each(kinds)('with the status %s is %s', (name, kind) => {
    expect(failureKindOf(GrpcStatus[name])).toBe(kind);
  });

  it.each(others as (keyof typeof GrpcStatus)[])('with the status %s is refused, for good', (name) => {
    expect(failureKindOf(GrpcStatus[name])).toBe('refused');
  });

  it.each([17, -1, 1.5, Number.NaN])('with %d, which is no status, is refused as well', (status) => {
    expect(failureKindOf(status)).toBe('refused');
  });
});
