import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../src/contract/error-code.ts';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { tagOf, WireType } from '../../../src/protocol/protobuf/field.ts';
import { RequestTag } from '../../../src/protocol/protobuf/request-tags.ts';
import { protosPath } from './ldlm-coder.ts';

interface Field {
  name: string;
  number: number;
  type: string;
}

interface Descriptor {
  field?: Field[];
  value?: { name: string; number: number }[];
}

const definition = loadSync('ldlm.proto', { includeDirs: [protosPath], keepCase: true });

function descriptorOf(name: string): Descriptor {
  const entry = definition[`ldlm.${name}`];
  if (entry === undefined || !('type' in entry)) throw new Error(`${name} is no message or enum`);
  return entry.type as Descriptor;
}

const requests = ['LockRequest', 'TryLockRequest', 'UnlockRequest', 'RenewRequest', 'RefreshLockRequest'];

describe('RequestTag', () => {
  it('has exactly the fields of the requests in ldlm.proto', () => {
    const tags: Record<string, number> = {};
    for (const { name, number, type } of requests.flatMap((request) => descriptorOf(request).field ?? [])) {
      const camelCase = name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const isBytes = type === 'TYPE_STRING' || type === 'TYPE_BYTES';
      const tag = tagOf(number, isBytes ? WireType.Bytes : WireType.Varint);
      // Coding the requests by one table takes that a name means the same number in all of them.
      expect(tags[camelCase] ?? tag).toBe(tag);
      tags[camelCase] = tag;
    }
    expect(RequestTag).toEqual(tags);
  });
});

describe('the enums of ldlm.proto', () => {
  const valuesOf = (name: string) =>
    Object.fromEntries((descriptorOf(name).value ?? []).map((value) => [value.name, value.number]));

  it('are those of the contract', () => {
    expect(valuesOf('ErrorCode')).toEqual(ErrorCode);
    expect(valuesOf('LockMode')).toEqual({ EXCLUSIVE: LockMode.Exclusive, SHARED: LockMode.Shared });
  });
});

describe('the protos of the other services', () => {
  it.each([
    ['grpc/health/v1/health.proto', 'grpc.health.v1.Health', ['Check', 'Watch']],
    ['grpc/reflection/v1/reflection.proto', 'grpc.reflection.v1.ServerReflection', ['ServerReflectionInfo']],
    [
      'grpc/reflection/v1alpha/reflection.proto',
      'grpc.reflection.v1alpha.ServerReflection',
      ['ServerReflectionInfo'],
    ],
  ])('%s loads', (file, service, methods) => {
    const loaded = loadSync(file, { includeDirs: [protosPath] });
    expect(Object.keys(loaded[service] ?? {})).toEqual(methods);
  });
});
