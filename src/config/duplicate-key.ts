/**
 * Finds the first key that an object of a JSON text has twice, which JSON.parse takes the last one of. Escape sequences
 * make no other key of one.
 *
 * @param json is valid
 * @returns where that key begins; -1 where there is none
 */
export function findDuplicateKey(json: string): number {
  const marks = /[\\"{}]/g;
  const openObjects: Set<string>[] = [];
  let textStart = -1;
  for (let mark = marks.exec(json); mark !== null; mark = marks.exec(json)) {
    const { 0: token, index } = mark;
    if (token === '\\') marks.lastIndex++;
    else if (token === '"' && textStart < 0) textStart = index;
    else if (token === '"') {
      if (isKeyThatEndsAt(json, index) && !isNew(json.slice(textStart, index + 1), openObjects.at(-1)!))
        return textStart;
      textStart = -1;
    } else if (textStart < 0 && token === '{') openObjects.push(new Set());
    else if (textStart < 0) openObjects.pop();
  }
  return -1;
}

/** A string is a key where a colon stands behind it. */
function isKeyThatEndsAt(json: string, index: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = index + 1;
  return colon.test(json);
}

function isNew(text: string, keys: Set<string>): boolean {
  return keys.size < keys.add(String(JSON.parse(text))).size;
}
