import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Method } from '../../contract/method.ts';
import { encodeHeaderBlock } from '../hpack/encoder.ts';
import type { RequestHead } from '../http2/request-head.ts';
import { isGrpcContentType } from './content-type.ts';
import { SPOKEN_HERE, SPOKEN_HERE_BLOCK } from './plain-answer.ts';
import { statusFields, trailersOnlyBlock } from './reply-frames.ts';
import type { ServiceMethod, ServiceRegistry } from './service-method.ts';
import { parseGrpcTimeoutMs } from './timeout.ts';

/** Decides whether a caller may call: null for yes, else what UNAUTHENTICATED says. */
export type Authorize = (authorization: string | null) => string | null;

/** An answer that needs no look at the body: a header block, and text behind it or none. */
export interface HeadAnswer {
  /** What it tells a gRPC client; null when the request is none of gRPC. */
  readonly status: GrpcStatus | null;
  readonly block: Uint8Array;
  readonly body: Uint8Array | null;
  /**
   * The answer waits for the end of the request, so that a malformed one is found to be so first. That is for
   * requests that are not gRPC: a gRPC client may wait for the status before it sends anything more.
   */
  readonly afterRequest: boolean;
}

/** What is to be done with a request, as far as its head decides it. Equal header blocks share one plan. */
export class CallPlan {
  /** The method of `ldlm.LDLM`, or 0. */
  readonly method: Method | 0;
  readonly service: ServiceMethod | null;
  /** The request is answered at once. */
  readonly answer: HeadAnswer | null;
  /** `grpc-timeout` in milliseconds, Infinity without one. */
  readonly timeoutMs: number;

  constructor(
    method: Method | 0,
    service: ServiceMethod | null,
    answer: HeadAnswer | null,
    timeoutMs: number,
  ) {
    this.method = method;
    this.service = service;
    this.answer = answer;
    this.timeoutMs = timeoutMs;
  }
}

const METHOD_NOT_ALLOWED_BLOCK = encodeHeaderBlock([
  [':status', '405'],
  ['allow', 'POST'],
]);

const TOO_LARGE_BLOCK = encodeHeaderBlock([[':status', '431']]);

const LDLM_SERVICE = 'ldlm.LDLM';

const LDLM_METHODS: ReadonlyMap<string, Method> = new Map([
  ['/ldlm.LDLM/Lock', Method.Lock],
  ['/ldlm.LDLM/TryLock', Method.TryLock],
  ['/ldlm.LDLM/Unlock', Method.Unlock],
  ['/ldlm.LDLM/Renew', Method.Renew],
  ['/ldlm.LDLM/RefreshLock', Method.Renew],
]);

/** Works out the plan of a request. The order: is it gRPC at all, may this caller call, does the method exist, can we read it. */
export function planCall(
  head: RequestHead<CallPlan>,
  services: ServiceRegistry,
  authorize: Authorize,
): CallPlan {
  const answer = answerForeign(head);
  if (answer !== null) return answered(answer);
  const method = LDLM_METHODS.get(head.path) ?? 0;
  const service = method === 0 ? services.find(head.path) : null;
  const denial = service?.open === true ? null : authorize(head.authorization);
  if (denial !== null) return refused(GrpcStatus.Unauthenticated, denial);
  const elsewhere = services.whereElse(serviceNameOf(head.path));
  if (elsewhere !== null) return refused(GrpcStatus.Unimplemented, elsewhere);
  if (method === 0 && service === null)
    return refused(GrpcStatus.Unimplemented, describeUnknown(head.path, services));
  if (head.grpcEncoding !== '' && head.grpcEncoding !== 'identity')
    return answered(refuseEncoding(head.grpcEncoding));
  const timeoutMs = readTimeoutMs(head.grpcTimeout);
  if (Number.isNaN(timeoutMs))
    return refused(GrpcStatus.Internal, `malformed grpc-timeout: ${head.grpcTimeout}`);
  return new CallPlan(method, service, null, timeoutMs);
}

/** `grpc-timeout` in milliseconds: Infinity for an absent one, NaN for one that is malformed. */
export function readTimeoutMs(grpcTimeout: string): number {
  return grpcTimeout === '' ? Number.POSITIVE_INFINITY : parseGrpcTimeoutMs(grpcTimeout);
}

/** The plan of a request that is refused with a gRPC status, whatever its body is. */
export function refused(status: GrpcStatus, text: string): CallPlan {
  return answered({ status, block: trailersOnlyBlock(status, text), body: null, afterRequest: false });
}

function answered(answer: HeadAnswer): CallPlan {
  return new CallPlan(0, null, answer, Number.POSITIVE_INFINITY);
}

/** What a request gets that is not gRPC; null if it is. */
function answerForeign(head: RequestHead<CallPlan>): HeadAnswer | null {
  // RFC 6585 section 5.
  if (head.tooLarge) return foreign(TOO_LARGE_BLOCK);
  if (head.method === 'GET') return foreign(SPOKEN_HERE_BLOCK, SPOKEN_HERE);
  if (head.method === 'HEAD') return foreign(SPOKEN_HERE_BLOCK);
  if (head.method !== 'POST') return foreign(METHOD_NOT_ALLOWED_BLOCK);
  if (isGrpcContentType(head.contentType)) return null;
  // gRPC over HTTP2, Requests: without "application/grpc" a server should answer HTTP status 415.
  const text = `invalid gRPC request content-type ${JSON.stringify(head.contentType)}`;
  return foreign(encodeHeaderBlock([[':status', '415'], ...statusFields(GrpcStatus.Unknown, text)]));
}

function foreign(block: Uint8Array, body: Uint8Array | null = null): HeadAnswer {
  return { status: null, block, body, afterRequest: true };
}

function describeUnknown(path: string, services: ServiceRegistry): string {
  const service = serviceNameOf(path);
  if (service === '') return `malformed method name: ${JSON.stringify(path)}`;
  if (service !== LDLM_SERVICE && !services.hasService(service)) return `unknown service ${service}`;
  return `unknown method ${path.slice(path.lastIndexOf('/') + 1)} for service ${service}`;
}

/** The part of `/package.Service/Method` before the method; empty when the path has no such form. */
function serviceNameOf(path: string): string {
  return path.charCodeAt(0) === 0x2f ? path.slice(1, Math.max(1, path.lastIndexOf('/'))) : '';
}

function refuseEncoding(encoding: string): HeadAnswer {
  const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
  const block = encodeHeaderBlock([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-accept-encoding', 'identity'],
    ...statusFields(GrpcStatus.Unimplemented, text),
  ]);
  return { status: GrpcStatus.Unimplemented, block, body: null, afterRequest: false };
}
