import { type Document, type ErrorCode, LineCounter, parseDocument, visit } from 'yaml';
import { JsonCursor } from '../protocol/rest/json-cursor.ts';
import { ConfigError } from './config-error.ts';
import { findDuplicateKey } from './duplicate-key.ts';
import { optionRows } from './option-table.ts';

/**
 * Makes values of the JSON of a configuration file; of an empty one an empty map.
 *
 * Errors, here and in YAML, say what is wrong and where, and quote nothing: the file may have the password in it, and
 * what is printed at a start that fails goes into logs.
 *
 * @throws ConfigError
 */
export function parseConfigJson(text: string): unknown {
  if (text.trim() === '') return {};
  const values = parseJson(text);
  const second = findDuplicateKey(text);
  if (second !== -1) {
    const place = placeBehind(text.slice(0, second));
    throw placedError(describeDuplicate(text, second), 'DUPLICATE_KEY', place);
  }
  return values;
}

/**
 * Makes values of the YAML of a configuration file. Plain scalars keep the text that stands in the file, so that the
 * password 0123 is not the number 123.
 *
 * @throws ConfigError
 */
export function parseConfigYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  // The library prints warnings, too, and those quote keys.
  const document = parseDocument(text, { lineCounter, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) {
    const { code, pos, linePos } = error;
    const reason = code === 'DUPLICATE_KEY' ? describeDuplicate(text, pos[0]) : YAML_REASONS[code];
    throw placedError(reason, code, linePos?.[0]);
  }
  checkAliases(document, lineCounter);
  visit(document, {
    Scalar(_key, node) {
      if (node.value !== null && node.source !== undefined) node.value = node.source;
    },
  });
  try {
    return document.toJS() ?? {};
  } catch {
    throw syntaxError('the YAML has too many aliases, or some that stand for themselves');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw syntaxError(`this is not valid JSON, from ${formatPlace(placeOfFault(text))} on`);
  }
}

/** JSON.parse says where only for some faults, and quotes the text around all others. */
function placeOfFault(text: string): Place {
  const bytes = Buffer.from(text);
  const cursor = new JsonCursor();
  cursor.open(bytes, 0, bytes.length);
  if (cursor.skipValue(0)) cursor.next();
  return placeBehind(bytes.toString('utf8', 0, cursor.position));
}

/** The key that begins here is named where options have that name, or a part of it: anything else could be a secret. */
function describeDuplicate(text: string, start: number): string {
  const [, key = ''] = /^["']?(\w+)["']?\s*:/.exec(text.slice(start)) ?? [];
  const isKnown = optionRows.some(({ name }) => `_${name}_`.includes(`_${key}_`));
  return isKnown ? `the key ${key} is there twice` : YAML_REASONS.DUPLICATE_KEY;
}

/** The library tells of these only when it makes values, and then quotes them. */
function checkAliases(document: Document, lineCounter: LineCounter): void {
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) !== undefined) return;
      const reason =
        'a value that begins with * stands for an earlier one, and there is none: else it needs quotes';
      throw placedError(reason, 'BAD_ALIAS', lineCounter.linePos(node.range?.[0] ?? 0));
    },
  });
}

/** What is wrong, for each of the library's codes. */
const YAML_REASONS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias has no tag or anchor',
  BAD_ALIAS: 'this is no alias',
  BAD_COLLECTION_TYPE: 'the tag does not fit what it stands before',
  BAD_DIRECTIVE: 'this is no directive',
  BAD_DQ_ESCAPE: 'no such escape sequence stands between double quotes',
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  BAD_PROP_ORDER: 'a tag or an anchor stands in the wrong place',
  BAD_SCALAR_START: 'a value that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a map begins on the line of another one: a value with a colon and a blank in it needs quotes',
  BLOCK_IN_FLOW: 'no block stands between brackets',
  DUPLICATE_KEY: 'the key is there twice',
  IMPOSSIBLE: 'this cannot be read',
  KEY_OVER_1024_CHARS: 'the key is too long',
  MISSING_CHAR: 'a quote, a bracket or a colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line',
  MULTIPLE_ANCHORS: 'a value has one anchor at most',
  MULTIPLE_DOCS: 'the file holds one document',
  MULTIPLE_TAGS: 'a value has one tag at most',
  NON_STRING_KEY: 'the key is no text',
  RESOURCE_EXHAUSTION: 'there are too many aliases',
  TAB_AS_INDENT: 'lines are indented by blanks, not by tabs',
  TAG_RESOLVE_FAILED: 'the tag is not known, or does not fit its value',
  UNEXPECTED_TOKEN:
    'nothing more was expected here: text behind a closing quote or bracket, or a missing comma',
};

interface Place {
  readonly line: number;
  readonly col: number;
}

/** By the library's codes, also for JSON: who knows them from YAML finds them again. */
function placedError(reason: string, code: ErrorCode, place: Place | undefined): ConfigError {
  return syntaxError(`${reason}${place === undefined ? '' : `, at ${formatPlace(place)}`} (${code})`);
}

/** Where a text goes on behind these characters of it. */
function placeBehind(text: string): Place {
  const lines = text.split('\n');
  return { line: lines.length, col: lines.at(-1)!.length + 1 };
}

function formatPlace({ line, col }: Place): string {
  return `line ${line}, column ${col}`;
}

/** Without the library's error as its cause, because that one quotes the file. */
function syntaxError(reason: string): ConfigError {
  return new ConfigError(`error parsing config file: ${reason}`);
}
