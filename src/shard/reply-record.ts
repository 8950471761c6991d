/** The kinds of records that travel from a shard to the main thread. */
export const ReplyKind = {
  /** The reply to a request. */
  Reply: 1,
  /** The shard runs and takes requests. */
  Ready: 2,
  /** All waiters were ended after `StopGranting`. */
  GrantingStopped: 3,
  /** The shard has left its loop. */
  Exited: 4,
  /** A line for the debug log: the body is the JSON of its message and its attributes, as an array of the two. */
  DebugLine: 5,
  /** A line for the log that is always written, in the same form. */
  Notice: 6,
  /** The journal has no room, or has room again: nothing changes in between. */
  Suspended: 7,
  Resumed: 8,
  /** The shard has ended because of its state file: a line whose attribute `code` is that of a `StateFileError`. */
  Failed: 9,
} as const;

export type ReplyKind = (typeof ReplyKind)[keyof typeof ReplyKind];

/**
 * The layout of a reply record's payload.
 *
 *   0  flags: bit 0 granted; bits 8-15 reply form; bits 16-23 gRPC status
 *   4  route       8  call
 *  12  length of the HEADERS frame (16 bits), of the trailing HEADERS frame (16 bits); what is left is DATA
 *  16  session (float64)
 *  24  the frames, or in the protobuf form the message
 */
export const ReplyField = { Flags: 0, Route: 4, Call: 8, Lengths: 12, Session: 16, Body: 24 } as const;

export const REPLY_GRANTED = 1;
