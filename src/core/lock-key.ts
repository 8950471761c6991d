/**
 * A lock key: 128 bits that clients see as a UUID in lower case. It is kept as four 32-bit words, because a
 * string of 36 characters for every held lock would cost more than all of its other fields together. Only the bits
 * of a word count: it may come signed or unsigned.
 */
export class LockKey {
  a = 0;
  b = 0;
  c = 0;
  d = 0;
}
