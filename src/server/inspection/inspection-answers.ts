import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Engine } from '../../engine/engine.ts';
import { InspectFlag, type StepRow } from '../../shard/inspection/inspect-reply.ts';
import type { MessageReplies } from '../engine-listener.ts';
import { InspectionEndedError, StateSuspendedError, TooManyInspectionsError } from './inspector.ts';

type StepsListener = (shard: number, rows: readonly StepRow[]) => void;

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Brings the texts of the shards to those who asked. Numbers of inspections are not used again while they are in use. */
export class InspectionAnswers implements MessageReplies {
  readonly #engine: Engine;
  readonly #questions = new Map<number, Question>();
  readonly #watches = new Map<number, StepsListener>();
  /** Pieces of a text whose last one has not come yet, by inspection and shard. */
  readonly #pieces = new Map<string, Buffer[]>();
  #next = 1;
  #closed = false;

  constructor(engine: Engine) {
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
      this.#questions.set(inspection, { resolve, reject });
      this.#engine.inspect(shard, inspection, body);
      this.#engine.flush();
    });
  }

  /** Registers a watch and returns its number. */
  watch(listener: StepsListener): number {
    const inspection = this.#takeNumber();
    this.#watches.set(inspection, listener);
    return inspection;
  }

  forget(watch: number): void {
    this.#watches.delete(watch);
    for (let shard = 0; shard < this.#engine.shards; shard++) this.#pieces.delete(`${watch} ${shard}`);
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
    const listener = this.#watches.get(inspection);
    if (question === undefined && listener === undefined) return;
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
    if (listener !== undefined) return listener(shard, answer as StepRow[]);
    this.#questions.delete(inspection);
    question?.resolve(answer);
  }

  drained(): void {}

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
