import type { Refusal } from '../contract/refusal.ts';
import type { Origin } from '../core/origin.ts';
import type { CoreSink } from '../core/sink.ts';
import type { Span } from '../protocol/protobuf/span.ts';

/** The answers to all calls: those of Lock and TryLock come from the core, the others from who has called it. */
export interface Replies extends CoreSink {
  unlocked(origin: Origin, name: string, refusal: Refusal | null): void;
  /** `key` is where the key stands in the request's `bytes`, to be sent back as it came. */
  renewed(origin: Origin, name: string, bytes: Uint8Array, key: Span, refusal: Refusal | null): void;
  malformed(origin: Origin): void;
  invalidUtf8(origin: Origin): void;
  deadlineExceeded(origin: Origin): void;
}
