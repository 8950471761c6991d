import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { RecordReader } from '../../src/journal/record-reader.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { openClaim } from './open-claim.ts';

/** The names that the records of a writer are about. */
function namesIn(writer: RecordWriter): string[] {
  const reader = new RecordReader();
  reader.open(writer.bytes, HEADER_BYTES, writer.end);
  const names: string[] = [];
  while (reader.next()) names.push(reader.name);
  return names;
}

describe('RecordWriter', () => {
  it('leaves room for the header and counts', () => {
    const writer = new RecordWriter();
    expect([writer.count, writer.end, writer.length]).toEqual([0, HEADER_BYTES, 0]);
    writer.grant(openClaim());
    writer.lockClosed('a');
    expect(writer.count).toBe(2);
    expect(writer.length).toBe(writer.end - HEADER_BYTES);
    writer.clear();
    expect([writer.count, writer.end]).toEqual([0, HEADER_BYTES]);
  });

  it('grows as needed and keeps what it has', () => {
    const writer = new RecordWriter();
    const names = Array.from({ length: 200 }, (_, i) => `${i}/${'n'.repeat(i * 40)}`);
    for (const name of names) writer.release(openClaim({ name }), 1);
    expect(writer.end).toBeGreaterThan(700_000);
    expect(namesIn(writer)).toEqual(names);
  });

  it('takes a record that is longer than twice its buffer', () => {
    const writer = new RecordWriter();
    writer.lockClosed('a');
    writer.releasedRequest('k'.repeat(300_000), 1);
    writer.lockClosed('b');
    expect(namesIn(writer)).toEqual(['a', '', 'b']);
  });

  it('gives a large buffer back, and keeps a small one', () => {
    const writer = new RecordWriter();
    const first = writer.bytes;
    writer.lockClosed('a');
    writer.clear();
    expect(writer.bytes).toBe(first);
    for (let i = 0; i < 80; i++) writer.lockClosed('n'.repeat(65_536));
    expect(writer.bytes.length).toBeGreaterThan(4 * 1024 * 1024);
    writer.clear();
    expect(writer.bytes.length).toBe(64 * 1024);
    writer.lockClosed('b');
    expect(namesIn(writer)).toEqual(['b']);
  });

  it('copies records of another buffer as they are', () => {
    const [from, into] = [new RecordWriter(), new RecordWriter()];
    from.lockClosed('a');
    from.grant(openClaim({ name: 'b', holder: 'me' }));
    from.lockClosed('c');
    const reader = new RecordReader();
    reader.open(from.bytes, HEADER_BYTES, from.end);
    while (reader.next()) if (reader.name !== 'a') into.copy(from.bytes, reader.start, reader.end);
    expect(into.count).toBe(2);
    expect(namesIn(into)).toEqual(['b', 'c']);
  });

  it('writes the same bytes whatever the buffer held before', () => {
    const [clean, used] = [new RecordWriter(), new RecordWriter()];
    clean.bytes.fill(0);
    used.bytes.fill(0xff);
    for (const writer of [clean, used]) {
      writer.grant(openClaim({ holder: 'me' }));
      writer.release(openClaim(), 1);
      writer.renew(openClaim());
      writer.idleLock('a', 1);
      writer.releasedRequest('key', 1);
      writer.tokens({ high: 1, low: 2 });
      writer.snapshotEnd();
    }
    const records = ({ bytes, end }: RecordWriter) => bytes.subarray(HEADER_BYTES, end);
    expect(records(used)).toEqual(records(clean));
  });

  it('writes all characters of short and of long texts', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    const writer = new RecordWriter();
    // Below and above the length at which it is done in another way.
    const names = [1, 31, 32, 33, 255].flatMap((length) => [bytes.slice(0, length), bytes.slice(-length)]);
    for (const name of names) writer.idleLock(name, 1);
    expect(namesIn(writer)).toEqual(names);
  });
});
