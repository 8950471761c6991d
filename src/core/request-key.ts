/** Names up to this many bytes stand in a key as they are. The digest of a longer one is shorter than this. */
const PLAIN_NAME_BYTES_MAX = 64;
/** Request ids are shorter than this, so that it tells the keys with a digest from the others. */
const DIGESTED = 0x80;

/**
 * One string for a name and a request id. The id's length goes first, so that no other pair gives the same. Of a
 * long name only a digest of 64 bits stands in it, so that an id that is remembered keeps no long name in memory.
 *
 * `seed`: what clients cannot know, so that they cannot choose names with one digest.
 */
export function requestKey(name: string, requestId: string, seed: number): string {
  const { length } = requestId;
  if (name.length <= PLAIN_NAME_BYTES_MAX) return String.fromCharCode(length) + requestId + name;
  return String.fromCharCode(length | DIGESTED) + requestId + digest(name, seed);
}

/** The request id that a key was made of. */
export function requestIdIn(key: string): string {
  return key.slice(1, 1 + (key.charCodeAt(0) & ~DIGESTED));
}

/** The most bytes that the key of this pair takes: exactly so many while the name stands in it as it is. */
export function requestKeyBytesMax(name: string, requestId: string): number {
  return 1 + requestId.length + Math.min(name.length, PLAIN_NAME_BYTES_MAX);
}

/** Two hashes with different multipliers over the same characters, each folded into the other at the end (cyrb53). */
function digest(name: string, seed: number): string {
  let one = seed ^ 0xdeadbeef;
  let two = seed ^ 0x41c6ce57;
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i);
    one = Math.imul(one ^ byte, 0x9e3779b1);
    two = Math.imul(two ^ byte, 0x5f356495);
  }
  const high = Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(two ^ (two >>> 13), 0xc2b2ae35);
  const low = Math.imul(two ^ (two >>> 16), 0x85ebca6b) ^ Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return `${name.length} ${high} ${low}`;
}
