import { Field, readField } from './field.ts';
import { RequestTag } from './request-tags.ts';
import type { Span } from './span.ts';

const field = new Field();

/**
 * Finds the lock name in the bytes of any LDLM request, without decoding the rest: what decides which shard the
 * request goes to. As everywhere in protobuf the last name counts, so all fields are walked over.
 *
 * Returns false when the message is malformed; an absent name is an empty span and true.
 */
export function findName(bytes: Uint8Array, start: number, end: number, found: Span): boolean {
  let nameStart = start;
  let nameEnd = start;
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (position < 0) return false;
    if (field.tag === RequestTag.Name) {
      nameStart = field.start;
      nameEnd = field.end;
    }
  }
  found.start = nameStart;
  found.end = nameEnd;
  return true;
}
