import type { Disk, DiskFile } from '../../src/journal/disk.ts';
import { SimulatedInode } from './simulated-inode.ts';

/** Uniform integers from 0 below `end`. */
export type Draw = (end: number) => number;

export type DiskOperation = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncFolder';

/** What goes wrong: an error of the operating system, or the end of all operations. */
export type DiskFaultCode = 'ENOSPC' | 'EIO' | 'power';

interface Fault {
  readonly code: DiskFaultCode;
  readonly operation: DiskOperation | null;
  left: number;
}

/** The machine has lost its power in the middle of an operation. */
export class PowerCutError extends Error {}

/** A file is used by a process that has ended: a mistake of the test, or of what it tests. */
export class StaleHandleError extends Error {}

const FOLDER = '/state/';

/**
 * A disk in memory that forgets. What was written is there for the processes of this machine; what of it was not
 * synced is kept or lost at a power loss, page by page, in any combination. The size of a file is durable with its
 * sync, an entry of the folder with that of the folder; changes of the folder are lost from the last one backwards.
 *
 * There is one folder, and a path in it begins with `/state/`.
 */
export class SimulatedDisk implements Disk {
  /** Room for all files together. */
  bytesMax = Number.POSITIVE_INFINITY;
  /** Writes take as many bytes as they like, but at least one. */
  writesAreShort = false;
  /** Operations so far, reads apart. */
  operations = 0;
  /** The same by kind. */
  readonly counts = { open: 0, write: 0, sync: 0, truncate: 0, rename: 0, remove: 0, syncFolder: 0 };
  bytesRead = 0;
  readonly #pageBytes: number;
  readonly #draw: Draw;
  #entries = new Map<string, SimulatedInode>();
  #durableEntries = new Map<string, SimulatedInode>();
  /** What was done to the folder since its last sync, in order. */
  readonly #folderChanges: ((entries: Map<string, SimulatedInode>) => void)[] = [];
  #fault: Fault | null = null;
  #isDark = false;
  /** Counts the processes that have ended. */
  #epoch = 0;

  constructor(draw: Draw, pageBytes = 512) {
    this.#draw = draw;
    this.#pageBytes = pageBytes;
  }

  // ---- what a test does -----------------------------------------------------------------------------------------

  /** Lets the operation fail that comes behind so many others, of one kind or of all. */
  failAfter(left: number, code: DiskFaultCode, operation: DiskOperation | null = null): void {
    this.#fault = { left, code, operation };
  }

  /** Nothing goes wrong any more, and there is room. */
  mend(): void {
    this.#fault = null;
    this.bytesMax = Number.POSITIVE_INFINITY;
  }

  /** Whether the fault that was asked for has not come yet. */
  get isFaultAhead(): boolean {
    return this.#fault !== null;
  }

  /** All processes end; the system, which has all that was written, goes on. */
  kill(): void {
    this.#epoch++;
    this.#fault = null;
  }

