import { crc32 } from 'node:zlib';

/**
 * A batch is what one turn of a shard has decided: this header, then the records. All numbers are little-endian.
 *
 * The checksum covers everything behind itself and begins with the state's secret seed, so that no lock name can
 * contain bytes that pass for a batch.
 */
export const HEADER_BYTES = 56;
const MAGIC = 0x316a_646c;
/** The magic as it stands in the file: `ldj1`. */
export const MAGIC_BYTES: Uint8Array = Uint8Array.of(0x6c, 0x64, 0x6a, 0x31);

const CRC = 4;
const LENGTH = 8;
const RECORDS = 12;
const GENERATION = 16;
const RUN = 20;
const SEQUENCE = 24;
const DURABLE = 32;
const NOW = 40;
const KIND = 48;
/** Of the fields from the length to the kind alone, so that a length can be trusted before what it spans is read. */
const HEADER_CRC = 52;

export const BatchKind = {
  /** Records. */
  Data: 1,
  /** The server has stopped in order, and everything before this is durable. It has no records. */
  Footer: 2,
} as const;

export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

export class BatchHeader {
  kind: BatchKind = BatchKind.Data;
  /** Bytes of records. */
  length = 0;
  records = 0;
  /** The generation of the state that the file belongs to. */
  generation = 0;
  /** Which opening of the file wrote it: it never falls, so that bytes of an earlier one never follow a later one. */
  run = 0;
  /** Counts the batches of a file up from 1. */
  sequence = 0;
  /** The offset up to which the file was known to be durable when this was written. */
  durableOffset = 0;
  /** The time of what was decided, in wall milliseconds. */
  nowMs = 0;
}

/** Puts header and checksum in front of records that stand at `start + HEADER_BYTES`. */
export function encodeHeader(bytes: Buffer, start: number, header: BatchHeader, seed: number): void {
  bytes.writeUInt32LE(MAGIC, start);
  bytes.writeUInt32LE(header.length, start + LENGTH);
  bytes.writeUInt32LE(header.records, start + RECORDS);
  bytes.writeUInt32LE(header.generation, start + GENERATION);
  bytes.writeUInt32LE(header.run, start + RUN);
  bytes.writeDoubleLE(header.sequence, start + SEQUENCE);
  bytes.writeDoubleLE(header.durableOffset, start + DURABLE);
  bytes.writeDoubleLE(header.nowMs, start + NOW);
  bytes.writeUInt32LE(header.kind, start + KIND);
  bytes.writeUInt32LE(crc32(bytes.subarray(start + LENGTH, start + HEADER_CRC), seed), start + HEADER_CRC);
  bytes.writeUInt32LE(checksum(bytes, start, header.length, seed), start + CRC);
}

/** The length of the records behind a header at `start`, -1 when no header stands there. */
export function recordsLength(bytes: Buffer, start: number, seed: number): number {
  if (bytes.readUInt32LE(start) !== MAGIC) return -1;
  const crc = crc32(bytes.subarray(start + LENGTH, start + HEADER_CRC), seed);
  return bytes.readUInt32LE(start + HEADER_CRC) === crc ? bytes.readUInt32LE(start + LENGTH) : -1;
}

/** Reads a header whose records are there as well. Returns false when the checksum is wrong. */
export function decodeHeader(bytes: Buffer, start: number, into: BatchHeader, seed: number): boolean {
  const length = bytes.readUInt32LE(start + LENGTH);
  if (bytes.readUInt32LE(start + CRC) !== checksum(bytes, start, length, seed)) return false;
  into.length = length;
  into.records = bytes.readUInt32LE(start + RECORDS);
  into.generation = bytes.readUInt32LE(start + GENERATION);
  into.run = bytes.readUInt32LE(start + RUN);
  into.sequence = bytes.readDoubleLE(start + SEQUENCE);
  into.durableOffset = bytes.readDoubleLE(start + DURABLE);
  into.nowMs = bytes.readDoubleLE(start + NOW);
  into.kind = bytes.readUInt32LE(start + KIND) as BatchKind;
  return into.kind === BatchKind.Data || into.kind === BatchKind.Footer;
}

function checksum(bytes: Buffer, start: number, length: number, seed: number): number {
  return crc32(bytes.subarray(start + LENGTH, start + HEADER_BYTES + length), seed);
}
