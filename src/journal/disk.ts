/**
 * What the journal needs of a file system. All calls are synchronous: a shard's thread has nothing else to do until
 * its batch is safe, and requests gather in its ring meanwhile. What fails throws the system's error, whose `code`
 * says why, see `isDiskFull`.
 */
export interface Disk {
  /** Opens a file for reading and writing. `create` makes it, or empties it when it is there. */
  open(path: string, create: boolean): DiskFile;
  exists(path: string): boolean;
  /** Replaces `to` when it is there. Durable once the folder is synced. */
  rename(from: string, to: string): void;
  /** Does nothing when there is no such file. */
  remove(path: string): void;
  /** Names of all files that stand beside this path, without their folder. */
  listBeside(path: string): string[];
  /** Makes creations, renamings and removals beside this path durable. */
  syncFolderOf(path: string): void;
}

export interface DiskFile {
  size(): number;
  /** Returns how many bytes were read: fewer only at the end of the file. */
  read(into: Uint8Array, start: number, length: number, position: number): number;
  /** Returns how many bytes were written, which may be fewer than asked. */
  write(bytes: Uint8Array, start: number, length: number, position: number): number;
  /** Makes what was written durable (fdatasync). */
  sync(): void;
  truncate(length: number): void;
  close(): void;
}

/**
 * Writes all of it.
 *
 * @throws what the disk throws. A part may have been written.
 */
export function writeFully(
  file: DiskFile,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): void {
  let at = start;
  while (at < end) at += file.write(bytes, at, end - at, position + at - start);
}

const COPY_BYTES = 1024 * 1024;

/**
 * Writes what one file has from `start` to `end` to the same place of another, or of itself.
 *
 * @throws what the disk throws
 */
export function copyRange(from: DiskFile, to: DiskFile, start: number, end: number): void {
  const bytes = new Uint8Array(Math.min(COPY_BYTES, end - start));
  for (let at = start; at < end; ) {
    const count = from.read(bytes, 0, Math.min(bytes.length, end - at), at);
    if (count === 0) break;
    writeFully(to, bytes, 0, count, at);
    at += count;
  }
}
