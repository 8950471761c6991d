import { describe, expect, it } from 'vitest';
import { isGrpcContentType } from '../../../src/protocol/grpc/content-type.ts';

describe('isGrpcContentType', () => {
  it.each([
    'application/grpc',
    'application/grpc+proto',
    'APPLICATION/gRPC',
    'application/grpc+Proto',
    'application/grpc;charset=utf-8',
    'application/grpc; charset=utf-8',
    'application/grpc ;charset=utf-8',
    'application/grpc+proto;v=1',
    'application/grpc;',
  ])('accepts %j', (value) => {
    expect(isGrpcContentType(value)).toBe(true);
  });

  it.each([
    '',
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web-text',
    'application/grpc+json',
    'application/grpc+protobuf',
    'application/grpc+',
    'application/grpcx',
    'application/grpc proto',
    'application/grpc\n',
    ' application/grpc',
    'application/json',
    'xapplication/grpc',
    'application/json;application/grpc',
  ])('refuses %j', (value) => {
    expect(isGrpcContentType(value)).toBe(false);
  });
});
