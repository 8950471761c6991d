/**
 * Where a call came from and how its reply travels back. The core stores these numbers with a waiter and hands
 * them out again with the outcome; it never looks into them, but for `session` and `call`, which together name
 * one call.
 */
export class Origin {
  /** The session that owns what the call is granted. Never reused within a boot; an integer below 2^53. */
  session = 0;
  /** The connection's slot on the main thread (unsigned 32 bits). */
  route = 0;
  /** The call within its session: the HTTP/2 stream, or the slot of a REST request (unsigned 32 bits). */
  call = 0;
  /** Which call it is, see `Method` (8 bits). */
  method = 0;
  /** The form in which the reply is wanted, see `ReplyForm` (8 bits). */
  form = 0;
}
