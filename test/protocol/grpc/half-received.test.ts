import { expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { CallPlan } from '../../../src/protocol/grpc/call-plan.ts';
import type { GrpcCall } from '../../../src/protocol/grpc/grpc-call.ts';
import { HalfReceived } from '../../../src/protocol/grpc/half-received.ts';
import { Stream } from '../../../src/protocol/http2/stream.ts';

it('gives out what was silent for too long, the longest silent first, each once', () => {
  const half = new HalfReceived();
  expect(half.takeSilent(1e9)).toBeNull();
  const [a, b, c, d] = [1, 3, 5, 7].map((id) => new Stream<CallPlan, GrpcCall>(id, -1));
  half.hear(a!, 0);
  half.hear(b!, 1);
  half.hear(c!, 2);
  half.hear(d!, 3);
  half.hear(a!, 4);
  half.settle(c!);
  expect(half.takeSilent(Limits.halfReceivedMsMax)).toBeNull();
  expect(half.takeSilent(Limits.halfReceivedMsMax + 1)).toBe(b);
  expect(half.takeSilent(Limits.halfReceivedMsMax + 1)).toBeNull();
  const rest = [1, 2, 3].map(() => half.takeSilent(Limits.halfReceivedMsMax + 4));
  expect(rest).toEqual([d, a, null]);
});
