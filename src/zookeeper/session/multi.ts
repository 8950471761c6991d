import { refusalOf } from '../server-refusal.ts';
import type { JuteReader } from '../wire/jute-reader.ts';
import type { JuteWriter } from '../wire/jute-writer.ts';
import { OpCode } from '../wire/op-code.ts';
import { readStat, type Stat } from '../wire/records.ts';
import { MalformedReplyError, type ZooKeeperError } from '../zookeeper-error.ts';
import type { RequestPath } from './operations.ts';
import type { RequestParts } from './request.ts';

/** One operation of a multi, ready to be written. */
export interface MultiPart {
  readonly op: number;
  /** The node, as the client calls it: for errors. */
  readonly path: string;
  write(writer: JuteWriter): void;
}

/** What one of them did. `path` is that of a created node, by the server. */
interface MultiResult {
  readonly path: string | null;
  readonly stat: Stat | null;
}

/** A multi failed, and did nothing: why, for each of its operations; null for those that were not to blame. */
interface MultiFailure {
  readonly errors: readonly (ZooKeeperError | null)[];
}

export type MultiReply = { readonly results: readonly MultiResult[] } | MultiFailure;

const NOT_TO_BLAME: readonly number[] = [0, -2];

export function multi(parts: readonly MultiPart[]): RequestParts<MultiReply> {
  return {
    op: OpCode.Multi,
    path: parts[0]?.path ?? '',
    isRead: false,
    write: (writer) => {
      for (const part of parts) {
        writeHeader(writer, part.op, false);
        part.write(writer);
      }
      writeHeader(writer, -1, true);
    },
    read: (reader) => readReply(reader, parts),
  };
}

export function check(path: RequestPath, version: number): MultiPart {
  return {
    op: OpCode.Check,
    path: path.client,
    write: (writer) => {
      writer.string(path.server);
      writer.int(version);
    },
  };
}

function writeHeader(writer: JuteWriter, op: number, isDone: boolean): void {
  writer.int(op);
  writer.bool(isDone);
  writer.int(-1);
}

function readReply(reader: JuteReader, parts: readonly MultiPart[]): MultiReply {
  const results: MultiResult[] = [];
  const errors: (ZooKeeperError | null)[] = [];
  for (const { path } of parts) {
    const op = reader.int();
    reader.bool();
    reader.int();
    if (op === OpCode.Error) errors.push(errorOf(reader.int(), path));
    else results.push(readResult(reader, op));
  }
  return errors.length > 0 ? { errors } : { results };
}

function errorOf(zooKeeperCode: number, path: string): ZooKeeperError | null {
  return NOT_TO_BLAME.includes(zooKeeperCode) ? null : refusalOf(zooKeeperCode, path);
}

function readResult(reader: JuteReader, op: number): MultiResult {
  switch (op) {
    case OpCode.Create:
      return { path: reader.string(), stat: null };
    case OpCode.Create2:
    case OpCode.CreateContainer:
    case OpCode.CreateTtl:
      return { path: reader.string(), stat: readStat(reader) };
    case OpCode.SetData:
      return { path: null, stat: readStat(reader) };
    case OpCode.Delete:
    case OpCode.Check:
      return { path: null, stat: null };
    default:
      throw new MalformedReplyError(`operation ${op} in the reply to a multi`);
  }
}