  /** The machine loses its power and comes back. */
  losePower(): void {
    this.kill();
    this.#isDark = false;
    const kept = this.#draw(this.#folderChanges.length + 1);
    for (const change of this.#folderChanges.splice(0).slice(0, kept)) change(this.#durableEntries);
    this.#entries = new Map(this.#durableEntries);
    for (const inode of new Set(this.#entries.values())) inode.losePower(this.#draw);
  }

  /** Writes some of what is not synced to the disk, as a system does when it finds the time. */
  writeBack(): void {
    for (const inode of this.#entries.values()) inode.writeBack(this.#draw);
  }

  get bytesUsed(): number {
    let bytes = 0;
    for (const { size } of this.#entries.values()) bytes += size;
    return bytes;
  }

  /** All names in the folder, in order. */
  get names(): string[] {
    return [...this.#entries.keys()].map((path) => path.slice(FOLDER.length)).sort();
  }

  /** The bytes of a file as a process sees them. */
  contentOf(path: string): Buffer {
    return Buffer.from(this.#inode(path).content);
  }

  /** Makes a file what it is to be, durably. */
  put(path: string, content: Uint8Array): void {
    const inode = new SimulatedInode(this.#pageBytes);
    inode.write(content, 0, content.length, 0);
    inode.sync();
    this.#makeChangesDurable();
    this.#entries.set(path, inode);
    this.#durableEntries.set(path, inode);
  }

  // ---- what a journal does --------------------------------------------------------------------------------------

  open(path: string, create: boolean): DiskFile {
    this.#begin('open');
    if (create) {
      const known = this.#entries.get(path);
      if (known !== undefined) known.truncate(0);
      else this.#link(path, new SimulatedInode(this.#pageBytes));
    }
    return this.#openInode(this.#inode(path));
  }

  exists(path: string): boolean {
    return this.#entries.has(path);
  }

  rename(from: string, to: string): void {
    this.#begin('rename');
    const inode = this.#inode(from);
    this.#change((entries) => {
      entries.delete(from);
      entries.set(to, inode);
    });
  }

  remove(path: string): void {
    this.#begin('remove');
    if (this.#entries.has(path)) this.#change((entries) => entries.delete(path));
  }

  listBeside(): string[] {
    return this.names;
  }

  syncFolderOf(): void {
    this.#begin('syncFolder');
    this.#makeChangesDurable();
  }

  #makeChangesDurable(): void {
    for (const change of this.#folderChanges.splice(0)) change(this.#durableEntries);
  }

  #link(path: string, inode: SimulatedInode): void {
    this.#change((entries) => entries.set(path, inode));
  }

  #change(change: (entries: Map<string, SimulatedInode>) => void): void {
    change(this.#entries);
    this.#folderChanges.push(change);
  }

  #inode(path: string): SimulatedInode {
    const inode = this.#entries.get(path);
    if (inode === undefined) throw systemError('ENOENT', 'open');
    return inode;
  }

  /** An operation begins, and may end here. `before` does what part of it is done all the same. */
  #begin(operation: DiskOperation, before: ((code: DiskFaultCode) => void) | null = null): void {
    if (this.#isDark) throw new PowerCutError();
    this.operations++;
    this.counts[operation]++;
    const fault = this.#fault;
    if (fault === null || (fault.operation !== null && fault.operation !== operation)) return;
    if (fault.left-- > 0) return;
    this.#fault = null;
    before?.(fault.code);
    if (fault.code !== 'power') throw systemError(fault.code, operation);
    this.#isDark = true;
    throw new PowerCutError();
  }

  #openInode(inode: SimulatedInode): DiskFile {
    const epoch = this.#epoch;
    let isOpen = true;
    const check = (): void => {
      if (this.#isDark) throw new PowerCutError();
      if (!isOpen || epoch !== this.#epoch) throw new StaleHandleError();
    };
    return {
      size: () => {
        check();
        return inode.size;
      },
      read: (into, start, length, position) => {
        check();
        const count = inode.read(into, start, length, position);
        this.bytesRead += count;
        return count;
      },
      write: (bytes, start, length, position) => {
        check();
        const room = this.#roomFor(inode, length, position);
        const count = this.writesAreShort && room > 1 ? 1 + this.#draw(room) : room;
        this.#begin('write', (code) => {
          // A write that finds no room is never whole.
          const written = this.#draw(code === 'ENOSPC' ? count : count + 1);
          inode.write(bytes, start, written, position);
        });
        if (count === 0 && length > 0) throw systemError('ENOSPC', 'write');
        inode.write(bytes, start, count, position);
        return count;
      },
      sync: () => {
        check();
        this.#begin('sync', (code) =>
          code === 'EIO' ? inode.failSync(this.#draw) : inode.writeBack(this.#draw),
        );
        inode.sync();
      },
      truncate: (length) => {
        check();
        this.#begin('truncate');
        inode.truncate(length);
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  /** How many of these bytes find room. */
  #roomFor(inode: SimulatedInode, length: number, position: number): number {
    if (this.bytesMax === Number.POSITIVE_INFINITY) return length;
    const free = Math.max(0, this.bytesMax - this.bytesUsed) + Math.max(0, inode.size - position);
    return Math.min(length, free);
  }
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}
