const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time that passes, in its two largest units: `12 s`, `3 min 05 s`, `2 h 07 min`, `4 d 03 h`. */
export function formatAge(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE) return `${Math.floor(time / SECOND)} s`;
  if (time < HOUR) return `${Math.floor(time / MINUTE)} min ${twoDigits((time % MINUTE) / SECOND)} s`;
  if (time < DAY) return `${Math.floor(time / HOUR)} h ${twoDigits((time % HOUR) / MINUTE)} min`;
  return `${Math.floor(time / DAY)} d ${twoDigits((time % DAY) / HOUR)} h`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** A measured duration with two or three digits that count: `0.25 ms`, `12 ms`, `1.5 s`, `2.0 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${trimmed(ms, 2)} ms`;
  if (ms < 10) return `${trimmed(ms, 1)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${trimmed(ms / SECOND, ms < 10 * SECOND ? 1 : 0)} s`;
  if (ms < HOUR) return `${trimmed(ms / MINUTE, 1)} min`;
  return `${trimmed(ms / HOUR, 1)} h`;
}

/** A number that is read at a glance: `0`, `0.4`, `37`, `1,234`, `12.3k`, `4.5M`. */
export function formatCount(value: number): string {
  if (value < 10) return trimmed(value, 1);
  if (value < 10_000) return groupDigits(Math.round(value));
  if (value < 999_500) return `${trimmed(value / 1_000, value < 100_000 ? 1 : 0)}k`;
  return `${trimmed(value / 1_000_000, 1)}M`;
}

/** A whole number with commas between its thousands. */
export function groupDigits(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

function trimmed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.0+$/, '');
}

/** `1 lock`, `2 locks`. */
export function formatNumberOf(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Characters that are not seen, or that turn the direction of those around them: a name could pass for another one. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** A text from a client with every unseen character written out, cut behind `charactersMax`. */
export function visibleText(text: string, charactersMax = Number.POSITIVE_INFINITY): string {
  const isCut = text.length > charactersMax;
  const shown = (isCut ? text.slice(0, charactersMax) : text).replaceAll(UNSEEN, escaped);
  return isCut ? `${shown}…` : shown;
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
