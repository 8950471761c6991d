import { ErrorCode } from '../../contract/error-code.ts';
import { Method } from '../../contract/method.ts';
import { Field, readField, tagOf, WireType } from '../protobuf/field.ts';
import type { Words } from '../protobuf/varint.ts';

const doneTag = tagOf(1, WireType.Varint);
const nameTag = tagOf(2, WireType.Bytes);
const keyTag = tagOf(3, WireType.Bytes);
const lockErrorTag = tagOf(4, WireType.Bytes);
const unlockErrorTag = tagOf(3, WireType.Bytes);
const fencingTokenTag = tagOf(1000, WireType.Varint);
const certainMsTag = tagOf(1001, WireType.Varint);
const errorCodeTag = tagOf(1, WireType.Varint);
const errorMessageTag = tagOf(2, WireType.Bytes);

const codeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code, name]),
);

/** What needs no more than quotes around it in JSON. */
const plain = /^[ !#-[\]-~]*$/;

const field = new Field();

/**
 * The JSON of a shard's reply, LockResponse or UnlockResponse, whose message is `bytes[start, end)`. As with LDLM what
 * is false or empty is written, an error code by its name, and an absent error left out. A fencing token is a string of
 * decimal digits, and left out when there is none. The message is one that a shard has encoded, so it is not checked.
 */
export function replyJson(method: Method, bytes: Buffer, start: number, end: number): string {
  const isUnlock = method === Method.Unlock;
  const errorTag = isUnlock ? unlockErrorTag : lockErrorTag;
  let done = false;
  let name = '""';
  let key = '""';
  let rest = '';
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (field.tag === doneTag) done = field.low !== 0;
    else if (field.tag === nameTag) name = jsonString(bytes, field.start, field.end);
    else if (field.tag === errorTag) rest = `,"error":${errorJson(bytes, field.start, field.end)}`;
    else if (field.tag === keyTag) key = jsonString(bytes, field.start, field.end);
    else if (field.tag === fencingTokenTag) rest = `,"fencing_token":"${decimal(field)}"`;
    else if (field.tag === certainMsTag) rest += `,"certain_ms":${field.low >>> 0}`;
  }
  return isUnlock
    ? `{"unlocked":${done},"name":${name}${rest}}`
    : `{"locked":${done},"name":${name},"key":${key}${rest}}`;
}

function errorJson(bytes: Buffer, start: number, end: number): string {
  let code = 0;
  let message = '""';
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (field.tag === errorCodeTag) code = field.low;
    else if (field.tag === errorMessageTag) message = jsonString(bytes, field.start, field.end);
  }
  return `{"code":"${codeNames.get(code) ?? code}","message":${message}}`;
}

function jsonString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.latin1Slice(start, end);
  return plain.test(text) ? `"${text}"` : JSON.stringify(bytes.toString('utf8', start, end));
}

const exactMax = 2 ** 21;

/** An unsigned integer of 64 bits. */
function decimal(words: Words): string {
  const high = words.high >>> 0;
  const low = words.low >>> 0;
  return high < exactMax ? String(high * 2 ** 32 + low) : String((BigInt(high) << 32n) | BigInt(low));
}
