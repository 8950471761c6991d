import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';

describe('AnswerCounts', () => {
  it('counts each status for itself, and what is not gRPC beside them', () => {
    const counts = new AnswerCounts();
    const statuses = [...Object.values(GrpcStatus), null];
    for (const [times, status] of statuses.entries()) {
      for (let i = 0; i < times; i++) counts.add(status);
    }
    expect(statuses.map((status) => counts.of(status))).toEqual(statuses.map((_, times) => times));
  });
});
