import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { ProtoFilesError } from '../../../src/server/services/proto-files.ts';
import { CallRefusal, unaryMethod } from '../../../src/server/services/unary-method.ts';
import { clientCoder } from './client-coder.ts';
import { callWith, RecordedCall } from './recorded-call.ts';

const path = '/grpc.health.v1.Health/Check';
const coder = clientCoder<{ service: string }, { status: string }>(
  'grpc/health/v1/health.proto',
  'grpc.health.v1.Health',
  'Check',
);
const request = coder.requestSerialize({ service: 'ldlm.LDLM' });

const echo = unaryMethod(path, false, ({ service }: { service: string }) =>
  service === 'ldlm.LDLM' ? { status: 'SERVING' } : new CallRefusal(GrpcStatus.NotFound, `no ${service}`),
);

describe('unaryMethod', () => {
  it('says under which path, and whether it is open', () => {
    expect([echo.path, echo.open]).toEqual([path, false]);
    expect(unaryMethod(path, true, () => ({})).open).toBe(true);
  });

  it('answers with the reply and OK', () => {
    const call = callWith(echo, request);
    expect(call.sent.map((bytes) => coder.responseDeserialize(Buffer.from(bytes)))).toEqual([
      { status: 'SERVING' },
    ]);
    expect(call.status).toBe(GrpcStatus.Ok);
  });

  it('answers with the status of a refusal', () => {
    const call = callWith(echo, coder.requestSerialize({ service: 'other' }));
    expect([call.sent, call.status, call.text]).toEqual([[], GrpcStatus.NotFound, 'no other']);
  });

  it('refuses a path that no .proto file declares', () => {
    expect(() => unaryMethod('/grpc.health.v1.Health/Guess', true, () => ({}))).toThrow(ProtoFilesError);
    expect(() => unaryMethod('/ldlm.Guess/Check', true, () => ({}))).toThrow(ProtoFilesError);
    expect(() => unaryMethod('/ldlm.LockMode/Check', true, () => ({}))).toThrow(ProtoFilesError);
  });

  it('takes a caller that goes away at any moment', () => {
    const call = new RecordedCall();
    const listener = echo.start(call);
    listener.message(request);
    listener.cancelled();
    listener.halfClosed();
    listener.cancelled();
    expect([call.sent, call.status]).toEqual([[], null]);
  });
});
