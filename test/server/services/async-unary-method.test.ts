import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { asyncUnaryMethod } from '../../../src/server/services/async-unary-method.ts';
import { ProtoFilesError } from '../../../src/server/services/proto-files.ts';
import { CallRefusal } from '../../../src/server/services/unary-method.ts';
import { clientCoder } from './client-coder.ts';
import { callWith, RecordedCall } from './recorded-call.ts';

const path = '/grpc.health.v1.Health/Check';
const coder = clientCoder<{ service: string }, { status: string }>(
  'grpc/health/v1/health.proto',
  'grpc.health.v1.Health',
  'Check',
);
const request = coder.requestSerialize({ service: 'x' });
const refuse = (error: unknown) => new CallRefusal(GrpcStatus.Aborted, String(error));

const echo = asyncUnaryMethod(
  path,
  async ({ service }: { service: string }) => {
    if (service !== 'x') throw new Error(`no ${service}`);
    return [{ status: 'SERVING' }];
  },
  refuse,
);

describe('asyncUnaryMethod', () => {
  it('says under which path, and needs the password', () => {
    expect([echo.path, echo.open]).toEqual([path, false]);
  });

  it('answers with the reply and OK, later', async () => {
    const call = callWith(echo, request);
    expect(call.status).toBeNull();
    await vi.waitUntil(() => call.status !== null);
    expect(call.sent.map((bytes) => coder.responseDeserialize(Buffer.from(bytes)))).toEqual([
      { status: 'SERVING' },
    ]);
    expect(call.status).toBe(GrpcStatus.Ok);
  });

  it('joins the parts of a reply, and lets others have their turn in between', async () => {
    let turns = 0;
    const timer = setInterval(() => {}, 1);
    const count = (): void => {
      turns++;
      if (turns < 100) setImmediate(count);
    };
    setImmediate(count);
    const seen: number[] = [];
    async function* parts() {
      for (const status of ['NOT_SERVING', 'UNKNOWN', 'SERVING']) {
        await nextTurn();
        seen.push(turns);
        yield { status };
      }
    }
    const call = callWith(
      asyncUnaryMethod(path, async () => parts(), refuse),
      request,
    );
    await vi.waitUntil(() => call.status !== null);
    clearInterval(timer);
    expect(coder.responseDeserialize(Buffer.from(call.sent[0]!))).toEqual({ status: 'SERVING' });
    expect(call.sent.length).toBe(1);
    expect(seen[1]).toBeGreaterThan(seen[0]!);
    expect(seen[2]).toBeGreaterThan(seen[1]!);
  });

  it('ends with the status that stands for what went wrong', async () => {
    const call = callWith(echo, coder.requestSerialize({ service: 'other' }));
    await vi.waitUntil(() => call.status !== null);
    expect([call.sent, call.status, call.text]).toEqual([[], GrpcStatus.Aborted, 'Error: no other']);
  });

  it('does the same when a reply cannot be put into bytes, or the handler throws at once', async () => {
    const throwing = asyncUnaryMethod(
      path,
      () => {
        throw new Error('at once');
      },
      refuse,
    );
    const impossible = asyncUnaryMethod(path, () => Promise.resolve([null as unknown as object]), refuse);
    for (const method of [throwing, impossible]) {
      const call = callWith(method, request);
      await vi.waitUntil(() => call.status !== null);
      expect([call.sent, call.status]).toEqual([[], GrpcStatus.Aborted]);
    }
  });

  it('takes a caller that goes away before the request or before the reply', async () => {
    const call = new RecordedCall();
    const listener = echo.start(call);
    listener.message(request);
    listener.halfClosed();
    listener.cancelled();
    // As the front end does with a call that is gone.
    call.status = GrpcStatus.Cancelled;
    await new Promise((resolve) => setImmediate(resolve));
    expect([call.sent, call.text]).toEqual([[], undefined]);
  });

  it('refuses a path that no .proto file declares', () => {
    expect(() => asyncUnaryMethod('/ldlm.Guess/Check', async () => [], refuse)).toThrow(ProtoFilesError);
  });
});
