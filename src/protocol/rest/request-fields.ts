import { Method } from '../../contract/method.ts';
import { RequestTag } from '../protobuf/request-tags.ts';
import { IntegerRange } from './json-integer.ts';

/** How a field's value is written in JSON, and its type as error texts name it. */
export const FieldKind = {
  String: 'string',
  Bytes: 'bytes',
  Mode: 'enum',
  Int32: 'int32',
  Uint32: 'uint32',
  Int64: 'int64',
} as const;

export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/** A field of a request as its JSON has it. */
export interface RequestField {
  /** As in protos/ldlm.proto; it is known in lowerCamelCase too. */
  readonly name: string;
  readonly tag: number;
  readonly kind: FieldKind;
  /** One bit, by which a field that comes twice is found. */
  readonly bit: number;
}

/** The range of a field that is a number. */
export const integerRanges: Partial<Record<FieldKind, IntegerRange>> = {
  [FieldKind.Int32]: IntegerRange.Int32,
  [FieldKind.Uint32]: IntegerRange.Uint32,
  [FieldKind.Int64]: IntegerRange.Int64,
};

type Row = readonly [name: string, tag: number, kind: FieldKind];

const name: Row = ['name', RequestTag.Name, FieldKind.String];
const key: Row = ['key', RequestTag.Key, FieldKind.String];
const requestId: Row = ['request_id', RequestTag.RequestId, FieldKind.Bytes];
const lockTimeouts: readonly Row[] = [
  ['lock_timeout_seconds', RequestTag.LockTimeoutSeconds, FieldKind.Int32],
  ['lock_timeout_ms', RequestTag.LockTimeoutMs, FieldKind.Int64],
];
const waitTimeouts: readonly Row[] = [
  ['wait_timeout_seconds', RequestTag.WaitTimeoutSeconds, FieldKind.Int32],
  ['wait_timeout_ms', RequestTag.WaitTimeoutMs, FieldKind.Int64],
];
const tryLockRows: readonly Row[] = [
  name,
  ['size', RequestTag.Size, FieldKind.Int32],
  ...lockTimeouts,
  ['permits', RequestTag.Permits, FieldKind.Uint32],
  ['mode', RequestTag.Mode, FieldKind.Mode],
  requestId,
  ['holder', RequestTag.Holder, FieldKind.String],
];

/** The fields of each method's request by both of their spellings. */
export const requestFields: Record<Method, ReadonlyMap<string, RequestField>> = {
  [Method.Lock]: fieldsOf([...tryLockRows, ...waitTimeouts]),
  [Method.TryLock]: fieldsOf(tryLockRows),
  [Method.Unlock]: fieldsOf([name, key, requestId]),
  [Method.Renew]: fieldsOf([name, key, ...lockTimeouts]),
};

function fieldsOf(rows: readonly Row[]): ReadonlyMap<string, RequestField> {
  const fields = rows.map(([name, tag, kind], i): RequestField => ({ name, tag, kind, bit: 1 << i }));
  return new Map(
    [...fields, ...fields].map((field, i) => [i < fields.length ? field.name : camelCase(field.name), field]),
  );
}

/** The spelling in lowerCamelCase of a name in snake_case. */
export function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
}
