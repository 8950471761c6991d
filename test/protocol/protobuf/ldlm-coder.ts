import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { Limits } from '../../../src/base/limits.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../../src/core/command.ts';
import { bytesField, fixed32Field, fixed64Field, groupField, varintField } from './wire.ts';

export const protosPath = new URL('../../../protos', import.meta.url).pathname;

/** Any of the requests: absent fields are undefined, 64-bit integers are decimal strings, an enum is its number. */
export interface RequestMessage {
  name?: string | undefined;
  key?: string | undefined;
  wait_timeout_seconds?: number | undefined;
  size?: number | undefined;
  lock_timeout_seconds?: number | undefined;
  permits?: number | undefined;
  mode?: number | undefined;
  lock_timeout_ms?: string | undefined;
  wait_timeout_ms?: string | undefined;
  request_id?: Buffer | undefined;
  holder?: string | undefined;
}

/** Either of the replies. */
export interface ReplyMessage {
  locked?: boolean;
  unlocked?: boolean;
  name?: string;
  key?: string;
  error?: { code?: number; message?: string };
  fencing_token?: string;
  certain_ms?: number;
}

type MethodName = 'Lock' | 'TryLock' | 'Unlock' | 'Renew' | 'RefreshLock';

/** proto-loader's coding of one of LDLM's methods: the judge of the coding under test. */
export function loadCoder(method: MethodName): MethodDefinition<RequestMessage, ReplyMessage> {
  const definition = loadSync('ldlm.proto', { includeDirs: [protosPath], keepCase: true, longs: String });
  const service = definition['ldlm.LDLM'] as Record<string, MethodDefinition<RequestMessage, ReplyMessage>>;
  return service[method]!;
}

export function toByteString(text: string | undefined): string {
  return Buffer.from(text ?? '', 'utf8').toString('latin1');
}

function toMs(ms: string | undefined, seconds: number | undefined): number {
  if (ms === undefined) return (seconds ?? 0) * 1000;
  return Math.max(-(2 ** 53), Math.min(2 ** 53, Number(ms)));
}

function requestIdOf(message: RequestMessage): string {
  return message.request_id?.toString('latin1') ?? '';
}

/** The fields of a LockCommand that decoding `message` has to give. */
export function expectedLock(message: RequestMessage): Partial<LockCommand> {
  return {
    name: toByteString(message.name),
    size: message.size ?? 1,
    permits: message.permits || 1,
    mode: message.mode ?? 0,
    lockTimeoutMs: toMs(message.lock_timeout_ms, message.lock_timeout_seconds),
    waitTimeoutMs: toMs(message.wait_timeout_ms, message.wait_timeout_seconds),
    requestId: requestIdOf(message),
    holder: toByteString(message.holder),
  };
}

/** The fields of an UnlockCommand, but for the words of its key, that decoding `message` has to give. */
export function expectedUnlock(message: RequestMessage): Partial<UnlockCommand> {
  return {
    name: toByteString(message.name),
    keyBytes: toByteString(message.key).length,
    keyValid: isKey(message.key),
    requestId: requestIdOf(message),
  };
}

/** The fields of a RenewCommand, but for the words of its key, that decoding `message` has to give. */
export function expectedRenew(message: RequestMessage): Partial<RenewCommand> {
  return {
    name: toByteString(message.name),
    keyBytes: toByteString(message.key).length,
    keyValid: isKey(message.key),
    lockTimeoutMs: toMs(message.lock_timeout_ms, message.lock_timeout_seconds),
  };
}

function isKey(text: unknown): boolean {
  return (
    typeof text === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
  );
}

/** Commands whose every decoded field holds what no request leaves there, to show that all are filled. */
export function dirtyLockCommand(): LockCommand {
  const left = { name: 'left', size: -77, permits: 77, mode: 77, requestId: 'left', holder: 'left' };
  return Object.assign(new LockCommand(), left, { lockTimeoutMs: 0.5, waitTimeoutMs: 0.5 });
}

export function dirtyUnlockCommand(): UnlockCommand {
  return Object.assign(new UnlockCommand(), {
    name: 'left',
    keyValid: true,
    keyBytes: 77,
    requestId: 'left',
  });
}

export function dirtyRenewCommand(): RenewCommand {
  return Object.assign(new RenewCommand(), {
    name: 'left',
    keyValid: true,
    keyBytes: 77,
    lockTimeoutMs: 0.5,
  });
}

const text = fc.string({ unit: 'binary', maxLength: 80 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const requestId = fc
  .uint8Array({ maxLength: Limits.requestIdBytesMax + 4 })
  .map((bytes) => Buffer.from(bytes));

const tryLockFields = {
  name: maybe(text),
  size: maybe(fc.integer()),
  lock_timeout_seconds: maybe(fc.integer()),
  permits: maybe(fc.nat({ max: 2 ** 32 - 1 })),
  mode: maybe(fc.integer()),
  lock_timeout_ms: maybe(int64),
  request_id: maybe(requestId),
  holder: maybe(text),
};

const key = fc.oneof(fc.uuid(), text);

/** Messages for proto-loader to encode; absent fields are undefined. */
export const lockMessages = fc.record({
  ...tryLockFields,
  wait_timeout_seconds: maybe(fc.integer()),
  wait_timeout_ms: maybe(int64),
});
export const tryLockMessages = fc.record(tryLockFields);
export const unlockMessages = fc.record({ name: maybe(text), key: maybe(key), request_id: maybe(requestId) });
export const renewMessages = fc.record({
  name: maybe(text),
  key: maybe(key),
  lock_timeout_seconds: maybe(fc.integer()),
  lock_timeout_ms: maybe(int64),
});

const anyVarint = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
// protobufjs takes 32-bit integers in up to five bytes or in ten.
const int32Varint = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });
const knownField = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2, 1006), text).map(([number, value]) => bytesField(number, value)),
  fc.tuple(fc.constant(1005), requestId).map(([number, value]) => bytesField(number, value)),
  fc
    .tuple(fc.constantFrom(3, 4, 100, 1000, 1001), int32Varint)
    .map(([number, value]) => varintField(number, value)),
  fc.tuple(fc.constantFrom(1002, 1003), anyVarint).map(([number, value]) => varintField(number, value)),
);
const unknownNumber = fc.constantFrom(7, 15, 16, 99, 999, 1004, 1007, 2 ** 29 - 1);
const flatUnknownField = fc.oneof(
  fc.tuple(unknownNumber, anyVarint).map(([number, value]) => varintField(number, value)),
  fc.tuple(unknownNumber, fc.uint8Array()).map(([number, value]) => bytesField(number, value)),
  unknownNumber.map(fixed32Field),
  unknownNumber.map(fixed64Field),
);
const unknownField = fc.oneof(
  flatUnknownField,
  fc
    .tuple(unknownNumber, unknownNumber, fc.array(fc.oneof(flatUnknownField, knownField), { maxLength: 3 }))
    .map(([outer, inner, fields]) => groupField(outer, groupField(inner, ...fields), ...fields)),
);

/** Well-formed messages field by field: any order, repeats, unknown fields of every wire type. */
export const wireFields = fc.array(fc.oneof(knownField, unknownField), { maxLength: 12 });
