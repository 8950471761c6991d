/**
 * What must not reach a terminal as it is: control characters, and those that are invisible or change the direction of
 * others. A name with them could erase lines, retitle the window, or look like another name.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text of somebody else's with escapes in place of what could harm a terminal or break a line. */
export function showText(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT.get(character) ?? escapeOf(character));
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeOf(character: string): string {
  const code = character.codePointAt(0)!;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** JSON on one line in which the same characters are escaped, as JSON escapes them. */
export function showJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
