const grpcContentType = /^application\/grpc(?:\+proto)?[ \t]*(?:;|$)/i;

/**
 * Whether a `content-type` announces gRPC messages in protobuf: `application/grpc` or `application/grpc+proto`, in
 * any case, with or without parameters. `application/grpc-web` frames its trailers differently, and
 * `application/grpc+json` and other suffixes name message formats that no method here reads, so they are not
 * accepted: the peer should get HTTP status 415 rather than an error about bytes that it did not send.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function isGrpcContentType(value: string): boolean {
  return value === 'application/grpc' || grpcContentType.test(value);
}
