/** The random part of a node's name. */
const ID = /(?<=_c_)[0-9a-f]{6,}(?:-[0-9a-f]{4,12})*/g;

/** Makes the random parts of names in a trace short, and the same in each run of a seed. */
export function shortenIds(trace: string[]): void {
  const ids = new Map<string, string>();
  for (const [at, line] of trace.entries()) trace[at] = line.replaceAll(ID, (id) => nameFor(ids, id));
}

function nameFor(ids: Map<string, string>, id: string): string {
  const name = ids.get(id) ?? `${ids.size + 1}`;
  ids.set(id, name);
  return name;
}
