import { beforeEach, describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { loadMethod } from '../../../src/server/services/proto-files.ts';
import { SingleRequest } from '../../../src/server/services/single-request.ts';
import { clientCoder } from './client-coder.ts';
import { RecordedCall } from './recorded-call.ts';

const coder = clientCoder('grpc/health/v1/health.proto', 'grpc.health.v1.Health', 'Check');
const { requestDeserialize } = loadMethod('/grpc.health.v1.Health/Check');
const request = coder.requestSerialize({ service: 'a' });

let call: RecordedCall;
let heard: object[];
let listener: SingleRequest<object>;

beforeEach(() => {
  call = new RecordedCall();
  heard = [];
  listener = new SingleRequest(call, requestDeserialize, {
    requested: (message) => heard.push(message),
    cancelled: () => heard.push({ cancelled: true }),
  });
});

function expectRefused(text: string): void {
  listener.message(request);
  listener.halfClosed();
  expect([heard, call.status, call.text]).toEqual([[], GrpcStatus.Internal, text]);
}

describe('SingleRequest', () => {
  it('hands over the request once no other can follow', () => {
    listener.message(request);
    expect(heard).toEqual([]);
    listener.halfClosed();
    expect([heard, call.status]).toEqual([[{ service: 'a' }], null]);
  });

  it('takes an empty message for a request with defaults', () => {
    listener.message(Buffer.alloc(0));
    listener.halfClosed();
    expect(heard).toEqual([{ service: '' }]);
  });

  it('refuses a call without a request', () => {
    listener.halfClosed();
    expectRefused('request message missing');
  });

  it('refuses a second request', () => {
    listener.message(request);
    listener.message(request);
    expectRefused('more than one request message in a unary call');
  });

  it('refuses a malformed request', () => {
    listener.message(Buffer.from([0x0a, 0xff]));
    listener.halfClosed();
    expectRefused('request message malformed');
  });

  it('refuses a request of groups in groups without end', () => {
    listener.message(Buffer.alloc(4 * 1024 * 1024, 0x13));
    listener.halfClosed();
    expectRefused('request message malformed');
  });

  it('tells that the caller is gone, and hears nothing after', () => {
    listener.cancelled();
    listener.message(request);
    listener.halfClosed();
    expect([heard, call.status]).toEqual([[{ cancelled: true }], null]);
  });
});
