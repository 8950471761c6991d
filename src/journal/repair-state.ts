import type { DataFileId } from './compaction.ts';
import { copyRange, type Disk, type DiskFile } from './disk.ts';
import { scanJournal } from './scan.ts';
import type { StateNotice } from './state-files.ts';

/**
 * Makes damaged data files readable again: of each the part before the damage stays, and the whole of it is kept
 * aside as `FILE.damaged`. What was decided behind the damage is lost; the locks of before come back as they were then.
 *
 * @throws what the disk throws
 */
export function repairDataFiles(disk: Disk, files: readonly DataFileId[], notice: StateNotice): void {
  for (const id of files) {
    if (disk.exists(id.path)) repairDataFile(disk, id, notice);
    else beginAnew(disk, id, notice);
  }
}

function beginAnew(disk: Disk, { path }: DataFileId, notice: StateNotice): void {
  disk.open(path, true).close();
  disk.syncFolderOf(path);
  notice('a state file is missing: its locks are lost', { path });
}

function repairDataFile(disk: Disk, id: DataFileId, notice: StateNotice): void {
  const file = disk.open(id.path, false);
  try {
    const { damagedOffset } = scanJournal(file, id.generation, id.seed, ignore);
    if (damagedOffset < 0) return;
    const lostBytes = file.size() - damagedOffset;
    const kept = freePath(disk, `${id.path}.damaged`);
    copyAside(disk, file, kept);
    file.truncate(damagedOffset);
    file.sync();
    notice('repaired a state file: what was behind the damage is lost', {
      path: id.path,
      offset: damagedOffset,
      lostBytes,
      kept,
    });
  } finally {
    file.close();
  }
}

/** What was kept before is kept on. */
function freePath(disk: Disk, path: string): string {
  let free = path;
  for (let i = 2; disk.exists(free); i++) free = `${path}.${i}`;
  return free;
}

function copyAside(disk: Disk, file: DiskFile, path: string): void {
  const copy = disk.open(path, true);
  try {
    copyRange(file, copy, 0, file.size());
    copy.sync();
  } finally {
    copy.close();
  }
  disk.syncFolderOf(path);
}

function ignore(): void {}
