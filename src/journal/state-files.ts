import { LockCommand } from '../core/command.ts';
import type { LockCore } from '../core/lock-core.ts';
import { FencingToken } from '../core/sink.ts';
import { parseLockKey } from '../protocol/protobuf/lock-key-text.ts';
import { BatchKind, HEADER_BYTES } from './batch-header.ts';
import type { DataFileId } from './compaction.ts';
import { type Disk, type DiskFile, writeFully } from './disk.ts';
import { JournalFile } from './journal-file.ts';
import { decodeLdlmState } from './ldlm-state-file.ts';
import { dataPath, decodeManifest, encodeManifest, looksLikeManifest, type Manifest } from './manifest.ts';
import { RecordWriter } from './record-writer.ts';
import { repairDataFiles } from './repair-state.ts';
import { replayFile } from './replay.ts';
import { RoutingRestorer } from './routing-restorer.ts';
import { describeTail, TORN_TAIL_NOTICE } from './scan.ts';
import { Snapshot } from './snapshot.ts';
import { damagedFile, StateFileError } from './state-error.ts';

/** Something that happened to a state file at start and that its owner should know. */
export type StateNotice = (message: string, attributes: Readonly<Record<string, string | number>>) => void;

export interface StateFilesOptions {
  readonly disk: Disk;
  /** The manifest. Data files lie beside it. */
  readonly path: string;
  readonly shards: number;
  /** The seed of a state that begins: random, and unknown to clients. */
  readonly newSeed: number;
  /** Cut damaged data files where the damage begins, instead of refusing them. */
  readonly repair: boolean;
  readonly nowMs: number;
  readonly notice: StateNotice;
}

/** The files of a state that is ready to be read: one for each shard. */
export interface StateFiles {
  readonly hashSeed: number;
  readonly data: readonly DataFileId[];
}

/**
 * Finds the data files of a state, or makes them: for a new state, for one of LDLM's, and for another number of shards
 * than before. What is made is written whole, as a new generation, before the manifest names it; whatever ends the
 * process in between, the manifest names one that is whole.
 *
 * @throws StateFileError
 */
export function openStateFiles(options: StateFilesOptions): StateFiles {
  const bytes = options.disk.exists(options.path)
    ? readStateFile(options.disk, options.path)
    : Buffer.alloc(0);
  if (bytes.length === 0) return beginState(options);
  if (!looksLikeManifest(bytes)) return importLdlmState(options, bytes);
  const manifest = decodeManifest(bytes, options.path);
  const files = filesOf(options.path, manifest);
  // The last process may have put a file in its place and not lived to sync the folder. What is written from now on
  // must not go with it.
  options.disk.syncFolderOf(options.path);
  if (options.repair) repairDataFiles(options.disk, files.data, options.notice);
  for (const { path } of files.data) {
    if (!options.disk.exists(path)) throw damagedFile(path, 0);
  }
  if (manifest.shards === options.shards) {
    removeOthers(options, manifest);
    return files;
  }
  return divideAnew(options, manifest, files);
}

/** The data files that a manifest names. */
export function filesOf(path: string, manifest: Manifest): StateFiles {
  const { generation, shards, hashSeed } = manifest;
  const data = Array.from({ length: shards }, (_, shard) => ({
    path: dataPath(path, generation, shard),
    generation,
    seed: hashSeed,
  }));
  return { hashSeed, data };
}

/** What a data file without a lock has at most: two batches, of the last token and the snapshot's end, and the footer. */
const EMPTY_STATE_BYTES = 3 * HEADER_BYTES + 64;

/** What the file has that a state is named by. */
export function readStateFile(disk: Disk, path: string): Buffer {
  const file = disk.open(path, false);
  try {
    return readAll(file);
  } finally {
    file.close();
  }
}

