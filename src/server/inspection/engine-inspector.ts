import { randomInt } from 'node:crypto';
import { Limits } from '../../base/limits.ts';
import type { HolderInfo, LockInfo, WatchStep } from '../../contract/lock-info.ts';
import { Refusals } from '../../contract/refusal.ts';
import type { InspectedEngine } from '../../engine/engine.ts';
import type { GetAnswer, ListAnswer, UnlockAnswer } from '../../shard/inspection/inspect-reply.ts';
import { encodeInspectRequest, InspectOp } from '../../shard/inspection/inspect-request.ts';
import { unlockRefusals } from '../../shard/inspection/unlock-refusals.ts';
import type { MessageReplies } from '../engine-listener.ts';
import { InspectionAnswers } from './inspection-answers.ts';
import {
  type Inspector,
  type ListPage,
  type ListQuery,
  NameTooLongError,
  nothingReleased,
  SHOWN_KEY_CHARACTERS,
  UnlockInterruptedError,
  type UnlockOutcome,
  type UnlockQuery,
  type Watch,
  type WatchQuery,
} from './inspector.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';
import { RowReader, type SessionFinder } from './row-reader.ts';

export interface EngineInspectorOptions {
  readonly engine: InspectedEngine;
  readonly sessions: SessionFinder;
  readonly nowMs: () => number;
  /** Resolves when the next piece of a long listing may be worked on. Default: at once. */
  readonly pace?: () => Promise<void>;
}

/** Looks into the shards of an engine, which answer between their calls. */
export class EngineInspector implements Inspector {
  readonly #engine: InspectedEngine;
  readonly #nowMs: () => number;
  readonly #pace: () => Promise<void>;
  readonly #rows: RowReader;
  readonly #answers: InspectionAnswers;
  /** Tells this boot's page tokens from those of others. */
  readonly #boot = randomInt(1, 2 ** 32);

  constructor({ engine, sessions, nowMs, pace }: EngineInspectorOptions) {
    this.#pace = pace ?? (async () => {});
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
    const name = nameBytes(prefix).toString('latin1');
    let { shard, row } = decodePageToken(pageToken, this.#boot, shards);
    const locks: LockInfo[] = [];
    let looks = 0;
    while (shard < shards && locks.length < pageSize && looks < LOOKS_PER_PAGE_MAX) {
      if (looks++ > 0) await this.#pace();
      const countMax = pageSize - locks.length;
      const request = { op: InspectOp.List, row, countMax, waiters, name };
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
    if (all && key !== '') return nothingReleased(Refusals.keyWithAll);
    if (key !== '' && key.length < SHOWN_KEY_CHARACTERS) return nothingReleased(Refusals.keyPrefixShort);
    if (key.length > Limits.keyBytesMax) return nothingReleased(Refusals.keyTooLong);
    const [shard, text] = this.#locate(name);
    const query = {
      op: InspectOp.Unlock,
      all,
      key: byteString(key),
      name: text,
      countMax: Limits.sliceCount,
    };
    const released: HolderInfo[] = [];
    let releasedCount = 0;
    let place = { row: 0, generation: 0, tokenHigh: 0, tokenLow: 0 };
    for (;;) {
      const answer = await this.#ask(shard, { ...query, ...place }).catch((error: unknown) => {
        throw releasedCount === 0 ? error : new UnlockInterruptedError(releasedCount, error);
      });
      const [refusal, rows, count, holders, holderCount, more, tokenHigh, tokenLow, row, generation] =
        answer as UnlockAnswer;
      // Others may have let the lock go between two slices: what was meant is done.
      if (refusal >= 0 && releasedCount === 0) {
        return {
          ...nothingReleased(unlockRefusals[refusal]!),
          holders: this.#rows.holders(shard, holders),
          holderCount,
        };
      }
      if (released.length < Limits.listedClaimsMax) released.push(...this.#rows.holders(shard, rows));
      releasedCount += count;
      if (!more) break;
      place = { row, generation, tokenHigh, tokenLow };
    }
    const listed = released.slice(0, Limits.listedClaimsMax);
    return { released: listed, releasedCount, refusal: null, holders: [], holderCount: 0 };
  }

  watch({ prefix }: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch {
    const body = encodeInspectRequest({ op: InspectOp.Watch, name: nameBytes(prefix).toString('latin1') });
    return this.#answers.watch(body, (shard, rows) =>
      listener(rows.map((row) => this.#rows.step(shard, row))),
    );
  }

  /** The engine ends: nothing more is answered. */
  close(): void {
    this.#answers.close();
  }

  #locate(name: string): readonly [shard: number, byteString: string] {
    const bytes = nameBytes(name);
    return [this.#engine.shardOfName(bytes), bytes.toString('latin1')];
  }

  #ask(shard: number, request: Parameters<typeof encodeInspectRequest>[0]): Promise<unknown> {
    return this.#answers.ask(shard, encodeInspectRequest(request));
  }
}

/** A page that finds little ends after so many slices, so that whoever asks for it is answered soon. */
const LOOKS_PER_PAGE_MAX = 256;

function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * A name, or the beginning of one, as locks have them.
 *
 * @throws NameTooLongError
 */
function nameBytes(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length > Limits.nameBytesMax) throw new NameTooLongError();
  return bytes;
}
