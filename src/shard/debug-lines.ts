import type { LockKey } from '../core/lock-key.ts';

/** Where the debug lines of a shard go. */
export interface DebugLines {
  /** `session` is 0 when the line belongs to none. */
  debug(session: number, message: string, attributes: DebugAttributes): void;
}

/** Where a shard tells the operator of what is out of the ordinary. */
export interface Notices {
  /** `session` is 0, the default, when the line belongs to none. */
  notice(message: string, attributes: DebugAttributes, session?: number): void;
}

export type DebugAttributes = Readonly<Record<string, string | number | boolean | null>>;

const NAME_CHARACTERS_MAX = 256;

/** A name as a line shows it, given as a byte string: the text, cut where it is very long. */
export function shownName(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return text.length > NAME_CHARACTERS_MAX ? `${text.slice(0, NAME_CHARACTERS_MAX)}...` : text;
}

/** As much of a key as a line shows: its first 8 characters tell keys apart and unlock nothing. */
export function shownKey(key: LockKey): string {
  return (key.a >>> 0).toString(16).padStart(8, '0');
}
