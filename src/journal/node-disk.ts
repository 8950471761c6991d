import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';

/** Who may read a lock's name may not be everyone: keys stand beside it. */
const FILE_MODE = 0o600;

/** The file system of the machine. */
export const nodeDisk: Disk = {
  open: (path, create) => new NodeFile(openSync(path, create ? 'w+' : 'r+', FILE_MODE)),
  exists: existsSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  listBeside: (path) => readdirSync(dirname(path)),
  syncFolderOf: (path) => {
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

/** The same for who only looks: files are opened so that they can be read and not written. */
export const readOnlyDisk: Disk = { ...nodeDisk, open: (path) => new NodeFile(openSync(path, 'r')) };

class NodeFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): number {
    return fstatSync(this.#fd).size;
  }

  read(into: Uint8Array, start: number, length: number, position: number): number {
    return readSync(this.#fd, into, start, length, position);
  }

  write(bytes: Uint8Array, start: number, length: number, position: number): number {
    return writeSync(this.#fd, bytes, start, length, position);
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
