import { ErrorCode } from '../contract/error-code.ts';
import { type AttemptLimits, attempts } from './attempts.ts';
import type { Asked, Claim, Grant } from './claim.ts';
import type { ElapsedTime } from './elapsed-clock.ts';
import { type LdlmError, refusalError, ServerUnavailableError } from './errors.ts';
import type { GiveBacks } from './give-backs.ts';
import { RequestIds } from './request-ids.ts';
import type { LockReply, Transport, TransportError } from './transport.ts';

/** A wait is given up when its answer is so much later than its timeout. */
const ANSWER_GRACE_MS = 2_000;
/** A grant that arrives later than this share of its timeout after the request is renewed before anybody has it. */
const FRESH_SHARE = 1 / 3;

/** What is known of how long a grant is held. */
type GrantLease = Pick<Grant, 'sentMs' | 'certainMs'>;

export interface LockRequestsOptions {
  readonly transport: Transport;
  readonly clock: ElapsedTime;
  readonly giveBacks: GiveBacks;
  readonly limits: (lockName: string) => AttemptLimits;
}

/** Asks for locks: repeats what was not answered, under one id, and takes back what nobody waits for any more. */
export class LockRequests {
  readonly #transport: Transport;
  readonly #clock: ElapsedTime;
  readonly #giveBacks: GiveBacks;
  readonly #limits: (lockName: string) => AttemptLimits;
  readonly #ids = new RequestIds();
  /** Those whose caller has nothing yet. */
  readonly #pending = new Set<Asked>();

  constructor({ transport, clock, giveBacks, limits }: LockRequestsOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#giveBacks = giveBacks;
    this.#limits = limits;
  }

  /**
   * Takes a lock. Null: it was not free, or did not become free within the wait timeout.
   *
   * @param waits whether to wait in the queue
   * @throws LdlmError, or the reason of `signal`
   */
  async acquire(claim: Claim, waits: boolean, signal: AbortSignal | undefined): Promise<Grant | null> {
    signal?.throwIfAborted();
    const { waitTimeoutMs } = claim;
    const untilMs = waitTimeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#clock.nowMs() + waitTimeoutMs;
    for (;;) {
      const requestId = this.#ids.next();
      const asked: Asked = { requestId, claim, waits, untilMs, signal, sentMs: 0, repeated: false };
      const grant = await this.#whilePending(asked, () => this.#acquireOnce(asked));
      if (grant !== 'lost') return grant;
      // A timeout that is shorter than the way to the server would have this go on for ever.
      if (!waits || this.#clock.nowMs() >= untilMs) return null;
    }
  }

  async #acquireOnce(asked: Asked): Promise<Grant | null | 'lost'> {
    const { claim, requestId } = asked;
    const reply = await this.#ask(asked);
    if (reply === null || reply.error?.code === ErrorCode.LockWaitTimeout) return null;
    // The session that was granted the request is gone, and the lock with it: what follows is a new request.
    if (asked.repeated && reply.error?.code === ErrorCode.LockDoesNotExistOrInvalidKey) return 'lost';
    if (reply.error !== null) throw refusalError(claim.name, reply.error.code, reply.error.message);
    if (!reply.locked) return null;
    const { key, fencingToken } = reply;
    const lease = await this.#confirmed(asked, key, reply.certainMs);
    if (lease !== null) return { key, fencingToken, requestId, ...lease, askedMs: asked.sentMs };
    this.#abandon(claim.name, requestId);
    return 'lost';
  }

