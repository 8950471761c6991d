import { createRingMemory, RingWord } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';

export interface RingPair {
  readonly words: Int32Array;
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

/** Both halves of a new ring. `counter` is where its free-running counters begin: a multiple of 8. */
export function openRingPair(dataBytes: number, counter = 0): RingPair {
  const memory = createRingMemory(dataBytes);
  const words = new Int32Array(memory);
  words[RingWord.Tail] = counter;
  words[RingWord.Head] = counter;
  return { words, writer: new RingWriter(memory), reader: new RingReader(memory) };
}

/** Writes a record of `bytes` that all have the value of `kind`. False: there is no room. */
export function writeRecord(writer: RingWriter, kind: number, bytes: number, reservedBytes = bytes): boolean {
  const payload = writer.reserve(reservedBytes);
  if (payload < 0) return false;
  writer.bytes.fill(kind, payload, payload + bytes);
  writer.commit(kind, bytes);
  return true;
}

/** Reads a record made by {@link writeRecord} as its kind and length; null when there is none. */
export function readRecord(reader: RingReader): [kind: number, bytes: number] | null {
  const payload = reader.next();
  if (payload < 0) return null;
  const { kind, length } = reader;
  const bytes = reader.bytes.subarray(payload, payload + length);
  if (!bytes.every((byte) => byte === (kind & 0xff))) return [kind, -1];
  return [kind, length];
}
