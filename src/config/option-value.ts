import { formatDuration, parseDurationMs } from '../base/duration.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import { ConfigError } from './config-error.ts';
import type { OptionKind, OptionRow, OptionValue } from './option-table.ts';

/** Puts a parser's reason into the words of the place where the value stood. */
export type ExplainSyntax = (row: OptionRow, text: string, reason: string) => string;

/**
 * Reads the text of an option's value, as a flag, a variable and a key in a file all give it, and checks its range.
 *
 * @throws ConfigError
 */
export function parseOptionValue(row: OptionRow, text: string, explain: ExplainSyntax): OptionValue {
  const value = parseOptionText(row, text, explain);
  checkOptionValue(row, value, text);
  return value;
}

/**
 * Reads the text without a look at the range.
 *
 * @throws ConfigError with the reason of Go's parser, as LDLM shows it.
 */
export function parseOptionText(row: OptionRow, text: string, explain: ExplainSyntax): OptionValue {
  try {
    return parseKind(row.kind, text);
  } catch (error) {
    if (!(error instanceof LdlmServerError)) throw error;
    throw new ConfigError(explain(row, text, error.message), { cause: error });
  }
}

function parseKind(kind: OptionKind, text: string): OptionValue {
  switch (kind.type) {
    case 'duration':
      return parseDurationMs(text);
    case 'uint':
      return parseUint(text);
    case 'bool':
      return parseBool(text);
    default:
      return text;
  }
}

/** Decimal digits up to 32 bits, as Go's `strconv.ParseUint` reads them. */
function parseUint(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw syntaxError('ParseUint', text, 'invalid syntax');
  const value = Number(text);
  if (value > 0xffff_ffff) throw syntaxError('ParseUint', text, 'value out of range');
  return value;
}

/** The spellings that Go's `strconv.ParseBool` takes, and no others: `yes` and `tRUE` are refused. */
function parseBool(text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw syntaxError('ParseBool', text, 'invalid syntax');
}

function syntaxError(parser: string, text: string, reason: string): ConfigError {
  return new ConfigError(`strconv.${parser}: parsing ${JSON.stringify(text)}: ${reason}`);
}

/**
 * Checks that a value has its option's type and lies in its range.
 *
 * @param shown how the value was written, for the message.
 * @throws ConfigError naming the option, what is allowed and what was given; of a secret only its length.
 */
export function checkOptionValue(
  row: OptionRow,
  value: unknown,
  shown: string = showValue(value),
): asserts value is OptionValue {
  if (isAllowed(row.kind, value)) return;
  // LDLM's own text, without the value.
  if (row.name === 'log_level') {
    throw new ConfigError(`log_level must be ${describeAllowed(row.kind)}`);
  }
  const given = row.kind.type === 'secret' && typeof value === 'string' ? `one of ${bytesOf(value)}` : shown;
  throw new ConfigError(`${row.name} must be ${describeAllowed(row.kind)}, got ${given}`);
}

function isAllowed(kind: OptionKind, value: unknown): boolean {
  switch (kind.type) {
    case 'duration':
      return typeof value === 'number' && value >= kind.minMs && value <= kind.maxMs;
    case 'uint':
      return Number.isInteger(value) && Number(value) >= kind.min && Number(value) <= kind.max;
    case 'bool':
      return typeof value === 'boolean';
    case 'choice':
      return typeof value === 'string' && kind.choices.includes(value);
    case 'secret':
      return typeof value === 'string' && bytesOf(value) <= kind.bytesMax && fitsHeader(value);
    default:
      return typeof value === 'string';
  }
}

function describeAllowed(kind: OptionKind): string {
  switch (kind.type) {
    case 'duration': {
      const most = formatDuration(kind.maxMs);
      if (kind.minMs === Number.NEGATIVE_INFINITY) return `a duration of at most ${most}`;
      return `a duration between ${formatDuration(kind.minMs)} and ${most}`;
    }
    case 'uint':
      return `a whole number between ${kind.min} and ${kind.max}`;
    case 'choice':
      return `one of ${kind.choices.join(', ')}`;
    case 'secret':
      return `a text of at most ${kind.bytesMax} bytes, without control characters and without blanks at its ends`;
    case 'bool':
      return 'true or false';
    default:
      return 'a text';
  }
}

/** Whether clients can send it: a header field loses the blanks around its value, and has no control characters in it. */
function fitsHeader(text: string): boolean {
  return !/^ | $|\p{Cc}/u.test(text);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

function showValue(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
