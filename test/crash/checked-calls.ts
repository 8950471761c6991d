import { ErrorCode } from '../../src/contract/error-code.ts';
import { GrpcStatus } from '../../src/contract/grpc-status.ts';
import type { ReplyMessage } from '../protocol/protobuf/ldlm-coder.ts';
import type { ClaimLedger, EndedClaim, StrayCall } from './claim-ledger.ts';
import type { CrashConnection } from './crash-connection.ts';
import { CLOCK_MS, CrashClaim, type CrashLock } from './crash-lock.ts';

export interface LockPlan {
  readonly lock: CrashLock;
  readonly permits: number;
  /** Undefined when the lock's calls have none. */
  readonly requestId: Buffer | undefined;
  /** 0: none. */
  readonly timeoutMs: number;
  /** 0: TryLock. */
  readonly waitMs: number;
}

/** What a repeated request gives to a grant that has no timeout: then its end is known whether it is a new one or not. */
const STRAY_TIMEOUT_MS = 60_000;
/** A released request id is remembered for 60 s; it is asked for no later than this. */
const REQUEST_MEMORY_MS = 50_000;

/** Calls whose answers are held against what was acknowledged before, and are entered in the ledger. */
export class CheckedCalls {
  /** The server has been told to stop, so Lock may be UNAVAILABLE. */
  isStopping = false;
  readonly #ledger: ClaimLedger;

  constructor(ledger: ClaimLedger) {
    this.#ledger = ledger;
  }

  /** Lock or TryLock. `then` gets the claim, null when it is not granted. */
  lock(connection: CrashConnection, plan: LockPlan, then: (claim: CrashClaim | null) => void): void {
    const { lock, permits, requestId, timeoutMs, waitMs } = plan;
    const sentMs = Date.now();
    const tokenFloor = lock.tokenMax;
    lock.strays++;
    connection.send(
      waitMs === 0 ? 'TryLock' : 'Lock',
      {
        name: lock.name,
        size: lock.size,
        permits,
        request_id: requestId,
        ...(timeoutMs === 0 ? {} : { lock_timeout_ms: String(timeoutMs) }),
        ...(waitMs === 0 ? {} : { wait_timeout_ms: String(waitMs) }),
      },
      (status, reply) => {
        lock.strays--;
        if (reply?.locked === true) return then(this.#granted(connection, plan, reply, sentMs, tokenFloor));
        this.#judgeRefusedLock(plan, status, reply);
        this.#ledger.offer(lock);
        then(null);
      },
      () => {
        this.#ledger.unanswered++;
        if (requestId !== undefined)
          this.#ledger.strays.push({ lock, permits, requestId, timeoutMs, tokenFloor });
      },
    );
  }

  unlock(connection: CrashConnection, claim: CrashClaim, then: () => void): void {
    const ledger = this.#ledger;
    const sentMs = Date.now();
    const { isSure } = claim;
    const message = { name: claim.lock.name, key: claim.key };
    claim.isSure = false;
    const answered = (status: number, reply: ReplyMessage | null): void => {
      const nowMs = Date.now();
      claim.isSure = isSure;
      this.#judgeStanding('Unlock', claim, reply?.unlocked === true, status, reply, sentMs, nowMs);
      if (reply?.unlocked === true) ledger.acknowledged++;
      ledger.over(claim, reply?.unlocked === true ? 'unlocked' : 'found ended', nowMs);
      then();
    };
    connection.send('Unlock', message, answered, () => ledger.unanswered++);
  }

  /** Renews a claim that has a timeout. */
  renew(connection: CrashConnection, claim: CrashClaim, timeoutMs: number, then: () => void): void {
    const ledger = this.#ledger;
    const sentMs = Date.now();
    const message = { name: claim.lock.name, key: claim.key, lock_timeout_ms: String(timeoutMs) };
    const endedBefore = claim.hasEnded(sentMs);
    const { isSure } = claim;
    const heldUntilMs = claim.endsFromMs;
    claim.timeoutMayBegin(timeoutMs, sentMs);
    const answered = (status: number, reply: ReplyMessage | null): void => {
      const nowMs = Date.now();
      const renewed = reply?.locked === true;
      if (renewed && endedBefore) ledger.violation(`${nameOf(claim)} was renewed after its end`);
      if (!renewed && isSure && nowMs + CLOCK_MS < heldUntilMs)
        ledger.violation(`${nameOf(claim)} is lost: ${told('Renew', status, reply)}`);
      if (!renewed) ledger.over(claim, 'found ended', nowMs);
      else claim.timeoutBegan(timeoutMs, sentMs, nowMs);
      if (renewed) ledger.acknowledged++;
      then();
    };
    connection.send('Renew', message, answered, () => {
      ledger.unanswered++;
      claim.timeoutMayHaveBegun(timeoutMs, Date.now());
    });
  }

  /** Repeats the request of a claim: it must be answered with the same key and token. */
  repeat(connection: CrashConnection, claim: CrashClaim, then: () => void): void {
    const { lock, permits, requestId } = claim;
    const sentMs = Date.now();
    const message = { name: lock.name, size: lock.size, permits, request_id: requestId };
    const answered = (status: number, reply: ReplyMessage | null): void => {
      const isSame = reply?.key === claim.key && reply.fencing_token === String(claim.token);
      this.#judgeStanding('repeat', claim, isSame, status, reply, sentMs, Date.now());
      if (reply?.locked === true && !isSame)
        this.#ledger.violation(`${nameOf(claim)}: a repeat gave another grant, ${told('', status, reply)}`);
      claim.owner = connection;
      then();
    };
    connection.send('TryLock', message, answered, () => {});
  }

  /** Repeats a request that nobody has answered, so that it is known whether it holds. */
  findStray(connection: CrashConnection, stray: StrayCall, then: () => void): void {
    const { lock, permits, requestId, tokenFloor } = stray;
    const plan = { lock, permits, requestId, waitMs: 0, timeoutMs: stray.timeoutMs || STRAY_TIMEOUT_MS };
    const sentMs = Date.now();
    const message = {
      name: lock.name,
      size: lock.size,
      permits,
      request_id: requestId,
      lock_timeout_ms: String(plan.timeoutMs),
    };
    const answered = (status: number, reply: ReplyMessage | null): void => {
      lock.strays--;
      if (reply?.locked === true) this.#granted(connection, plan, reply, sentMs, tokenFloor);
      else if (status !== GrpcStatus.Ok)
        this.#ledger.violation(`${lock.name}: ${told('repeat', status, reply)}`);
      this.#ledger.offer(lock);
      then();
    };
    connection.send('TryLock', message, answered, () => this.#ledger.strays.push(stray));
  }

  /** The key of a claim that has ended must be refused. */
  unlockEnded(connection: CrashConnection, ended: EndedClaim, then: () => void): void {
    const { claim } = ended;
    const answered = (status: number, reply: ReplyMessage | null): void => {
      if (status !== GrpcStatus.Ok || reply?.unlocked === true)
        this.#ledger.violation(`${nameOfEnded(ended)} has come back: ${told('Unlock', status, reply)}`);
      then();
    };
    connection.send('Unlock', { name: claim.lock.name, key: claim.key }, answered, () => {});
  }

  /** The request id of a claim that has ended must be refused. */
  repeatEnded(connection: CrashConnection, ended: EndedClaim, then: () => void): void {
    const { claim, endedMs } = ended;
    const { lock, permits, requestId } = claim;
    if (requestId === undefined || Date.now() > endedMs + REQUEST_MEMORY_MS) return then();
    const message = { name: lock.name, size: lock.size, permits, request_id: requestId };
    const answered = (status: number, reply: ReplyMessage | null): void => {
      if (reply?.error?.code !== ErrorCode.LockDoesNotExistOrInvalidKey)
        this.#ledger.violation(
          `${nameOfEnded(ended)} but its request id is not refused: ${told('repeat', status, reply)}`,
        );
      then();
    };
    connection.send('TryLock', message, answered, () => {});
  }

  #granted(
    connection: CrashConnection,
    { lock, permits, requestId, timeoutMs }: LockPlan,
    reply: ReplyMessage,
    sentMs: number,
    tokenFloor: bigint,
  ): CrashClaim {
    const nowMs = Date.now();
    const token = BigInt(reply.fencing_token ?? 0);
    if (token <= tokenFloor)
      this.#ledger.violation(`${lock.name}: token ${token} was given after ${tokenFloor}`);
    const claim = new CrashClaim(lock, reply.key ?? '', token, permits, requestId, connection);
    claim.timeoutBegan(timeoutMs, sentMs, nowMs);
    this.#ledger.granted(claim, nowMs);
    return claim;
  }

