import type { GrpcStatus } from '../../contract/grpc-status.ts';

/** Beside the statuses of gRPC, 0 to 16: answers to what is no gRPC at all. */
const FOREIGN = 17;

/** Counts the calls that were answered in front of the shards, by what they were told. */
export class AnswerCounts {
  readonly #counts = new Float64Array(FOREIGN + 1);

  /** Counts an answer with this status; null for one to a request that is not gRPC. */
  add(status: GrpcStatus | null): void {
    this.#counts[status ?? FOREIGN]!++;
  }

  /** How many answers had this status, or were to requests that are not gRPC. */
  of(status: GrpcStatus | null): number {
    return this.#counts[status ?? FOREIGN]!;
  }
}
