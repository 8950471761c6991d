import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { RecordType } from '../../src/journal/record.ts';
import { RecordReader } from '../../src/journal/record-reader.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { type ClaimFields, openClaim, PLAIN_CLAIM } from './open-claim.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');

function byteString(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const wallMs = fc.double({ min: 0, max: 2 ** 50, noNaN: true });
const requestId = fc.oneof(fc.constant(''), byteString(8, 64));
const claim: fc.Arbitrary<ClaimFields> = fc
  .record({
    name: byteString(1, 400),
    shape: fc.oneof(
      fc.constant({ size: 1, permits: 1, mode: 1 }),
      fc
        .integer({ min: 1, max: 2 ** 31 - 1 })
        .map((size) => ({ size, permits: Math.ceil(size / 3), mode: 0 })),
    ),
    lockTimeoutMs: fc.integer({ min: 0, max: 2 ** 53 }),
    holder: byteString(0, 256),
    requestId,
    key: fc.record({ a: word, b: word, c: word, d: word }),
    token: fc.record({
      high: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      low: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    }),
    session: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    sinceMs: wallMs,
    deadlineMs: fc.oneof(wallMs, fc.constant(Number.POSITIVE_INFINITY)),
  })
  .map(({ shape, ...rest }) => ({ ...rest, ...shape }));

/** The one record that a writer was told to write. */
function readBack(write: (into: RecordWriter) => void): RecordReader {
  const writer = new RecordWriter();
  // What an earlier use left in the buffer must not shine through.
  writer.bytes.fill(0xff);
  write(writer);
  const reader = new RecordReader();
  reader.open(writer.bytes, HEADER_BYTES, writer.end);
  expect(reader.next()).toBe(true);
  expect(reader.end).toBe(writer.end);
  return reader;
}

function commandOf({ name, size, permits, mode, lockTimeoutMs, holder, requestId, key }: ClaimFields) {
  return { name, size, permits, mode, lockTimeoutMs, holder, requestId, key };
}

describe('RecordReader', () => {
  it('reads every field of a grant', () => {
    fc.assert(
      fc.property(claim, (fields) => {
        const reader = readBack((into) => into.grant(openClaim(fields)));
        expect(reader.type).toBe(RecordType.Grant);
        expect(reader.command).toMatchObject(commandOf(fields));
        expect(reader.token).toEqual(fields.token);
        expect([reader.session, reader.name]).toEqual([fields.session, fields.name]);
      }),
      { numRuns: 300 },
    );
  });

  it('reads every field of a grant from a snapshot', () => {
    fc.assert(
      fc.property(claim, (fields) => {
        const reader = readBack((into) => into.held(openClaim(fields)));
        expect(reader.type).toBe(RecordType.Held);
        expect(reader.command).toMatchObject(commandOf(fields));
        expect(reader.token).toEqual(fields.token);
        const { session, sinceMs, deadlineMs } = reader;
        expect({ session, sinceMs, deadlineMs }).toEqual({
          ...{ session: fields.session, sinceMs: fields.sinceMs, deadlineMs: fields.deadlineMs },
        });
      }),
      { numRuns: 300 },
    );
  });

  it('reads every field of a release and of a renewal', () => {
    fc.assert(
      fc.property(claim, fc.constantFrom(1, 2, 3), (fields, cause) => {
        const release = readBack((into) => into.release(openClaim(fields), cause));
        expect([release.type, release.cause, release.name]).toEqual([RecordType.Release, cause, fields.name]);
        expect(release.command.key).toEqual(fields.key);
        const renewal = readBack((into) => into.renew(openClaim(fields)));
        expect([renewal.type, renewal.name]).toEqual([RecordType.Renew, fields.name]);
        expect(renewal.command.key).toEqual(fields.key);
        expect(renewal.command.lockTimeoutMs).toBe(fields.lockTimeoutMs);
        expect(renewal.deadlineMs).toBe(fields.deadlineMs);
      }),
    );
  });

  it('reads every field of what is not about a grant', () => {
    const size = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(byteString(1, 400), size, wallMs, claim, (text, lockSize, forgetAtMs, { token }) => {
        const closed = readBack((into) => into.lockClosed(text));
        expect([closed.type, closed.name]).toEqual([RecordType.LockClosed, text]);
        const idle = readBack((into) => into.idleLock(text, lockSize));
        expect([idle.type, idle.name, idle.command.size]).toEqual([RecordType.IdleLock, text, lockSize]);
        const released = readBack((into) => into.releasedRequest(text, forgetAtMs));
        expect(released.type).toBe(RecordType.ReleasedRequest);
        expect([released.memoryKey, released.forgetAtMs, released.name]).toEqual([text, forgetAtMs, '']);
        const tokens = readBack((into) => into.tokens(token));
        expect([tokens.type, { ...tokens.token }, tokens.name]).toEqual([RecordType.Tokens, token, '']);
        expect(readBack((into) => into.snapshotEnd()).type).toBe(RecordType.SnapshotEnd);
      }),
    );
  });

  it('reads texts of any bytes and of the greatest length', () => {
    const longest = 'n'.repeat(Limits.nameBytesMax - 256) + ALL_BYTES;
    const fields = { name: longest, holder: ALL_BYTES, requestId: ALL_BYTES.slice(192) };
    const reader = readBack((into) => into.grant(openClaim(fields)));
    expect(reader.command).toMatchObject(fields);
    expect(readBack((into) => into.release(openClaim(fields), 1)).name).toBe(longest);
    expect(readBack((into) => into.renew(openClaim(fields))).name).toBe(longest);
    expect(readBack((into) => into.idleLock(longest, 1)).name).toBe(longest);
  });

  it('reads records one after the other, and leaves nothing of one in the next', () => {
    const writer = new RecordWriter();
    writer.grant(openClaim({ name: 'first', holder: 'holder', requestId: 'request-1' }));
    writer.grant(openClaim());
    writer.tokens({ high: 3, low: 4 });
    writer.lockClosed('last');
    const reader = new RecordReader();
    reader.open(writer.bytes, HEADER_BYTES, writer.end);
    const seen: unknown[] = [];
    let end = HEADER_BYTES;
    while (reader.next()) {
      expect(reader.start).toBe(end);
      ({ end } = reader);
      seen.push([reader.type, reader.name]);
      if (seen.length === 2) expect(reader.command).toMatchObject(commandOf(PLAIN_CLAIM));
    }
    expect(seen).toEqual([
      [RecordType.Grant, 'first'],
      [RecordType.Grant, 'a'],
      [RecordType.Tokens, ''],
      [RecordType.LockClosed, 'last'],
    ]);
    expect(reader.next()).toBe(false);
  });

  it.each([
    'grant',
    'held',
    'release',
    'renew',
    'idleLock',
    'releasedRequest',
    'tokens',
    'snapshotEnd',
  ] as const)('refuses a %s that is cut short anywhere', (kind) => {
    const writer = new RecordWriter();
    const view = openClaim({ holder: 'holder', requestId: 'request-1' });
    if (kind === 'grant' || kind === 'held' || kind === 'renew') writer[kind](view);
    else if (kind === 'release') writer.release(view, 1);
    else if (kind === 'idleLock') writer.idleLock('name', 1);
    else if (kind === 'releasedRequest') writer.releasedRequest('memory key', 1);
    else if (kind === 'tokens') writer.tokens({ high: 1, low: 1 });
    else writer.snapshotEnd();
    for (let end = HEADER_BYTES + 1; end < writer.end; end++) {
      const reader = new RecordReader();
      // Cut short in its batch, and in its file.
      reader.open(writer.bytes, HEADER_BYTES, end);
      expect(() => reader.next(), `${end}`).toThrow(RangeError);
      reader.open(Buffer.from(writer.bytes.subarray(0, end)), HEADER_BYTES, end);
      expect(() => reader.next(), `${end}`).toThrow(RangeError);
    }
  });

  it('refuses a type that it does not know', () => {
    for (const type of [0, 10, 255]) {
      const reader = new RecordReader();
      reader.open(Buffer.alloc(200, type), 0, 200);
      expect(() => reader.next()).toThrow(RangeError);
    }
  });
});
