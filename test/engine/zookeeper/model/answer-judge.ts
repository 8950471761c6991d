import { GrpcStatus } from '../../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../../src/contract/refusal.ts';
import type { ClientSession } from './client-session.ts';
import type { ClientPlace } from './engine-client.ts';
import type { Answer, EngineCall } from './engine-server.ts';
import { must } from './grants-checker.ts';
import type { Round } from './round-plan.ts';

export type LockVerdict =
  | 'granted'
  | 'taken'
  | 'timedOut'
  | 'overdue'
  | 'superseded'
  | 'refused'
  | 'unavailable'
  | 'disconnected';

/** What an answer may be late or early by. The clock on the wall has no finer fractions. */
const SLACK_MS = 0.01;

/** Whether an answer to Lock or TryLock is one that there may be. @throws ViolationError */
export function judgeLock(
  { name, plan, time }: Pick<ClientPlace, 'name' | 'plan' | 'time'>,
  round: Round,
  {
    call,
    answer,
    session,
  }: { readonly call: EngineCall; readonly answer: Answer; readonly session: ClientSession },
): LockVerdict {
  if (answer.kind === 'none') {
    must(!plan.isCalm || !session.isOpen, 'nobody is cut off for nothing', name, call.number);
    return 'disconnected';
  }
  const { status, message } = answer;
  const { clock } = session.server.nodes;
  const isPrompt = clock.stalledUntilMs <= call.sentMs;
  const mustEndAt = (sinceMs: number, limitMs: number, what: string): void => {
    const waitedMs = time.nowMs - sinceMs;
    must(limitMs > 0 && waitedMs >= limitMs - SLACK_MS, `${what} is not early`, name, call.number, waitedMs);
    must(!isPrompt || waitedMs <= limitMs + SLACK_MS, `${what} is not late`, name, call.number, waitedMs);
  };
  switch (status) {
    case GrpcStatus.Ok:
      break;
    case GrpcStatus.DeadlineExceeded:
      mustEndAt(call.sentMs, round.deadlineMs, 'the end of a deadline');
      return 'overdue';
    case GrpcStatus.Aborted:
      must(round.meanwhile === 'unlockById', 'nobody is put off for nothing', name, call.number);
      return 'superseded';
    case GrpcStatus.Unavailable: {
      // Where locks outlive their servers, a node may be released before it is marked as granted.
      const isReleased = plan.isDurable && round.meanwhile === 'unlockById';
      const isExcused = !plan.isCalm || round.meanwhile === 'move' || isReleased;
      must(isExcused, 'nothing is out of reach in a calm', name, call.number);
      return 'unavailable';
    }
    default:
      must(false, 'nothing fails', name, call.number, status);
  }
  if (message.locked === true) return 'granted';
  const text = message.error?.message;
  switch (text) {
    case undefined:
      must(round.tries, 'only an attempt finds a lock taken', name, call.number);
      return 'taken';
    case Refusals.waitTimeout.message:
      must(!round.tries, 'an attempt has no timeout', name, call.number);
      mustEndAt(call.submittedMs!, round.waitMs, 'the end of a wait');
      return 'timedOut';
    case Refusals.sizeMismatch.message:
      must(plan.hasOddSizes, 'a lock has the size that all ask for', name, call.number);
      return 'refused';
    case Refusals.requestReleased.message:
      // A grant may cross the message by which its call is given up.
      must(round.meanwhile !== 'nothing', 'a new request was not released', name, call.number);
      return 'refused';
    default:
      return must(false, 'nothing is refused for nothing', name, call.number, text) as never;
  }
}
