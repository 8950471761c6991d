import { Limits } from '../../base/limits.ts';
import type { InspectedEngine } from '../../engine/engine.ts';
import type { StepRow } from '../../shard/inspection/inspect-reply.ts';
import { encodeInspectRequest, InspectOp } from '../../shard/inspection/inspect-request.ts';
import type { Watch } from './inspector.ts';

export type StepsListener = (shard: number, rows: readonly StepRow[]) => void;

/** Credit is given back in pieces of at least this, so that a shard is not woken for each event. */
const CREDIT_CHARACTERS_MIN = Limits.watchCreditCharacters / 4;

/**
 * The main thread's end of a watch. What shards send is paid from a credit; it is given back when the listener has taken
 * it, and kept while the listener pauses. So no more is on the way than that, however fast the shards are.
 */
export class WatchFeed implements Watch {
  readonly #engine: InspectedEngine;
  readonly #inspection: number;
  readonly #listener: StepsListener;
  /** Characters of each shard that were taken and not yet given back. */
  readonly #taken: number[];
  #paused = false;
  #closed = false;
  /** Shards that have not said yet that they have closed the watch. */
  #openShards: number;

  constructor(engine: InspectedEngine, inspection: number, listener: StepsListener) {
    this.#engine = engine;
    this.#inspection = inspection;
    this.#listener = listener;
    this.#openShards = engine.shards;
    this.#taken = new Array<number>(engine.shards).fill(0);
  }

  /** `body`: the encoded request. */
  begin(body: Buffer): void {
    this.#tellAll(body);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    for (let shard = 0; shard < this.#taken.length; shard++) this.#giveBack(shard, 1);
    this.#engine.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellAll(encodeInspectRequest({ op: InspectOp.Unwatch }));
  }

  /** Takes steps of a shard, whose text had so many characters. Returns whether the watch is closed everywhere. */
  take(shard: number, rows: readonly StepRow[], characters: number): boolean {
    if (this.#closed) {
      // The last that comes of a shard is an empty list.
      if (rows.length === 0) this.#openShards--;
      return this.#openShards === 0;
    }
    this.#listener(shard, rows);
    this.#taken[shard]! += characters;
    if (!this.#paused && !this.#closed) {
      this.#giveBack(shard, CREDIT_CHARACTERS_MIN);
      this.#engine.flush();
    }
    return false;
  }

  #giveBack(shard: number, charactersMin: number): void {
    const characters = this.#taken[shard]!;
    if (characters < charactersMin) return;
    this.#taken[shard] = 0;
    const body = encodeInspectRequest({ op: InspectOp.Credit, countMax: characters });
    this.#engine.inspect(shard, this.#inspection, body);
  }

  #tellAll(body: Buffer): void {
    for (let shard = 0; shard < this.#engine.shards; shard++) {
      this.#engine.inspect(shard, this.#inspection, body);
    }
    this.#engine.flush();
  }
}
