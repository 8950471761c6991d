import type { DiskFile } from '../../src/journal/disk.ts';

/** A file that is read only, made of bytes that a test may change. */
export class FileImage implements DiskFile {
  bytesRead = 0;
  /** The longest piece that was asked for. */
  longestRead = 0;
  readonly #bytes: Uint8Array;
  readonly #size: number;

  constructor(bytes: Uint8Array, size = bytes.length) {
    this.#bytes = bytes;
    this.#size = size;
  }

  size(): number {
    return this.#size;
  }

  read(into: Uint8Array, start: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.#size - position));
    into.set(this.#bytes.subarray(position, position + count), start);
    this.bytesRead += count;
    this.longestRead = Math.max(this.longestRead, length);
    return count;
  }

  write(): number {
    throw new Error('a read writes nothing');
  }

  sync(): void {}

  truncate(): void {
    throw new Error('a read cuts nothing off');
  }

  close(): void {}
}
