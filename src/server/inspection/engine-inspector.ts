import { randomInt } from 'node:crypto';
import { Limits } from '../../base/limits.ts';
import type { HolderInfo, LockInfo, WatchStep } from '../../contract/lock-info.ts';
import { Refusals } from '../../contract/refusal.ts';
import type { Engine } from '../../engine/engine.ts';
import type { GetAnswer, ListAnswer, UnlockAnswer } from '../../shard/inspection/inspect-reply.ts';
import { encodeInspectRequest, InspectOp } from '../../shard/inspection/inspect-request.ts';
import { unlockRefusals } from '../../shard/inspection/unlock-refusals.ts';
import type { MessageReplies } from '../engine-listener.ts';
import { InspectionAnswers } from './inspection-answers.ts';
import {
  type Inspector,
  type ListPage,
  type ListQuery,
  SHOWN_KEY_CHARACTERS,
  TooManyWatchesError,
  type UnlockOutcome,
  type UnlockQuery,
  type Watch,
  type WatchQuery,
} from './inspector.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';
import { RowReader, type SessionFinder } from './row-reader.ts';

export interface EngineInspectorOptions {
  readonly engine: Engine;
  readonly sessions: SessionFinder;
  readonly nowMs: () => number;
}

/** Looks into the shards of an engine, which answer between their calls. */
export class EngineInspector implements Inspector {
  readonly #engine: Engine;
  readonly #nowMs: () => number;
  readonly #rows: RowReader;
  readonly #answers: InspectionAnswers;
  /** Tells this boot's page tokens from those of others. */
  readonly #boot = randomInt(1, 2 ** 32);
  readonly #watches = new Set<number>();

  constructor({ engine, sessions, nowMs }: EngineInspectorOptions) {
    this.#engine = engine;
    this.#nowMs = nowMs;
    this.#rows = new RowReader(sessions);
    this.#answers = new InspectionAnswers(engine);
  }

  /** Takes what the shards answer. */
  get replies(): MessageReplies {
    return this.#answers;
  }

  async list({ prefix, pageSize, pageToken, waiters }: ListQuery): Promise<ListPage> {
    const { shards } = this.#engine;
    let { shard, row } = decodePageToken(pageToken, this.#boot, shards);
    const locks: LockInfo[] = [];
    let looks = 0;
    while (shard < shards && locks.length < pageSize && looks < LOOKS_PER_PAGE_MAX) {
      looks++;
      const countMax = pageSize - locks.length;
      const request = { op: InspectOp.List, row, countMax, waiters, name: byteString(prefix) };
      const [nextRow, found] = (await this.#ask(shard, request)) as ListAnswer;
      for (const lock of found) locks.push(this.#rows.lock(shard, lock));
      if (nextRow === 0) shard++;
      row = nextRow === 0 ? 1 : nextRow;
    }
    const nextPageToken = shard < shards ? encodePageToken({ shard, row }, this.#boot) : '';
    return { locks, nextPageToken, nowMs: this.#nowMs() };
  }

  async get(name: string): Promise<LockInfo | null> {
    const [shard, text] = this.#locate(name);
    const answer = (await this.#ask(shard, { op: InspectOp.Get, waiters: true, name: text })) as GetAnswer;
    return answer === null ? null : this.#rows.lock(shard, answer);
  }

  async unlock({ name, key, all }: UnlockQuery): Promise<UnlockOutcome> {
    if (all && key !== '') return refused(Refusals.keyWithAll);
    if (key !== '' && key.length < SHOWN_KEY_CHARACTERS) return refused(Refusals.keyPrefixShort);
    if (key.length > Limits.keyBytesMax) return refused(Refusals.keyTooLong);
    const [shard, text] = this.#locate(name);
    const released: HolderInfo[] = [];
    let releasedCount = 0;
    let [more, tokenHigh, tokenLow] = [true, 0, 0];
    while (more) {
      const request = { op: InspectOp.Unlock, all, key: byteString(key), name: text };
      const answer = await this.#ask(shard, { ...request, countMax: Limits.sliceCount, tokenHigh, tokenLow });
      const [refusal, rows, count, holders, holderCount, isMore, high, low] = answer as UnlockAnswer;
      // Others may have let the lock go between two slices: what was meant is done.
      if (refusal >= 0 && releasedCount === 0) {
        return {
          ...refused(unlockRefusals[refusal]!),
          holders: this.#rows.holders(shard, holders),
          holderCount,
        };
      }
      if (released.length < Limits.listedClaimsMax) released.push(...this.#rows.holders(shard, rows));
      releasedCount += count;
      [more, tokenHigh, tokenLow] = [isMore, high, low];
    }
    return { ...refused(null), released: released.slice(0, Limits.listedClaimsMax), releasedCount };
  }

  watch({ prefix }: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch {
    if (this.#watches.size >= Limits.watchesMax) throw new TooManyWatchesError(Limits.watchesMax);
    const watch = this.#answers.watch((shard, rows) => {
      listener(rows.map((row) => this.#rows.step(shard, row)));
    });
    this.#watches.add(watch);
    this.#tellAll(watch, InspectOp.Watch, byteString(prefix));
    return {
      pause: () => this.#tellWatch(watch, InspectOp.Pause),
      resume: () => this.#tellWatch(watch, InspectOp.Resume),
      close: () => {
        this.#tellWatch(watch, InspectOp.Unwatch);
        this.#watches.delete(watch);
        this.#answers.forget(watch);
      },
    };
  }

  /** The engine ends: nothing more is answered. */
  close(): void {
    this.#watches.clear();
    this.#answers.close();
  }

  #locate(name: string): readonly [shard: number, byteString: string] {
    const bytes = Buffer.from(name, 'utf8');
    return [this.#engine.shardOfName(bytes), bytes.toString('latin1')];
  }

  #ask(shard: number, request: Parameters<typeof encodeInspectRequest>[0]): Promise<unknown> {
    return this.#answers.ask(shard, encodeInspectRequest(request));
  }

  #tellWatch(watch: number, op: InspectOp): void {
    if (this.#watches.has(watch)) this.#tellAll(watch, op, '');
  }

  #tellAll(watch: number, op: InspectOp, name: string): void {
    const body = encodeInspectRequest({ op, name });
    for (let shard = 0; shard < this.#engine.shards; shard++) this.#engine.inspect(shard, watch, body);
    this.#engine.flush();
  }
}

/** A page that finds little ends after so many slices, so that whoever asks for it is answered soon. */
const LOOKS_PER_PAGE_MAX = 256;

function refused(refusal: UnlockOutcome['refusal']): UnlockOutcome {
  return { refusal, released: [], releasedCount: 0, holders: [], holderCount: 0 };
}

function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
