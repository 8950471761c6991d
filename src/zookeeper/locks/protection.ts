import { randomUUID } from 'node:crypto';

const COUNTER_DIGITS = 12;
const COUNT_END = 2 ** (4 * COUNTER_DIGITS);

/** A process has one random start, and counts from there on. */
const random = randomUUID();
const stem = random.slice(0, -COUNTER_DIGITS);
let count = Number.parseInt(random.slice(-COUNTER_DIGITS), 16);

/** The beginning of a node's name by which it is found again, as Curator has it, made of a UUID in lower case. */
export function protectionOf(uuid: string): string {
  return `_c_${uuid}-`;
}

/**
 * One that nobody else has. It need not be hard to guess, only unique: of 122 random bits the last 48 count on, which costs
 * a tenth of a new UUID for each request.
 */
export function nextProtection(): string {
  count = count + 1 === COUNT_END ? 0 : count + 1;
  return protectionOf(stem + count.toString(16).padStart(COUNTER_DIGITS, '0'));
}
