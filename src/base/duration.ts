import { LdlmServerError } from '../contract/server-error.ts';

/** A text that is no duration in Go's syntax. The message is the one that Go's `time.ParseDuration` gives. */
export class DurationSyntaxError extends LdlmServerError {
  constructor(message: string) {
    super('LDLM_DURATION_SYNTAX', `time: ${message}`);
  }
}

const unitNs: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n], // the micro sign
  ['\u03bcs', 1_000n], // the Greek letter mu
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const nsPerMs = 1_000_000n;

/** Go counts durations in signed 64-bit nanoseconds; only the negative side reaches 2^63. */
const magnitudeMaxNs = 2n ** 63n;

/** One number with its unit: whole digits, fraction digits (with the dot), everything up to the next number. */
const componentPattern = /([0-9]*)(\.[0-9]*)?([^0-9.]*)/y;

/**
 * Reads a duration as Go's `time.ParseDuration` does: numbers with units (`ns us µs ms s m h`), each with an
 * optional fraction, after an optional sign: `300ms`, `1h30m`, `-1.5s`. The bare `0` needs no unit.
 *
 * @returns milliseconds, with fractions down to the nanosecond.
 * @throws DurationSyntaxError with Go's text, also beyond the range of 64-bit nanoseconds (292 years).
 */
export function parseDurationMs(text: string): number {
  const negative = text.startsWith('-');
  const unsigned = negative || text.startsWith('+') ? text.slice(1) : text;
  if (unsigned === '0') return 0;
  const magnitude = unsigned === '' ? null : sumComponentsNs(unsigned, text);
  if (magnitude === null || magnitude > magnitudeMaxNs || (magnitude === magnitudeMaxNs && !negative)) {
    throw new DurationSyntaxError(`invalid duration ${quote(text)}`);
  }
  // In two parts, because beyond 104 days the nanoseconds are more than a number counts exactly.
  const ms = Number(magnitude / nsPerMs) + Number(magnitude % nsPerMs) / 1e6;
  return negative && ms !== 0 ? -ms : ms;
}

/** The sum of all components, or null when the text is not a sequence of them. `whole` is what messages quote. */
function sumComponentsNs(unsigned: string, whole: string): bigint | null {
  let totalNs = 0n;
  componentPattern.lastIndex = 0;
  while (componentPattern.lastIndex < unsigned.length) {
    const [, digits = '', fraction = '', unit = ''] = componentPattern.exec(unsigned) ?? [];
    if (digits === '' && fraction.length < 2) return null;
    if (BigInt(digits) > magnitudeMaxNs) return null;
    if (unit === '') throw new DurationSyntaxError(`missing unit in duration ${quote(whole)}`);
    const ns = unitNs.get(unit);
    if (ns === undefined) {
      throw new DurationSyntaxError(`unknown unit ${quote(unit)} in duration ${quote(whole)}`);
    }
    totalNs += BigInt(digits) * ns + fractionNs(fraction, ns);
    if (totalNs > magnitudeMaxNs) return null;
  }
  return totalNs;
}

/**
 * The digits after the dot, in nanoseconds, rounded towards zero. Computed in floating point because Go does so,
 * which makes a third of an hour, written with enough threes, exactly 20 minutes.
 */
function fractionNs(fraction: string, unit: bigint): bigint {
  // As many digits as fit 63 bits; the rest is dropped.
  const most = fraction.slice(1, 20);
  const digits = BigInt(most) > magnitudeMaxNs ? most.slice(0, 18) : most;
  return BigInt(Math.trunc(Number(digits) * (Number(unit) / 10 ** digits.length)));
}

/** Go's quoting of a duration in messages: what is not printable ASCII becomes `\x` and the hex of each byte. */
function quote(text: string): string {
  let quoted = '"';
  for (const character of text) {
    if (character >= ' ' && character < '\u0080') {
      quoted += character === '"' || character === '\\' ? `\\${character}` : character;
    } else {
      for (const byte of new TextEncoder().encode(character)) {
        quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
      }
    }
  }
  return `${quoted}"`;
}

/**
 * Writes milliseconds in the form of Go's `Duration.String`: `1h30m0s`, `1.5s`, `300ms`, `0s`. What it writes,
 * {@link parseDurationMs} reads as the same number of nanoseconds, up to 49 days.
 */
export function formatDuration(ms: number): string {
  const wholeMs = Math.trunc(Math.abs(ms));
  const ns = BigInt(wholeMs) * nsPerMs + BigInt(Math.round((Math.abs(ms) - wholeMs) * 1e6));
  const sign = ms < 0 && ns > 0n ? '-' : '';
  if (ns === 0n) return '0s';
  if (ns < 1_000n) return `${sign}${ns}ns`;
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 3)}\u00b5s`;
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 6)}ms`;
  const minutes = ns / 60_000_000_000n;
  const seconds = `${decimal(ns % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value / 10^places` in decimal, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  const whole = digits.slice(0, -places);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
