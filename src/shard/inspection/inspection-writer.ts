import { GrpcStatus } from '../../contract/grpc-status.ts';
import { Origin } from '../../core/origin.ts';
import { ReplyForm } from '../../core/reply-form.ts';
import { Outcome } from '../outcome.ts';
import type { ReplyTarget } from '../reply-target.ts';
import { INSPECT_PIECE_BYTES, InspectFlag } from './inspect-reply.ts';

/** Writes the texts with which inspections are answered, in pieces that fit the records of a ring. */
export class InspectionWriter {
  readonly #target: ReplyTarget;
  readonly #origin = new Origin();

  constructor(target: ReplyTarget) {
    this.#target = target;
    this.#origin.form = ReplyForm.Inspection;
  }

  send(inspection: number, text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.#origin.call = inspection;
    let start = 0;
    do {
      const end = Math.min(start + INSPECT_PIECE_BYTES, bytes.length);
      const position = this.#target.reserve(1 + end - start);
      this.#target.bytes[position] = end < bytes.length ? InspectFlag.More : 0;
      bytes.copy(this.#target.bytes, position + 1, start, end);
      this.#target.commit(this.#origin, GrpcStatus.Ok, false, Outcome.Ok, 0, 1 + end - start, 0);
      start = end;
    } while (start < bytes.length);
  }
}
