/** The static table of RFC 7541 Appendix A. Entry 1 comes first; index 0 is not used by the format. */
export const staticTable: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The number of entries; indexes above it name entries of the dynamic table. */
export const staticTableLength = 61;

/** Names and values by index, so that a lookup is one array load. */
export const staticNames: readonly string[] = ['', ...staticTable.map(([name]) => name)];
export const staticValues: readonly string[] = ['', ...staticTable.map(([, value]) => value)];

const firstIndexByName = new Map<string, number>();
for (let index = staticTableLength; index >= 1; index--) firstIndexByName.set(staticNames[index]!, index);

/** The lowest index whose entry has this name, or 0. Entries of equal name are neighbours. */
export function findStaticName(name: string): number {
  return firstIndexByName.get(name) ?? 0;
}

/** The index of the entry with this name and value, or 0. `nameIndex` is what `findStaticName` gave. */
export function findStaticField(nameIndex: number, value: string): number {
  if (nameIndex === 0) return 0;
  const name = staticNames[nameIndex];
  for (let index = nameIndex; staticNames[index] === name; index++) {
    if (staticValues[index] === value) return index;
  }
  return 0;
}
