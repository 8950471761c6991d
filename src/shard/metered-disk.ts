import type { Clock } from '../base/clock.ts';
import { DurationCounts } from '../base/duration-counts.ts';
import { MetricBlock, MetricWord, metricBlockOf, SYNC_UNIT_MS } from '../base/metric-words.ts';
import type { Disk, DiskFile } from '../journal/disk.ts';

/** A disk that counts the bytes that are written to it, and how long each sync of a file takes. */
export class MeteredDisk implements Disk {
  readonly #disk: Disk;
  readonly #meter: DiskMeter;

  /** @param metrics the shard's metric words */
  constructor(disk: Disk, clock: Clock, metrics: Float64Array) {
    this.#disk = disk;
    this.#meter = { clock, metrics, syncs: syncCountsOf(metrics) };
  }

  open(path: string, create: boolean): DiskFile {
    return new MeteredFile(this.#disk.open(path, create), this.#meter);
  }

  exists(path: string): boolean {
    return this.#disk.exists(path);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#disk.remove(path);
  }

  listBeside(path: string): string[] {
    return this.#disk.listBeside(path);
  }

  syncFolderOf(path: string): void {
    this.#disk.syncFolderOf(path);
  }
}

interface DiskMeter {
  readonly clock: Clock;
  readonly metrics: Float64Array;
  readonly syncs: DurationCounts;
}

class MeteredFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #meter: DiskMeter;

  constructor(file: DiskFile, meter: DiskMeter) {
    this.#file = file;
    this.#meter = meter;
  }

  size(): number {
    return this.#file.size();
  }

  read(into: Uint8Array, start: number, length: number, position: number): number {
    return this.#file.read(into, start, length, position);
  }

  write(bytes: Uint8Array, start: number, length: number, position: number): number {
    const written = this.#file.write(bytes, start, length, position);
    this.#meter.metrics[MetricWord.WrittenBytes]! += written;
    return written;
  }

  sync(): void {
    const { clock, syncs } = this.#meter;
    const fromMs = clock.nowMs();
    this.#file.sync();
    syncs.add(clock.nowMs() - fromMs);
  }

  truncate(length: number): void {
    this.#file.truncate(length);
  }

  close(): void {
    this.#file.close();
  }
}

function syncCountsOf(metrics: Float64Array): DurationCounts {
  return new DurationCounts(metricBlockOf(metrics, MetricBlock.Syncs), SYNC_UNIT_MS);
}
