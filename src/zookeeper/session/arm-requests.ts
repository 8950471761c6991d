import { Limits } from '../../base/limits.ts';
import type { JuteWriter } from '../wire/jute-writer.ts';
import { OpCode } from '../wire/op-code.ts';
import type { AnyWatchKind, WatchRegistry } from './watch-registry.ts';

/** In the order in which requests list them. */
const ONCE = ['data', 'exists', 'children'] as const;
const PERSISTENT = ['persistent', 'persistentRecursive'] as const;

interface ArmRequest {
  readonly op: number;
  write(writer: JuteWriter): void;
}

/**
 * The requests that arm watches on a connection which does not have them, persistent ones last: see PersistentWatches.covers.
 * Those for one event that has happened after a transaction are told of it at once. Servers before 3.6 know persistent watches
 * as little as the request that lists them, so that is made only where there are some.
 *
 * @param path arms those of one node alone
 */
export function armRequests(watches: WatchRegistry, sinceZxid: bigint, path?: string): ArmRequest[] {
  const kinds: readonly AnyWatchKind[] = [...ONCE, ...PERSISTENT];
  const all = kinds.flatMap((kind) => watches.paths(kind).map((each) => ({ kind, path: each })));
  const wanted = path === undefined ? all : all.filter((watch) => watch.path === path);
  const requests: ArmRequest[] = [];
  for (let from = 0; from < wanted.length; ) {
    let [to, bytes] = [from, 0];
    do bytes += bytesOf(wanted[to++]!.path);
    while (to < wanted.length && bytes + bytesOf(wanted[to]!.path) <= Limits.zookeeperArmedBytesMax);
    const some = wanted.slice(from, to);
    from = to;
    const hasPersistent = some.some(({ kind }) => PERSISTENT.some((each) => each === kind));
    requests.push({
      op: hasPersistent ? OpCode.SetWatches2 : OpCode.SetWatches,
      write: (writer) => {
        writer.long(sinceZxid);
        for (const kind of hasPersistent ? kinds : ONCE)
          writer.strings(some.filter((watch) => watch.kind === kind).map((watch) => watch.path));
      },
    });
  }
  return requests;
}

function bytesOf(path: string): number {
  return 4 + Buffer.byteLength(path);
}
