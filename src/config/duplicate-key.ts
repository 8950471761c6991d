/** A string, of which the colon behind it makes a key, or a brace that opens or closes an object. */
const KEYS_AND_BRACES = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g;

/**
 * Finds the first key that an object of a JSON text has twice, which JSON.parse takes the last one of. Escape sequences
 * make no other key of one.
 *
 * @param json is valid
 * @returns where that key begins; -1 where there is none
 */
export function findDuplicateKey(json: string): number {
  const openObjects: Set<string>[] = [];
  for (const { 0: token, 1: text, 2: colon, index } of json.matchAll(KEYS_AND_BRACES)) {
    if (token === '{') openObjects.push(new Set());
    if (token === '}') openObjects.pop();
    if (text === undefined || colon === undefined) continue;
    const keys = openObjects.at(-1)!;
    const key = String(JSON.parse(text));
    if (keys.has(key)) return index;
    keys.add(key);
  }
  return -1;
}
