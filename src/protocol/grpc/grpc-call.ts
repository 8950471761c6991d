import type { IncomingMessage } from './incoming-message.ts';
import type { ServiceCall } from './service-call.ts';

/** What a call needs to remember beyond its stream. Calls whose request comes in one piece need nothing. */
export class GrpcCall {
  /** A request message that is not whole yet, or waits for the end of the stream. */
  message: IncomingMessage | null = null;
  /** The call of a service on the main thread. */
  service: ServiceCall | null = null;
  /** The LockResponse of a grant that waits for the peer's window: if the stream ends before it went out, the lock is released. */
  undelivered: Buffer | null = null;
  /** The shard that granted it. */
  shard = 0;
  /** When the caller gives up, counted from the first byte of the message. Infinity if never. */
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }
}
