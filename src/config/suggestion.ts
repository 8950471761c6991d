/**
 * The candidate that somebody who typed `word` most likely meant, or null when none is near: one slip of the
 * finger for every five letters, and one more.
 */
export function suggestName(word: string, candidates: Iterable<string>): string | null {
  let nearest: string | null = null;
  let nearestDistance = 2 + Math.floor(word.length / 5);
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** Levenshtein's distance: how many letters must be put in, taken out or replaced to turn one word into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
