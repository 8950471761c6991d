import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Method } from '../../contract/method.ts';
import type { RestSession } from './rest-session.ts';

/** A request and its response, of either version of HTTP. */
export type RawRequest = IncomingMessage | Http2ServerRequest;
export type RawResponse = ServerResponse | Http2ServerResponse;

/** How far a call has come. */
export const CallState = {
  /** Nobody uses the slot. */
  Free: 0,
  /** Its body is on the way. */
  Receiving: 1,
  /** Its shard has no room for it yet. */
  Queued: 2,
  /** Its shard has it. */
  Submitted: 3,
  /** It has its answer, which is on the way to its client. */
  Answered: 4,
} as const;

export type CallState = (typeof CallState)[keyof typeof CallState];

/**
 * A slot for a lock operation in progress, used by one after another. The engine brings the slot back with its reply, and knows
 * the call by a number that its session has used for no other: what a call was granted may be held when another one uses its
 * slot, and a word about that one must not be taken for one about the grant.
 */
export class RestCall {
  readonly slot: number;
  /** Unsigned, 32 bits: the number of the call in its session. */
  number = 0;
  state: CallState = CallState.Free;
  method: Method | 0 = 0;
  session: RestSession | null = null;
  request: RawRequest | null = null;
  response: RawResponse | null = null;
  /** When its caller gives up, in wall milliseconds. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When it began. */
  startedMs = 0;
  shard = 0;
  /** The body so far; null when there is none yet. */
  body: Buffer | null = null;
  bodyBytes = 0;
  /** The LockResponse of a grant that its client may not get. */
  grant: Buffer | null = null;

  constructor(slot: number) {
    this.slot = slot;
  }

  /** Lets go of everything. */
  clear(): void {
    this.state = CallState.Free;
    this.method = 0;
    this.session = null;
    this.request = null;
    this.response = null;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.body = null;
    this.bodyBytes = 0;
    this.grant = null;
  }
}
