import { Limits } from '../../base/limits.ts';
import { MESSAGE_PREFIX_BYTES } from './reply-frames.ts';

const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 256;

/** What half-received messages may hold in memory, for a connection and within it for the whole server. */
export class AssemblyBudget {
  readonly #parent: AssemblyBudget | null;
  readonly #bytesMax: number;
  readonly #freeBytes: number;
  #bytes = 0;
  #closed = false;

  /** The first `freeBytes` are not taken from the parent. */
  constructor(bytesMax: number, parent: AssemblyBudget | null, freeBytes = 0) {
    this.#bytesMax = bytesMax;
    this.#freeBytes = freeBytes;
    this.#parent = parent;
  }

  /** Takes memory, unless that would exceed the budget. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    const shared = this.#sharedOf(this.#bytes + bytes) - this.#sharedOf(this.#bytes);
    if (shared > 0 && this.#parent !== null && !this.#parent.take(shared)) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    if (this.#closed) return;
    this.#parent?.giveBack(this.#sharedOf(this.#bytes) - this.#sharedOf(this.#bytes - bytes));
    this.#bytes -= bytes;
  }

  /** Gives everything back: the connection and its half-received messages are gone. */
  close(): void {
    this.giveBack(this.#bytes);
    this.#closed = true;
  }

  #sharedOf(bytes: number): number {
    return Math.max(0, bytes - this.#freeBytes);
  }
}

/** What is wrong with a message, as far as its framing goes. */
export const MessageFault = {
  /** The compression flag is set, though no encoding but identity was agreed on. */
  Compressed: 1,
  TooLong: 2,
  /** Too much memory is held by half-received messages already. */
  BudgetExceeded: 3,
} as const;

export type MessageFault = (typeof MessageFault)[keyof typeof MessageFault];

/**
 * A length-prefixed message (gRPC over HTTP2) that arrives in pieces. Its buffer grows with what has arrived, not
 * with what the prefix announces.
 */
export class IncomingMessage {
  readonly #budget: AssemblyBudget;
  readonly #prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);
  #prefixBytes = 0;
  #bytes: Buffer = EMPTY;
  #filled = 0;

  constructor(budget: AssemblyBudget) {
    this.#budget = budget;
  }

  /** The message, valid when `isWhole`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** The length that the prefix announces. */
  get announcedBytes(): number {
    const p = this.#prefix;
    return ((p[1]! << 24) | (p[2]! << 16) | (p[3]! << 8) | p[4]!) >>> 0;
  }

  get isEmpty(): boolean {
    return this.#prefixBytes === 0;
  }

  get isWhole(): boolean {
    return this.#prefixBytes === MESSAGE_PREFIX_BYTES && this.#filled === this.announcedBytes;
  }

  /** Takes of `source[start, end)` what the message still lacks. Returns the position behind it, or minus a fault. */
  fill(source: Buffer, start: number, end: number): number {
    let position = start;
    while (this.#prefixBytes < MESSAGE_PREFIX_BYTES && position < end) {
      this.#prefix[this.#prefixBytes++] = source[position++]!;
    }
    if (this.#prefixBytes < MESSAGE_PREFIX_BYTES) return position;
    if (this.#prefix[0] !== 0) return -MessageFault.Compressed;
    const announcedBytes = this.announcedBytes;
    if (announcedBytes > Limits.messageBytesMax) return -MessageFault.TooLong;
    const count = Math.min(end - position, announcedBytes - this.#filled);
    if (!this.#reserve(this.#filled + count, announcedBytes)) return -MessageFault.BudgetExceeded;
    source.copy(this.#bytes, this.#filled, position, position + count);
    this.#filled += count;
    return position + count;
  }

  /** Gives the memory back and begins anew. */
  reset(): void {
    this.#budget.giveBack(this.#bytes.length);
    this.#bytes = EMPTY;
    this.#filled = 0;
    this.#prefixBytes = 0;
  }

  #reserve(bytes: number, announcedBytes: number): boolean {
    if (bytes <= this.#bytes.length) return true;
    const size = Math.min(announcedBytes, Math.max(bytes, this.#bytes.length * 2, FIRST_BYTES));
    if (!this.#budget.take(size - this.#bytes.length)) return false;
    const grown = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(grown, 0, 0, this.#filled);
    this.#bytes = grown;
    return true;
  }
}