function readAll(file: DiskFile): Buffer {
  const bytes = Buffer.alloc(file.size());
  let at = 0;
  while (at < bytes.length) {
    const count = file.read(bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/** A state that begins. Data files of a state whose manifest is gone are not written over. */
function beginState(options: StateFilesOptions): StateFiles {
  const { shards, newSeed, nowMs } = options;
  refuseOrphans(options);
  const manifest = { generation: 1, shards, hashSeed: newSeed };
  return writeGeneration(options, manifest, new RoutingRestorer(shards, newSeed), nowMs);
}

/**
 * Refuses data files that no manifest names, unless they are what an end in the middle of their making has left: of a
 * state that began they hold no locks.
 */
function refuseOrphans(options: StateFilesOptions): void {
  const { disk, path } = options;
  for (const name of dataFilesBeside(options)) {
    if (usedBytesOf(disk, name) <= EMPTY_STATE_BYTES) continue;
    throw new StateFileError(
      'LDLM_STATE_DAMAGED',
      `${path} is missing, empty or not its own, but ${name} holds locks: put ${path} back, or move its data files away`,
    );
  }
}

/** All data files of any generation, with their folder. */
function dataFilesBeside({ disk, path }: StateFilesOptions): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const prefix = `${path.slice(folder.length)}.`;
  return disk
    .listBeside(path)
    .filter((name) => name.startsWith(prefix) && /^\d+\.\d+(\.new)?$/.test(name.slice(prefix.length)))
    .map((name) => folder + name);
}

/** Bytes up to the last that is not zero: a file that was extended ahead and never cut holds no more. */
function usedBytesOf(disk: Disk, path: string): number {
  const bytes = readStateFile(disk, path);
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  return used;
}

/** Removes what an end at the wrong moment has left: other generations, and files that are not whole. */
function removeOthers(options: StateFilesOptions, manifest: Manifest): void {
  const kept = new Set(filesOf(options.path, manifest).data.map(({ path }) => path));
  for (const path of dataFilesBeside(options)) if (!kept.has(path)) options.disk.remove(path);
}

function divideAnew(options: StateFilesOptions, manifest: Manifest, files: StateFiles): StateFiles {
  const { disk, shards, notice } = options;
  const restorer = new RoutingRestorer(shards, manifest.hashSeed, options.nowMs);
  let nowMs = 0;
  for (const id of files.data) {
    const file = disk.open(id.path, false);
    try {
      const scan = replayFile(file, id, restorer);
      if (scan.damagedOffset >= 0) throw damagedFile(id.path, scan.damagedOffset);
      if (scan.tornBytes > 0) notice(TORN_TAIL_NOTICE, describeTail(id.path, scan));
      nowMs = Math.max(nowMs, scan.nowMs);
    } finally {
      file.close();
    }
  }
  notice('the number of shards has changed: the state is divided anew', {
    from: manifest.shards,
    to: shards,
  });
  return writeGeneration(
    options,
    { ...manifest, generation: manifest.generation + 1, shards },
    restorer,
    nowMs,
  );
}

/** Takes over a state of LDLM's, which is kept as `PATH.ldlm`. */
function importLdlmState(options: StateFilesOptions, bytes: Buffer): StateFiles {
  const { disk, path, shards, newSeed, nowMs, notice } = options;
  const { sessions, skipped } = decodeLdlmState(bytes, path);
  const copyPath = `${path}.ldlm`;
  // With the copy there, data files are what an end in the middle of this has left.
  if (!disk.exists(copyPath) || !readStateFile(disk, copyPath).equals(bytes)) refuseOrphans(options);
  const restorer = new RoutingRestorer(shards, newSeed);
  const command = new LockCommand();
  const token = new FencingToken();
  let locks = 0;
  for (const session of sessions) {
    for (const lock of session.locks) {
      const key = Buffer.from(lock.key, 'latin1');
      parseLockKey(key, 0, key.length, command.key);
      command.name = lock.name;
      command.size = lock.size;
      token.low = ++locks;
      restorer.grant(command, token, 0, nowMs, Number.POSITIVE_INFINITY);
    }
  }
  for (const { name, reason } of skipped)
    notice('a lock of the LDLM state file was left out', { name, reason });
  writeWholeFile(disk, copyPath, bytes);
  notice('took over a state file of LDLM, which is kept', { path: copyPath, locks });
  return writeGeneration(options, { generation: 1, shards, hashSeed: newSeed }, restorer, nowMs);
}

/** Writes all data files of a generation, then names it. */
function writeGeneration(
  options: StateFilesOptions,
  manifest: Manifest,
  restorer: RoutingRestorer,
  nowMs: number,
): StateFiles {
  const { disk, path } = options;
  const files = filesOf(path, manifest);
  files.data.forEach((id, shard) => {
    const file = disk.open(id.path, true);
    try {
      writeDataFile(file, id, restorer.cores[shard]!, nowMs);
    } finally {
      file.close();
    }
  });
  writeManifest(disk, path, manifest);
  removeOthers(options, manifest);
  return files;
}

const SNAPSHOT_ROWS = 4096;

/** Writes a core as a whole data file. The footer makes every later change of it noticed. */
function writeDataFile(disk: DiskFile, id: DataFileId, core: LockCore, nowMs: number): void {
  const position = { offset: 0, sequence: 0, run: 1 };
  const file = new JournalFile(disk, position, id.generation, id.seed);
  const snapshot = new Snapshot(core);
  const records = new RecordWriter();
  while (!snapshot.done) {
    snapshot.step(records, SNAPSHOT_ROWS);
    file.append(BatchKind.Data, records.bytes, records.end, records.count, nowMs);
    records.clear();
  }
  file.sync();
  file.appendFooter(nowMs);
  file.trim();
  file.sync();
}

/** The manifest is replaced as a whole. Its folder is synced before as well: it must not name files that are not there. */
function writeManifest(disk: Disk, path: string, manifest: Manifest): void {
  const unfinished = `${path}.new`;
  writeWholeFile(disk, unfinished, encodeManifest(manifest));
  disk.syncFolderOf(path);
  disk.rename(unfinished, path);
  disk.syncFolderOf(path);
}

function writeWholeFile(disk: Disk, path: string, bytes: Buffer): void {
  const file = disk.open(path, true);
  try {
    writeFully(file, bytes, 0, bytes.length, 0);
    file.sync();
  } finally {
    file.close();
  }
}
