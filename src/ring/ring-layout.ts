import { LdlmServerError } from '../contract/server-error.ts';

/**
 * The words of a ring that both threads touch, as indexes into its Int32Array. Each stands on lines of its own:
 * 128 bytes apart, because processors fetch neighbouring 64-byte lines in pairs, and a line that both sides
 * write travels between the cores at every access.
 */
export const RingWord = {
  /** Bytes ever written, modulo 2^32. Written by the writer only. */
  Tail: 0,
  /** Bytes ever consumed, modulo 2^32. Written by the reader only. */
  Head: 32,
  /** 1 while the reader sleeps on this word, or is about to. Set by the reader, cleared by whoever ends the sleep. */
  ReaderSleeps: 64,
  /** 1 while the writer waits for room. Set by the writer, cleared by the reader once half the ring is free. */
  WriterWaits: 96,
} as const;

/** Where the records begin: behind the four words. */
export const RING_DATA_OFFSET = 512;

/** Each record begins with its payload length and its kind, 32 bits each. */
export const RECORD_HEADER_BYTES = 8;

/** In place of a length: the rest of the ring up to its end is not used, the next record stands at its beginning. */
export const SKIP_TO_START = -1;

/** Thrown when a ring is made with a size that its index arithmetic cannot work with. */
export class RingSizeError extends LdlmServerError {
  constructor(bytes: number) {
    super('LDLM_RING_SIZE', `a ring's size must be a power of two from 1024 to 2^30 bytes, not ${bytes}`);
  }
}

/**
 * Thrown for a record longer than a quarter of its ring. Up to there a record and what may be skipped before it
 * always fit a ring that is half empty, so whoever waits for half a ring is not refused again.
 */
export class RecordTooLongError extends LdlmServerError {
  constructor(bytes: number, bytesMax: number) {
    super(
      'LDLM_RECORD_TOO_LONG',
      `a record of ${bytes} bytes is longer than the ${bytesMax} that its ring takes`,
    );
  }
}

/** Makes the shared memory of a ring for `dataBytes` bytes of records (a power of two from 1 KiB to 1 GiB). */
export function createRingMemory(dataBytes: number): SharedArrayBuffer {
  if (
    !Number.isInteger(dataBytes) ||
    dataBytes < 1024 ||
    dataBytes > 2 ** 30 ||
    (dataBytes & (dataBytes - 1)) !== 0
  ) {
    throw new RingSizeError(dataBytes);
  }
  return new SharedArrayBuffer(RING_DATA_OFFSET + dataBytes);
}

/** How many bytes of a ring are written and not given back, as of now. For whoever looks on, from any thread. */
export function ringFillBytes(words: Int32Array): number {
  // The head first: it runs behind the tail, also when both move in between.
  const head = Atomics.load(words, RingWord.Head);
  return (Atomics.load(words, RingWord.Tail) - head) >>> 0;
}

/** A record's whole length in the ring: header, payload, and padding to a multiple of 8. */
export function recordBytes(payloadBytes: number): number {
  return (RECORD_HEADER_BYTES + payloadBytes + 7) & ~7;
}
