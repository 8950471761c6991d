import { type EnumTypeDefinition, loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { Method } from '../../../src/contract/method.ts';
import { camelCase, FieldKind, requestFields } from '../../../src/protocol/rest/request-fields.ts';
import { protosPath } from '../protobuf/ldlm-coder.ts';

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly type: string;
}

const definition = loadSync('ldlm.proto', { includeDirs: [protosPath], keepCase: true });
const descriptor = (name: string) =>
  (definition[`ldlm.${name}`] as MessageTypeDefinition<object, object> | EnumTypeDefinition).type as {
    field: FieldDescriptor[];
  };

const protoTypes: Record<FieldKind, string> = {
  [FieldKind.String]: 'TYPE_STRING',
  [FieldKind.Bytes]: 'TYPE_BYTES',
  [FieldKind.Mode]: 'TYPE_ENUM',
  [FieldKind.Int32]: 'TYPE_INT32',
  [FieldKind.Uint32]: 'TYPE_UINT32',
  [FieldKind.Int64]: 'TYPE_INT64',
};

describe('the fields of requests in JSON', () => {
  it.each([
    [Method.Lock, 'LockRequest'],
    [Method.TryLock, 'TryLockRequest'],
    [Method.Unlock, 'UnlockRequest'],
    [Method.Renew, 'RenewRequest'],
    [Method.Renew, 'RefreshLockRequest'],
  ])('of method %i are those of %s, in two spellings', (method, message) => {
    const expected = descriptor(message).field.flatMap(({ name, number, type }) =>
      [...new Set([name, camelCase(name)])].map((spelling) => ({ spelling, name, number, type })),
    );
    const known = [...requestFields[method]].map(([spelling, { name, tag, kind }]) => ({
      ...{ spelling, name },
      number: tag >>> 3,
      type: protoTypes[kind],
    }));
    const inOrder = (list: typeof known) => list.toSorted((a, b) => (a.spelling < b.spelling ? -1 : 1));
    expect(inOrder(known)).toStrictEqual(inOrder(expected));
  });

  it.each(Object.values(Method))('of method %i have a bit each', (method) => {
    const fields = new Set(requestFields[method].values());
    expect(new Set([...fields].map(({ bit }) => bit)).size).toBe(fields.size);
  });

  it('are written in camel case like protobuf does it', () => {
    expect(camelCase('lock_timeout_seconds')).toBe('lockTimeoutSeconds');
    expect(camelCase('name')).toBe('name');
  });
});
