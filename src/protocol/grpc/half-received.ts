import { Limits } from '../../base/limits.ts';
import type { Stream } from '../http2/stream.ts';
import type { CallPlan } from './call-plan.ts';
import type { GrpcCall } from './grpc-call.ts';

type CallStream = Stream<CallPlan, GrpcCall>;

/** The requests of one connection of which a part has arrived, so that none holds memory for ever. */
export class HalfReceived {
  /** When the last byte of each came, the longest silent one first. None as long as all requests come in one piece. */
  #heardMs: Map<CallStream, number> | null = null;

  /** A part of the message has arrived. */
  hear(stream: CallStream, nowMs: number): void {
    this.#heardMs ??= new Map();
    this.#heardMs.delete(stream);
    this.#heardMs.set(stream, nowMs);
  }

  /** Nothing more is awaited. */
  settle(stream: CallStream): void {
    this.#heardMs?.delete(stream);
  }

  /** Takes out a request that has been silent for too long; null when there is none. */
  takeSilent(nowMs: number): CallStream | null {
    if (this.#heardMs === null) return null;
    for (const [stream, heardMs] of this.#heardMs) {
      if (nowMs - heardMs < Limits.halfReceivedMsMax) break;
      this.#heardMs.delete(stream);
      return stream;
    }
    return null;
  }
}
