import type { Draw } from './simulated-disk.ts';

const FIRST_BYTES = 8 * 1024;

/** The bytes of a file twice: as processes see them, and as the disk has them. Behind its size each is all zeros. */
export class SimulatedInode {
  size = 0;
  #durableSize = 0;
  #cached = Buffer.alloc(FIRST_BYTES);
  #durable = Buffer.alloc(FIRST_BYTES);
  readonly #pageBytes: number;
  /** Pages that the next sync writes. */
  readonly #dirty = new Set<number>();
  /** Pages that a failed sync has not written, and that the system takes for written. */
  readonly #stranded = new Set<number>();

  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  get content(): Buffer {
    return this.#cached.subarray(0, this.size);
  }

  read(into: Uint8Array, start: number, length: number, position: number): number {
    const end = Math.min(position + length, this.size);
    if (end <= position) return 0;
    return this.#cached.copy(into, start, position, end);
  }

  write(bytes: Uint8Array, start: number, length: number, position: number): void {
    if (length === 0) return;
    const end = position + length;
    this.#reserve(end);
    this.#cached.set(bytes.subarray(start, start + length), position);
    this.size = Math.max(this.size, end);
    this.#taint(position, end);
  }

  truncate(length: number): void {
    this.#reserve(length);
    const end = Math.max(this.size, length);
    this.#cached.fill(0, length, this.size);
    this.#taint(Math.min(this.size, length), end);
    this.size = length;
  }

  sync(): void {
    for (const page of this.#dirty) this.#writePage(page);
    this.#dirty.clear();
    this.#setDurableSize(this.size);
  }

  /** Writes some pages. One that the file has grown into waits for the size. */
  writeBack(draw: Draw): void {
    if (draw(2) === 0) this.#durableSize = Math.max(this.#durableSize, this.size);
    for (const page of this.#dirty) {
      if (draw(2) === 0 || !this.#isInDurableSize(page)) continue;
      this.#writePage(page);
      this.#dirty.delete(page);
    }
  }

  /** A sync that the disk refuses: the system takes all pages for written, and some of them it has not written. */
  failSync(draw: Draw): void {
    this.writeBack(draw);
    for (const page of this.#dirty) this.#stranded.add(page);
    this.#dirty.clear();
  }

  /** Of what was not synced any part is lost. What a file has grown by is zeros then. */
  losePower(draw: Draw): void {
    const between = Math.min(this.size, this.#durableSize + draw(this.size + 1));
    const size = [this.#durableSize, this.size, between][draw(3)]!;
    const keepOneIn = 1 + draw(3);
    for (const page of this.#dirty) if (draw(keepOneIn) === 0) this.#writePage(page);
    this.#dirty.clear();
    this.#stranded.clear();
    this.#setDurableSize(size);
    this.#cached.fill(0, size, Math.max(size, this.size));
    this.#durable.copy(this.#cached, 0, 0, size);
    this.size = size;
  }

  #isInDurableSize(page: number): boolean {
    return this.#durableSize === this.size || (page + 1) * this.#pageBytes <= this.#durableSize;
  }

  #writePage(page: number): void {
    const from = page * this.#pageBytes;
    this.#cached.copy(this.#durable, from, from, from + this.#pageBytes);
    this.#stranded.delete(page);
  }

  #setDurableSize(size: number): void {
    // Pages were written whole, perhaps behind the end.
    const end = Math.min(this.#durable.length, Math.max(this.size, this.#durableSize) + this.#pageBytes);
    this.#durable.fill(0, size, Math.max(size, end));
    this.#durableSize = size;
  }

  #taint(start: number, end: number): void {
    for (let page = Math.floor(start / this.#pageBytes); page * this.#pageBytes < end; page++)
      this.#dirty.add(page);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#cached.length) return;
    const length = Math.max(bytes + this.#pageBytes, 2 * this.#cached.length);
    this.#cached = Buffer.concat([this.#cached], length);
    this.#durable = Buffer.concat([this.#durable], length);
  }
}
