import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { InspectedEngine } from '../../engine/engine.ts';
import { InspectFlag, type StepRow } from '../../shard/inspection/inspect-reply.ts';
import type { MessageReplies } from '../engine-listener.ts';
import {
  InspectionEndedError,
  StateSuspendedError,
  TooManyInspectionsError,
  TooManyWatchesError,
  type Watch,
} from './inspector.ts';
import { type StepsListener, WatchFeed } from './watch-feed.ts';

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Brings the texts of the shards to those who asked. Numbers of inspections are not used again while they are in use. */
export class InspectionAnswers implements MessageReplies {
  readonly #engine: InspectedEngine;
  readonly #questions = new Map<number, Question>();
  /** Also those that are closed, until all shards have said so: what a full ring keeps of them is bounded with them. */
  readonly #watches = new Map<number, WatchFeed>();
  /** Pieces of a text whose last one has not come yet, by inspection and shard. */
  readonly #pieces = new Map<string, Buffer[]>();
  #next = 1;
  #closed = false;

  constructor(engine: InspectedEngine) {
    this.#engine = engine;
  }

  /** @throws InspectionEndedError, TooManyInspectionsError, StateSuspendedError (by rejecting) */
  ask(shard: number, body: Buffer): Promise<unknown> {
    if (this.#closed) return Promise.reject(new InspectionEndedError());
    if (this.#questions.size >= Limits.inspectionsMax) {
      return Promise.reject(new TooManyInspectionsError(Limits.inspectionsMax));
    }
    const inspection = this.#takeNumber();
    return new Promise((resolve, reject) => {
      // Before the question is kept: what cannot be asked would never be answered.
      this.#engine.inspect(shard, inspection, body);
      this.#questions.set(inspection, { resolve, reject });
      this.#engine.flush();
    });
  }

  /**
   * Begins a watch in all shards.
   *
   * @param body the encoded request
   * @throws InspectionEndedError, TooManyWatchesError
   */
  watch(body: Buffer, listener: StepsListener): Watch {
    if (this.#closed) throw new InspectionEndedError();
    if (this.#watches.size >= Limits.watchesMax) throw new TooManyWatchesError(Limits.watchesMax);
    const inspection = this.#takeNumber();
    const feed = new WatchFeed(this.#engine, inspection, listener);
    this.#watches.set(inspection, feed);
    feed.begin(body);
    return feed;
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#questions.values()) reject(new InspectionEndedError());
    this.#questions.clear();
    this.#watches.clear();
    this.#pieces.clear();
  }

  reply(
    shard: number,
    _route: number,
    call: number,
    _session: number,
    status: number,
    _granted: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const inspection = call >>> 0;
    const question = this.#questions.get(inspection);
    const feed = this.#watches.get(inspection);
    if (question === undefined && feed === undefined) return;
    if (status !== GrpcStatus.Ok) {
      this.#questions.delete(inspection);
      this.#pieces.delete(`${inspection} ${shard}`);
      question?.reject(new StateSuspendedError());
      return;
    }
    const text = this.#join(inspection, shard, bytes, start, end);
    if (text === null) return;
    const answer: unknown = JSON.parse(text);
    // A shard has written it, see inspect-reply.ts.
    if (feed !== undefined) {
      if (feed.take(shard, answer as StepRow[], text.length)) this.#watches.delete(inspection);
      return;
    }
    this.#questions.delete(inspection);
    question?.resolve(answer);
  }

  roomAgain(): void {}

  /** The whole text, or null when more of it is to come. */
  #join(inspection: number, shard: number, bytes: Buffer, start: number, end: number): string | null {
    const key = `${inspection} ${shard}`;
    const before = this.#pieces.get(key);
    const hasMore = (bytes[start]! & InspectFlag.More) !== 0;
    if (!hasMore && before === undefined) return bytes.toString('utf8', start + 1, end);
    const pieces = before ?? [];
    // The ring's memory is used again.
    pieces.push(Buffer.from(bytes.subarray(start + 1, end)));
    if (hasMore) {
      this.#pieces.set(key, pieces);
      return null;
    }
    this.#pieces.delete(key);
    return Buffer.concat(pieces).toString('utf8');
  }

  #takeNumber(): number {
    let number = this.#next;
    while (this.#questions.has(number) || this.#watches.has(number)) number = following(number);
    this.#next = following(number);
    return number;
  }
}

function following(number: number): number {
  return number === 0xffff_ffff ? 1 : number + 1;
}
