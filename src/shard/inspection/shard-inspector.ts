import { GrpcStatus } from '../../contract/grpc-status.ts';
import { LockCore } from '../../core/lock-core.ts';
import { Origin } from '../../core/origin.ts';
import { ReplyForm } from '../../core/reply-form.ts';
import { Outcome } from '../outcome.ts';
import type { ShardReplies } from '../reply-target.ts';
import { ForcedUnlock } from './forced-unlock.ts';
import { decodeInspectRequest, InspectOp, type InspectRequest } from './inspect-request.ts';
import { InspectionWriter } from './inspection-writer.ts';
import { LockLister } from './lock-lister.ts';
import { LockWatches } from './lock-watches.ts';
import { RowText } from './row-text.ts';

/** Answers what administrators want to know of a shard, between its calls. */
export class ShardInspector {
  readonly watches: LockWatches;
  readonly #core: LockCore;
  readonly #answers: ShardReplies;
  readonly #writer: InspectionWriter;
  readonly #rows: RowText;
  readonly #lister: LockLister;
  readonly #unlock: ForcedUnlock;
  readonly #refused = new Origin();
  /** Listings for which the turn had no time, in their order: as many as `Limits.inspectionsMax` questions at most. */
  readonly #waiting: [inspection: number, request: InspectRequest][] = [];
  #hasListed = false;

  /**
   * @param answers where answers go: with a journal, they wait for it like all replies
   * @param direct where the steps of watches go, once the turn that they tell of is in the journal
   */
  constructor(core: LockCore, answers: ShardReplies, direct: ShardReplies) {
    const state = LockCore.stateOf(core);
    this.#core = core;
    this.#answers = answers;
    this.#writer = new InspectionWriter(answers);
    this.#rows = new RowText(state);
    this.#lister = new LockLister(state, this.#rows);
    this.#unlock = new ForcedUnlock(core, this.#rows);
    this.watches = new LockWatches(state, this.#lister, direct);
    this.#refused.form = ReplyForm.Inspection;
  }

  /** A turn takes its requests now: first answers a listing that had to wait. */
  begin(): void {
    this.#hasListed = false;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#list(...next);
  }

  /** When a turn is wanted though there is no request. */
  nextWakeMs(): number {
    return this.#waiting.length > 0 ? 0 : this.watches.nextWakeMs();
  }

  /** Works off an `Inspect` record, whose body is `bytes[start, end)`. */
  take(inspection: number, bytes: Buffer, start: number, end: number, nowMs: number): void {
    const request = decodeInspectRequest(bytes, start, end);
    switch (request.op) {
      case InspectOp.List:
        // One slice a turn, however many ask.
        if (this.#hasListed) this.#waiting.push([inspection, request]);
        else this.#list(inspection, request);
        return;
      case InspectOp.Get:
        return this.#get(inspection, request);
      case InspectOp.Unlock:
        if (this.#core.suspended) return this.#refuse(inspection);
        return this.#writer.send(inspection, this.#unlock.run(request, nowMs));
      case InspectOp.Watch:
        return this.watches.add(inspection, request.name);
      case InspectOp.Credit:
        return this.watches.giveCredit(inspection, request.countMax);
      case InspectOp.Unwatch:
        this.watches.remove(inspection);
        return this.#writer.send(inspection, NO_STEPS);
    }
  }

  #list(inspection: number, { row, countMax, name, waiters }: InspectRequest): void {
    this.#hasListed = true;
    const locks = this.#lister.slice(row, countMax, name, waiters);
    this.#writer.send(inspection, `[${this.#lister.nextRow},[${locks.join(',')}]]`);
  }

  #get(inspection: number, { name, waiters }: InspectRequest): void {
    const { locks } = LockCore.stateOf(this.#core);
    const lock = locks.find(name);
    const isUsed = lock !== 0 && (locks.holders(lock) > 0 || locks.waiters(lock) > 0);
    this.#writer.send(inspection, isUsed ? this.#rows.lock(lock, waiters) : 'null');
  }

  /** Nothing may change that cannot be written to the journal. */
  #refuse(inspection: number): void {
    this.#refused.call = inspection;
    this.#answers.reserve(0);
    this.#answers.commit(this.#refused, GrpcStatus.Unavailable, false, Outcome.Unavailable, 0, 0, 0);
  }
}

/** The steps with which a watch ends. */
const NO_STEPS = '[]';
