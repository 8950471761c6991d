import { isUtf8 } from 'node:buffer';
import { Limits } from '../base/limits.ts';
import { LockKey } from '../core/lock-key.ts';
import { readByteString } from '../protocol/protobuf/byte-string.ts';
import { parseLockKey } from '../protocol/protobuf/lock-key-text.ts';
import { readVarint, type Words } from '../protocol/protobuf/varint.ts';
import { foreignFile } from './state-error.ts';

/** What LDLM's own state file holds: locks that are held, without their timeouts. */
export interface LdlmState {
  readonly sessions: readonly LdlmSession[];
  /** Locks that are left out, in the file's order. */
  readonly skipped: readonly SkippedLock[];
}

export interface LdlmSession {
  /** Byte string. The session ended with the server that wrote the file. */
  readonly sessionId: string;
  readonly locks: readonly LdlmLock[];
}

interface LdlmLock {
  /** Byte string. */
  readonly name: string;
  /** A UUID in lower case. */
  readonly key: string;
  readonly size: number;
}

interface SkippedLock {
  /** For people to read: cut short when it is long. */
  readonly name: string;
  readonly reason: string;
}

/** A lock as it stands in the file. */
interface LockEntry {
  readonly session: number;
  /** Byte strings. */
  readonly name: string;
  readonly key: string;
  /** The four bytes, as an unsigned number. */
  readonly sizeWord: number;
}

/** Every list ends with these four bytes. */
const TERMINATOR = 0x0101_0101;
const NAME_BYTES_SHOWN = 100;

/**
 * Reads LDLM's own state file, as its current versions write it: a list of sessions, each an id and a list of
 * locks, each a name, a key and a size. A list is the number of its elements as a varint, they, and
 * {@link TERMINATOR four bytes}; a text is its length as a varint and its bytes; a size is four bytes, little-endian.
 *
 * Locks that this server cannot keep are {@link LdlmState.skipped}. LDLM forgets to remove a lock that was unlocked
 * after a restart, so a file may hold more holders of a lock than it has room for. Nothing tells which of them are
 * left over: those that come first are kept.
 *
 * @param path named in errors
 * @throws StateFileError LDLM_STATE_FOREIGN when the file has another layout, also behind its end
 */
export function decodeLdlmState(bytes: Uint8Array, path: string): LdlmState {
  const { sessionIds, entries } = new LayoutReader(bytes, path).read();
  const locks: LdlmLock[][] = sessionIds.map(() => []);
  const skipped: SkippedLock[] = [];
  const coding = new SizeCoding(entries);
  const admission = new Admission();
  for (const entry of entries) {
    const { session, name, key } = entry;
    const lock = { name, key, size: coding.sizeOf(entry) };
    const reason = whyUnfit(lock) ?? admission.admit(lock);
    if (reason === null) locks[session]!.push(lock);
    else skipped.push({ name: readableName(name), reason });
  }
  return { sessions: sessionIds.map((sessionId, i) => ({ sessionId, locks: locks[i]! })), skipped };
}

/**
 * What the four bytes of a size say. LDLM's serialiser changed that without a mark in the file: up to its version 1.1.7
 * a size of 1 was `02 00 00 00` (zigzag), since then it is `01 00 00 00`. All sizes are positive, so one that is odd
 * shows a file of the later coding.
 *
 * With even ones alone a file is taken for one of the earlier, most of which hold nothing but locks of size 1. Of a
 * lock that has more holders than half its number that number is the size nevertheless: better a size that clients
 * find wrong until the lock is free than a holder who is forgotten.
 *
 * Source: https://github.com/deneonet/benc/issues/13
 */
class SizeCoding {
  readonly #isZigZag: boolean;
  /** Names of locks that half their number is too small for. */
  readonly #crowded = new Set<string>();

