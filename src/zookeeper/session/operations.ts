import { isWithin } from '../node-path.ts';
import type { JuteWriter } from '../wire/jute-writer.ts';
import { ANY_WATCH, CreateFlag, type CreateMode, OpCode, WatchMode } from '../wire/op-code.ts';
import { type Acl, readAcls, readStat, type Stat, writeAcls } from '../wire/records.ts';
import type { RequestParts } from './request.ts';

/** The paths of a request: as the server is to have it, and as the client calls it. */
export interface RequestPath {
  readonly server: string;
  readonly client: string;
}

export interface CreateParts {
  readonly data: Uint8Array;
  readonly acl: readonly Acl[];
  readonly mode: CreateMode;
  readonly ttlMs: number;
}

/** The operation that makes a node of this kind and answers with its Stat. */
function createOp(mode: CreateMode): number {
  if (mode === 'container') return OpCode.CreateContainer;
  return mode === 'ttl' || mode === 'ttlSequential' ? OpCode.CreateTtl : OpCode.Create2;
}

/** @param toClient makes the path that the server answers with what the client calls it */
export function create(
  path: RequestPath,
  { data, acl, mode, ttlMs }: CreateParts,
  toClient: (path: string) => string,
): RequestParts<{ path: string; stat: Stat }> {
  return {
    op: createOp(mode),
    path: path.client,
    isRead: false,
    write: (writer) => {
      writer.string(path.server);
      writer.buffer(data);
      writeAcls(writer, acl);
      writer.int(CreateFlag[mode]);
      if (createOp(mode) === OpCode.CreateTtl) writer.long(BigInt(ttlMs));
    },
    read: (reader) => ({ path: toClient(reader.string()), stat: readStat(reader) }),
  };
}

export function remove(path: RequestPath, version: number): RequestParts<void> {
  return {
    op: OpCode.Delete,
    path: path.client,
    isRead: false,
    write: (writer) => {
      writer.string(path.server);
      writer.int(version);
    },
    read: () => {},
  };
}

export function setData(path: RequestPath, data: Uint8Array, version: number): RequestParts<Stat> {
  return {
    op: OpCode.SetData,
    path: path.client,
    isRead: false,
    write: (writer) => {
      writer.string(path.server);
      writer.buffer(data);
      writer.int(version);
    },
    read: readStat,
  };
}

/**
 * @param watches says when it is sent whether the server is to set a watch
 * @param answered is told before the reply of whether the node exists, so that a watch stands before its event comes
 */
export function exists(
  path: RequestPath,
  watches: () => boolean,
  answered: (doesExist: boolean) => void,
): RequestParts<Stat | null> {
  return {
    op: OpCode.Exists,
    path: path.client,
    isRead: true,
    write: (writer) => writeRead(writer, path, watches),
    read: (reader) => {
      answered(true);
      return readStat(reader);
    },
    refused: (zooKeeperCode) => {
      if (zooKeeperCode !== NO_NODE) return undefined;
      answered(false);
      return null;
    },
  };
}

export function getData(
  path: RequestPath,
  watches: () => boolean,
  answered: () => void,
): RequestParts<{ data: Buffer; stat: Stat }> {
  return {
    op: OpCode.GetData,
    path: path.client,
    isRead: true,
    write: (writer) => writeRead(writer, path, watches),
    read: (reader) => {
      answered();
      return { data: reader.buffer(), stat: readStat(reader) };
    },
  };
}

export function getChildren(
  path: RequestPath,
  watches: () => boolean,
  answered: () => void,
): RequestParts<{ children: string[]; stat: Stat }> {
  return {
    op: OpCode.GetChildren2,
    path: path.client,
    isRead: true,
    write: (writer) => writeRead(writer, path, watches),
    read: (reader) => {
      answered();
      return { children: reader.strings(), stat: readStat(reader) };
    },
  };
}

export function sync(path: RequestPath): RequestParts<void> {
  return {
    op: OpCode.Sync,
    path: path.client,
    isRead: true,
    write: (writer) => writer.string(path.server),
    read: () => {},
  };
}

export function getAcl(path: RequestPath): RequestParts<{ acl: Acl[]; stat: Stat }> {
  return {
    op: OpCode.GetAcl,
    path: path.client,
    isRead: true,
    write: (writer) => writer.string(path.server),
    read: (reader) => ({ acl: readAcls(reader), stat: readStat(reader) }),
  };
}

/** @param toClient makes the paths that the server answers with what the client calls them */
export function getEphemerals(path: RequestPath, toClient: (path: string) => string): RequestParts<string[]> {
  return {
    op: OpCode.GetEphemerals,
    path: path.client,
    isRead: true,
    write: (writer) => writer.string(path.server),
    // Servers compare texts, by which /ab is below /a.
    read: (reader) =>
      reader
        .strings()
        .filter((node) => isWithin(path.server, node))
        .map(toClient)
        .sort(),
  };
}

export function setAcl(path: RequestPath, acl: readonly Acl[], version: number): RequestParts<Stat> {
  return {
    op: OpCode.SetAcl,
    path: path.client,
    isRead: false,
    write: (writer) => {
      writer.string(path.server);
      writeAcls(writer, acl);
      writer.int(version);
    },
    read: readStat,
  };
}

/**
 * Sets a watch that stays. It is the connected server's alone.
 *
 * @param listener `asked` is told when it is sent, `answered` before the events that come behind the reply
 */
export function addWatch(
  path: RequestPath,
  mode: keyof typeof WatchMode,
  listener: { asked(): void; answered(): void },
): RequestParts<void> {
  return {
    op: OpCode.AddWatch,
    path: path.client,
    isRead: true,
    write: (writer) => {
      writer.string(path.server);
      writer.int(WatchMode[mode]);
      listener.asked();
    },
    read: () => listener.answered(),
  };
}

/** Has the connected server forget all watches of a node. */
export function removeWatches(path: RequestPath): RequestParts<void> {
  return {
    op: OpCode.RemoveWatches,
    path: path.client,
    isRead: true,
    write: (writer) => {
      writer.string(path.server);
      writer.int(ANY_WATCH);
    },
    read: () => {},
  };
}

const NO_NODE = -101;

function writeRead(writer: JuteWriter, path: RequestPath, watches: () => boolean): void {
  writer.string(path.server);
  writer.bool(watches());
}
