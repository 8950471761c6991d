import { CallEnd } from '../core/sink.ts';

/** What the caller of a Lock or TryLock is told that ends without an answer, and the log as well. */
export const CALL_END_TEXTS: Readonly<Record<CallEnd, string>> = {
  [CallEnd.Deadline]: 'context deadline exceeded',
  [CallEnd.Stopping]: 'the server is shutting down',
  [CallEnd.Superseded]: 'the request id was used by a later call',
  [CallEnd.Suspended]: 'the state file cannot be written',
  [CallEnd.Unreachable]: 'ZooKeeper cannot be reached',
  [CallEnd.Elsewhere]: 'another server has this request, until its client there or that server is gone',
  [CallEnd.Failed]: 'ZooKeeper has refused the operation',
  [CallEnd.Unconfirmed]: 'the server that granted the lock does not answer',
  [CallEnd.Pending]: 'an earlier call has this request still',
};