  constructor(entries: readonly LockEntry[]) {
    this.#isZigZag = entries.every(({ sizeWord }) => sizeWord % 2 === 0);
    if (!this.#isZigZag) return;
    const holders = new Map<string, number>();
    for (const { name, sizeWord } of entries) {
      const count = (holders.get(name) ?? 0) + 1;
      holders.set(name, count);
      if (count > sizeWord / 2) this.#crowded.add(name);
    }
  }

  sizeOf({ name, sizeWord }: LockEntry): number {
    return this.#isZigZag && !this.#crowded.has(name) ? sizeWord >>> 1 : sizeWord | 0;
  }
}

const parsedKey = new LockKey();

/** Why this server cannot have such a lock, null when it can. */
function whyUnfit({ name, key, size }: LdlmLock): string | null {
  if (name === '') return 'its name is empty';
  if (name.length > Limits.nameBytesMax) return `its name is longer than ${Limits.nameBytesMax} bytes`;
  if (!isUtf8(Buffer.from(name, 'latin1'))) return 'its name is not UTF-8';
  if (!parseLockKey(Buffer.from(key, 'latin1'), 0, key.length, parsedKey))
    return 'its key is no UUID in lower case';
  return size > 0 ? null : 'its size is not positive';
}

function readableName(name: string): string {
  return Buffer.from(name.slice(0, NAME_BYTES_SHOWN), 'latin1').toString();
}

/** A lock's holders so far. Most locks have one, for which a set would be a waste. */
interface Holders {
  readonly size: number;
  readonly firstKey: string;
  moreKeys: Set<string> | null;
}

/** Lets holders in as long as there is room for them. */
class Admission {
  readonly #holders = new Map<string, Holders>();

  /** Why a lock has no place beside those before it, null when it has one. */
  admit({ name, key, size }: LdlmLock): string | null {
    const holders = this.#holders.get(name);
    if (holders === undefined) {
      this.#holders.set(name, { size, firstKey: key, moreKeys: null });
      return null;
    }
    if (holders.firstKey === key || holders.moreKeys?.has(key)) return 'the same holder came before';
    if (holders.size !== size) return `its size is ${size}, but was ${holders.size} before`;
    holders.moreKeys ??= new Set();
    if (1 + holders.moreKeys.size === size) return `as many holders as its size of ${size} came before`;
    holders.moreKeys.add(key);
    return null;
  }
}

/** Takes a file apart. No number in it is trusted: nothing is made room for before its bytes are there. */
class LayoutReader implements Words {
  low = 0;
  high = 0;
  readonly #bytes: Buffer;
  readonly #path: string;
  #at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
  }

  read(): { sessionIds: string[]; entries: LockEntry[] } {
    const sessionIds: string[] = [];
    const entries: LockEntry[] = [];
    for (let sessions = this.#number(); sessions > 0; sessions--) {
      const session = sessionIds.push(this.#text()) - 1;
      for (let locks = this.#number(); locks > 0; locks--) {
        entries.push({ session, name: this.#text(), key: this.#text(), sizeWord: this.#word() });
      }
      this.#endList();
    }
    this.#endList();
    if (this.#at < this.#bytes.length) throw this.#foreign(this.#at, 'more follows the end');
    return { sessionIds, entries };
  }

  #number(): number {
    const end = readVarint(this.#bytes, this.#at, this.#bytes.length, this);
    if (end < 0 || this.high !== 0) throw this.#foreign(this.#at, 'no number');
    this.#at = end;
    return this.low >>> 0;
  }

  /** A byte string. */
  #text(): string {
    const at = this.#at;
    const length = this.#number();
    if (length > this.#bytes.length - this.#at) throw this.#foreign(at, 'a text longer than the file');
    const start = this.#at;
    this.#at += length;
    return readByteString(this.#bytes, start, this.#at);
  }

  #word(): number {
    const at = this.#at;
    if (at + 4 > this.#bytes.length) throw this.#foreign(at, 'cut short');
    this.#at = at + 4;
    return this.#bytes.readUInt32LE(at);
  }

  #endList(): void {
    const at = this.#at;
    if (this.#word() !== TERMINATOR) throw this.#foreign(at, 'no end of a list');
  }

  #foreign(offset: number, reason: string): Error {
    return foreignFile(this.#path, offset, reason);
  }
}
