import { BatchKind, HEADER_BYTES } from '../../src/journal/batch-header.ts';
import { ClaimRecorder } from '../../src/journal/claim-recorder.ts';
import type { DataFileId } from '../../src/journal/compaction.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { RecordWriter } from '../../src/journal/record-writer.ts';
import { Scenario } from '../core/scenario.ts';
import { type Draw, SimulatedDisk } from './simulated-disk.ts';
import { stateText } from './state-text.ts';

/** A batch of a {@link RecordedJournal}. */
export interface RecordedBatch {
  readonly start: number;
  readonly end: number;
  /** Up to where the file was known to be durable when the batch was written. */
  readonly durableOffset: number;
  /** What the core knew then, see {@link stateText}. */
  readonly text: string;
}

const START_MS = 1_800_000_000_000;

export const RECORDED_FILE: DataFileId = { path: '/state/data', generation: 3, seed: 0x5eed };

/** A core whose claims go to a data file, a batch when the test says so. */
export class RecordedJournal {
  readonly records = new RecordWriter();
  readonly scenario: Scenario;
  readonly batches: RecordedBatch[] = [];
  readonly disk: SimulatedDisk;
  readonly id: DataFileId;
  readonly file: JournalFile;
  #durableOffset = 0;
  #calls = 0;
  /** Of the calls of Lock. */
  readonly #names: string[] = [];

  constructor(disk = new SimulatedDisk(() => 0), id = RECORDED_FILE, run = 1) {
    this.disk = disk;
    this.id = id;
    this.file = new JournalFile(
      disk.open(id.path, true),
      { offset: 0, sequence: 0, run },
      id.generation,
      id.seed,
    );
    this.scenario = new Scenario(
      { startMs: START_MS, tokenSeed: 0, hashSeed: id.seed, gcIntervalMs: 500, gcMinIdleMs: 100 },
      new ClaimRecorder(this.records),
    );
  }

  /** The state at this time. */
  get text(): string {
    return stateText(this.scenario.core, this.scenario.nowMs);
  }

  /** The bytes of the file, without the zeros behind the last batch. */
  get bytes(): Buffer {
    return this.disk.contentOf(this.id.path).subarray(0, this.file.offset);
  }

  commit(sync = true): void {
    const { records, file } = this;
    const start = file.offset;
    file.append(BatchKind.Data, records.bytes, records.end, records.count, this.scenario.nowMs);
    records.clear();
    this.#addBatch(start, sync);
  }

  /** Writes the footer of an orderly stop. */
  finish(): void {
    this.file.sync();
    this.#durableOffset = this.file.offset;
    const start = this.file.offset;
    this.file.append(BatchKind.Footer, Buffer.alloc(HEADER_BYTES), HEADER_BYTES, 0, this.scenario.nowMs);
    this.#addBatch(start, true);
  }

  #addBatch(start: number, sync: boolean): void {
    const end = this.file.offset;
    this.batches.push({ start, end, durableOffset: this.#durableOffset, text: this.text });
    if (!sync) return;
    this.file.sync();
    this.#durableOffset = end;
  }

  /** Some time passes, and what is due is done: as in a turn of a shard, all of a batch has the same time. */
  pass(ms: number): void {
    this.scenario.nowMs += ms;
    this.scenario.core.advance(this.scenario.nowMs);
  }

  /** A turn: some time passes, and something happens to some of a few locks. Returns whether there is a batch. */
  turn(draw: Draw, stepsMax: number, nameBytes = 8): boolean {
    this.pass(draw(40));
    for (let steps = 1 + draw(stepsMax); steps > 0; steps--) this.#takeStep(draw, nameBytes);
    return this.records.count > 0;
  }

  #takeStep(draw: Draw, nameBytes: number): void {
    const { scenario } = this;
    const session = 1 + draw(8) + 8 * Math.floor(this.#calls / 64);
    const name = `${'n'.repeat(draw(nameBytes))}${draw(5)}`;
    const call = 1 + draw(this.#calls + 1);
    switch (draw(8)) {
      case 0:
        return void scenario.unlock(name, call);
      case 1:
        return void scenario.unlock(this.#names[call] ?? name, call);
      case 2:
        return void scenario.renew(this.#names[call] ?? name, call, 1 + draw(500));
      case 3:
        return scenario.endSession(session);
      default: {
        this.#calls = scenario.lock(name, {
          ...{ session, size: 3, permits: 1 + draw(2), lockTimeoutMs: draw(2) * (1 + draw(500)) },
          ...{ waitTimeoutMs: 1 + draw(100), holder: 'h'.repeat(draw(9)) },
          requestId: draw(2) === 0 ? '' : `request-${draw(1e9)}`,
        });
        this.#names[this.#calls] = name;
      }
    }
  }
}