  async #whilePending<Value>(asked: Asked, work: () => Promise<Value>): Promise<Value> {
    this.#pending.add(asked);
    try {
      return await work();
    } finally {
      this.#pending.delete(asked);
    }
  }

  /**
   * Moves a grant whose connection is gone to the one that there is now, by repeating its request. Null: the lock is lost.
   *
   * @throws LdlmError, or the reason of `signal`
   */
  async rejoin(claim: Claim, grant: Grant, signal: AbortSignal | undefined): Promise<Grant | null> {
    const { requestId } = grant;
    const askedMs = this.#clock.nowMs();
    const untilMs = Number.POSITIVE_INFINITY;
    const asked: Asked = { requestId, claim, waits: false, untilMs, signal, sentMs: askedMs, repeated: true };
    return this.#whilePending(asked, () => this.#rejoinOnce(asked, grant));
  }

  async #rejoinOnce(asked: Asked, grant: Grant): Promise<Grant | null> {
    const { requestId, key, fencingToken } = grant;
    const { claim, sentMs: askedMs } = asked;
    // Servers without fencing tokens know no request ids, and would take this for another request.
    if (fencingToken !== 0n) {
      const reply = await this.#ask(asked);
      if (reply?.locked !== true || reply.key !== key) return this.#forget(claim, requestId);
      asked.repeated = true;
    } else if (claim.lockTimeoutMs === 0) return this.#forget(claim, requestId);
    const lease = await this.#confirmed(asked, key, grant.certainMs);
    return lease === null ? this.#forget(claim, requestId) : { ...grant, ...lease, askedMs };
  }

  #forget(claim: Claim, requestId: Uint8Array): null {
    this.#abandon(claim.name, requestId);
    return null;
  }

  /**
   * Takes back all requests whose caller has nothing yet, once: a server that keeps locks without a connection would keep
   * theirs, too. Resolves, for each, when it is answered or has failed.
   */
  abandonAll(): Promise<unknown>[] {
    return Array.from(this.#pending, ({ claim, requestId }) =>
      this.#transport.unlock({ name: claim.name, key: '', requestId }).catch(() => {}),
    );
  }

  /** Takes back what a request may have been granted, or its place in the queue, while the caller goes on. */
  #abandon(name: string, requestId: Uint8Array): void {
    this.#giveBacks.add({ name, key: '', requestId });
  }

  /** Null when the time is over. */
  async #ask(asked: Asked): Promise<LockReply | null> {
    const { claim, untilMs, signal, requestId } = asked;
    const send = (before: number): Promise<LockReply> => {
      asked.repeated = before > 0;
      asked.sentMs = this.#clock.nowMs();
      return this.#send(asked);
    };
    try {
      const remainingMs = (): number => untilMs - this.#clock.nowMs();
      const late = (cause: TransportError): LdlmError =>
        new ServerUnavailableError(
          claim.name,
          cause,
          'the wait timeout has passed while the server cannot be reached',
        );
      const reply = await attempts(send, () => ({ ...this.#limits(claim.name), signal, remainingMs, late }));
      signal?.throwIfAborted();
      if (reply === null) this.#abandon(claim.name, requestId);
      return reply;
    } catch (error) {
      this.#abandon(claim.name, requestId);
      throw error;
    }
  }

  #send(asked: Asked): Promise<LockReply> {
    const { claim, waits, untilMs, sentMs, requestId, signal } = asked;
    if (!waits) return this.#transport.tryLock({ ...claim, requestId }, { signal, mark: asked });
    if (claim.waitTimeoutMs === 0)
      return this.#transport.lock({ ...claim, requestId }, { signal, mark: asked });
    const waitTimeoutMs = Math.max(1, Math.ceil(untilMs - sentMs));
    const limits = { signal, mark: asked, timeoutMs: waitTimeoutMs + ANSWER_GRACE_MS };
    return this.#transport.lock({ ...claim, waitTimeoutMs, requestId }, limits);
  }

  async #confirmed(asked: Asked, key: string, certainMs: number): Promise<GrantLease | null> {
    try {
      const lease = await this.#confirm(asked, key, certainMs);
      asked.signal?.throwIfAborted();
      return lease;
    } catch (error) {
      this.#abandon(asked.claim.name, asked.requestId);
      throw error;
    }
  }

  /**
   * Renews a grant of which nobody knows how old it is: it was waited for, or its first reply was lost. Resolves with when
   * the request was sent since which its timeout counts; null: the lock is lost already.
   */
  async #confirm(asked: Asked, key: string, certainMs: number): Promise<GrantLease | null> {
    const { claim, sentMs, repeated, signal } = asked;
    const { name, lockTimeoutMs, unattended } = claim;
    if (unattended) return { sentMs, certainMs };
    if (lockTimeoutMs === 0) return this.#confirmUntimed(asked, key, certainMs);
    const freshMs = Math.min(lockTimeoutMs, certainMs) * FRESH_SHARE;
    if (!repeated && this.#clock.nowMs() - sentMs <= freshMs) return { sentMs, certainMs };
    const untilMs = this.#clock.nowMs() + lockTimeoutMs;
    let renewedMs = 0;
    const renew = (): Promise<LockReply> => {
      renewedMs = this.#clock.nowMs();
      return this.#transport.renew({ name, key, lockTimeoutMs }, { signal, timeoutMs: lockTimeoutMs });
    };
    const remainingMs = (): number => untilMs - this.#clock.nowMs();
    const reply = await attempts(renew, () => ({ ...this.#limits(name), signal, remainingMs }));
    return reply?.locked === true ? { sentMs: renewedMs, certainMs: reply.certainMs } : null;
  }

  /** The same where there is no timeout that could be renewed: the request is repeated. */
  async #confirmUntimed(asked: Asked, key: string, certainMs: number): Promise<GrantLease | null> {
    const { claim, sentMs, requestId, signal } = asked;
    const isFresh = this.#clock.nowMs() - sentMs <= certainMs * FRESH_SHARE;
    if (isFresh) return { sentMs, certainMs };
    let repeatedMs = 0;
    const repeat = (): Promise<LockReply> => {
      repeatedMs = this.#clock.nowMs();
      return this.#transport.tryLock({ ...claim, requestId }, { signal, timeoutMs: Math.ceil(certainMs) });
    };
    const reply = await attempts(repeat, () => ({ ...this.#limits(claim.name), signal }));
    const isOurs = reply?.locked === true && reply.key === key;
    return isOurs ? { sentMs: repeatedMs, certainMs: reply.certainMs } : null;
  }
}
