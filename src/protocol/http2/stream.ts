/**
 * The states of RFC 9113 section 5.1 that a server's stream can be in. Ours never pushes, so the reserved ones
 * do not occur; an idle or closed stream has no object.
 *
 *        HEADERS                 END_STREAM received
 *  idle ---------> Open ------------------------------> HalfClosedRemote
 *                   |                                          |
 *                   | END_STREAM sent (then RST_STREAM         | END_STREAM sent
 *                   | NO_ERROR, section 8.1)                   | or RST_STREAM either way
 *                   v                                          v
 *                closed <--------------------------------- closed
 */
export const StreamState = { Open: 1, HalfClosedRemote: 2, Closed: 3 } as const;

export type StreamState = (typeof StreamState)[keyof typeof StreamState];

/** A frame, or a message to be cut into DATA frames, that waits for window. */
export interface QueuedOutput {
  /** DATA payload still to be framed when true; otherwise finished frames to be copied as they are. */
  readonly isData: boolean;
  readonly bytes: Uint8Array;
  sentBytes: number;
  readonly endStream: boolean;
}

/**
 * One HTTP/2 stream. `Plan` and `Call` belong to the layer above. It does not keep its request's head: a peer may
 * leave thousands of streams open, and each head may be 64 KiB long.
 */
export class Stream<Plan, Call> {
  readonly id: number;
  /** -1 when the request did not say. */
  readonly contentLength: number;
  state: StreamState = StreamState.Open;
  /** What the peer's WINDOW_UPDATEs and our DATA have moved the send window away from its SETTINGS_INITIAL_WINDOW_SIZE. */
  sendWindowDelta = 0;
  /** Bytes received since our last WINDOW_UPDATE for this stream. */
  unacknowledgedBytes = 0;
  /** All DATA bytes received, without padding, to be compared with content-length. */
  receivedBytes = 0;
  /** Output that waits for window; null while there is none, which is nearly always. */
  queue: QueuedOutput[] | null = null;
  /** What the layer above has made of the head. */
  plan: Plan | null = null;
  /** State of the call, for the layer above; null for calls that need none. */
  call: Call | null = null;
  /** A number for the layer above. */
  tag = 0;

  constructor(id: number, contentLength: number) {
    this.id = id;
    this.contentLength = contentLength;
  }
}