  #judgeRefusedLock({ lock, waitMs }: LockPlan, status: number, reply: ReplyMessage | null): void {
    if (status === GrpcStatus.Unavailable && this.isStopping) return;
    const isTaken = waitMs === 0 ? reply?.error : reply?.error?.code === ErrorCode.LockWaitTimeout;
    const isAnswer = status === GrpcStatus.Ok && (waitMs === 0 ? !isTaken : isTaken);
    if (!isAnswer || lock.isOwn)
      this.#ledger.violation(`${lock.name}, held by nobody we know: ${told('Lock', status, reply)}`);
  }

  /** Holds an answer that says whether a claim stands against what is known. */
  #judgeStanding(
    what: string,
    claim: CrashClaim,
    stands: boolean,
    status: number,
    reply: ReplyMessage | null,
    sentMs: number,
    nowMs: number,
  ): void {
    if (!stands && claim.isHeld(nowMs))
      this.#ledger.violation(`${nameOf(claim)} is lost: ${told(what, status, reply)}`);
    if (stands && claim.hasEnded(sentMs)) this.#ledger.violation(`${nameOf(claim)} stands after its end`);
  }
}

function nameOf({ lock, key, token }: CrashClaim): string {
  return `${lock.name}, key ${key}, token ${token},`;
}

function nameOfEnded({ claim, how, endedMs }: EndedClaim): string {
  return `${nameOf(claim)} ${how} ${Date.now() - endedMs} ms ago,`;
}

function told(what: string, status: number, reply: ReplyMessage | null): string {
  return `${what} got status ${status} ${JSON.stringify(reply)}`;
}
