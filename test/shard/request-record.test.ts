import { describe, expect, it } from 'vitest';
import { Method } from '../../src/contract/method.ts';
import { ReplyField } from '../../src/shard/reply-record.ts';
import { RequestField, writeRequestHead } from '../../src/shard/request-record.ts';
import { openRingPair } from '../ring/ring-pair.ts';

describe('the records between the threads', () => {
  it('keep 64-bit fields on offsets that a Float64Array can address', () => {
    for (const offset of [
      RequestField.Session,
      RequestField.Deadline,
      RequestField.Body,
      ReplyField.Session,
    ]) {
      expect(offset % 8).toBe(0);
    }
  });

  it('carry the fixed part of a request whole', () => {
    const { writer, reader } = openRingPair(1024);
    const payload = writer.reserve(RequestField.Body);
    writeRequestHead(writer, payload, Method.Unlock, 255, -1, 2 ** 31 - 1, 2 ** 53 - 1, 1_800_000_000_000.25);
    writer.commit(1, RequestField.Body);
    writer.publish();
    const at = reader.next();
    expect([...reader.words.subarray(at >> 2, (at >> 2) + 3)]).toEqual([
      Method.Unlock | (255 << 8),
      -1,
      2 ** 31 - 1,
    ]);
    expect(reader.floats[(at + RequestField.Session) >> 3]).toBe(2 ** 53 - 1);
    expect(reader.floats[(at + RequestField.Deadline) >> 3]).toBe(1_800_000_000_000.25);
  });
});
