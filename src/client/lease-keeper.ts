import type { Claim } from './claim.ts';
import type { ElapsedTime } from './elapsed-clock.ts';
import { isGrantGone } from './grant-gone.ts';
import type { Lease } from './lease.ts';
import { TIMER_MS_MAX } from './pause.ts';
import type { LockReply, Transport } from './transport.ts';

/** How long a renewal may be without an answer, as a share of the timeout, before the next one is tried. */
const UNANSWERED_AFTER = 1 / 3;
/**
 * When the server has answered nothing for so long, it may have given the connection up: by default it does after 70 s
 * without a sign of life, and frees what it held.
 */
const SILENCE_MS_MAX = 60_000;
const UNKNOWN = 'the server no longer knows it';

export interface LeaseTarget {
  readonly name: string;
  readonly key: string;
  readonly fencingToken: bigint;
  /** The request that was granted. */
  readonly claim: Claim;
  readonly requestId: Uint8Array;
}

export interface LeaseKeeperOptions {
  readonly transport: Transport;
  readonly clock: ElapsedTime;
  readonly autoRenew: boolean;
  /** The lock can no longer be said to be held. Called once, and never after `stop`. */
  readonly lost: (why: string, cause?: unknown) => void;
}

/**
 * Renews one grant that has a lock timeout, or has one confirmed for which its server can answer for a while only, and says
 * when it is lost. It belongs to a grant, not to a name: another grant
 * of the same lock is another keeper's.
 */
export class LeaseKeeper {
  readonly lease: Lease;
  readonly #target: LeaseTarget;
  readonly #options: LeaseKeeperOptions;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  /** When the connection was lost that held the lock, as long as no renewal was answered that was sent since. */
  #doubtedMs: number | null = null;
  /** The lock is being given back. */
  #retired = false;
  #stopped = false;
  #isLost = false;

  /** @param lease of the grant, on the clock of `options` */
  constructor(target: LeaseTarget, lease: Lease, options: LeaseKeeperOptions) {
    this.#target = target;
    this.#options = options;
    this.lease = lease;
    this.#schedule();
  }

  /** Whether the lock is certainly held: to be asked before anybody is told so, because timers may be late. */
  check(): boolean {
    if (this.#stopped) return false;
    if (!this.lease.isOver(this.#options.clock.nowMs())) return true;
    this.#lose(`it was not ${this.lease.isTimed ? 'renewed' : 'confirmed'} in time`);
    return false;
  }

  /** Whether nothing speaks against the lock's being held: see `doubt`. */
  get isSure(): boolean {
    if (this.#doubtedMs !== null) return false;
    return !this.#asks() || this.#options.clock.nowMs() - this.lease.sentMs < SILENCE_MS_MAX;
  }

  /**
   * The connection is gone, and unless the server keeps locks without one, so is the lock. That is to be asked at once;
   * until there is an answer nobody can say that it is held.
   */
  doubt(): void {
    if (this.#stopped) return;
    this.#doubtedMs = this.#options.clock.nowMs();
    this.lease.hurry(this.#options.clock.nowMs());
    this.#schedule();
  }

  /**
   * Renews once, now. Resolves with the reply; rejects with TransportError.
   *
   * @param background nobody waits for it
   */
  async renew(timeoutMs: number, background = false): Promise<LockReply> {
    const { transport, clock } = this.#options;
    const sentMs = clock.nowMs();
    this.lease.renewing(sentMs, timeoutMs);
    this.#schedule();
    const { name, key } = this.#target;
    const call = { name, key, lockTimeoutMs: timeoutMs };
    const reply = await transport.renew(call, {
      timeoutMs: Math.max(1, Math.min(timeoutMs, this.lease.knownMs) * UNANSWERED_AFTER),
      background,
    });
    if (reply.locked && this.#isLost) {
      // Nobody believes in it any more, and nobody else would have it before its timeout.
      transport.unlock({ name, key, requestId: null }, { timeoutMs, background: true }).catch(() => {});
    } else if (reply.locked) {
      this.lease.renewed(sentMs, timeoutMs, reply.certainMs);
      if (this.#doubtedMs !== null) await this.#settleDoubt(sentMs, this.#doubtedMs);
      this.#schedule();
    } else if (!this.#retired && isGrantGone(name, reply.error)) this.#lose(UNKNOWN);
    return reply;
  }

  /** How long the lock is certainly held from now on. */
  remainingMs(): number {
    return Math.max(0, this.lease.deadlineMs - this.#options.clock.nowMs());
  }

  /** The lock is being given back: it is not renewed any more, but its end is still told. */
  retire(): void {
    this.#retired = true;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** What was sent before the connection was lost says nothing about what has become of the lock since. */
  async #settleDoubt(sentMs: number, doubtedMs: number): Promise<void> {
    if (sentMs >= doubtedMs) await this.#rejoin(sentMs);
    else this.lease.hurry(this.#options.clock.nowMs());
  }

  /**
   * The key is still good, but the lock may belong to a session that ends when the server gives its connection up. Repeating
   * the request moves it to ours. Servers without fencing tokens know no request ids: there the key has to do.
   */
  async #rejoin(sentMs: number): Promise<void> {
    const { timeoutMs } = this.lease;
    if (this.#target.fencingToken !== 0n && (await this.#repeat(timeoutMs, timeoutMs)) === null)
      return this.#lose(UNKNOWN);
    // Unless the connection was lost once more.
    if (this.#doubtedMs !== null && sentMs >= this.#doubtedMs) this.#doubtedMs = null;
  }

  #schedule(): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { deadlineMs, renewMs } = this.lease;
    const nextMs = this.#asks() && !this.#asking ? Math.min(renewMs, deadlineMs) : deadlineMs;
    const waitMs = Math.min(Math.max(nextMs - this.#options.clock.nowMs(), 0), TIMER_MS_MAX);
    this.#timer = setTimeout(() => this.#due(), waitMs);
    this.#timer.unref();
  }

  #due(): void {
    if (!this.check()) return;
    const isDue = this.lease.renewMs <= this.#options.clock.nowMs();
    if (this.#asks() && !this.#asking && isDue) void this.#askByItself();
    this.#schedule();
  }

  /** In doubt, to renew is to ask whether the lock is held. */
  #renews(): boolean {
    return this.#options.autoRenew || this.#doubtedMs !== null;
  }

  /** A server that can answer for the lock for a while only has to be asked before that is over, whoever renews it. */
  #asks(): boolean {
    return (this.#renews() || this.lease.isBounded) && !this.#retired;
  }

  async #askByItself(): Promise<void> {
    this.#asking = true;
    let isAnswered = false;
    try {
      const isRenewal = this.#renews();
      isAnswered = isRenewal ? (await this.renew(this.lease.timeoutMs, true)).locked : await this.#confirm();
    } catch {
      // Nothing is known about the lock: it is tried again until the deadline, which nobody else moves.
    } finally {
      this.#asking = false;
    }
    if (!isAnswered || this.#doubtedMs !== null) this.lease.failed(this.#options.clock.nowMs());
    this.#schedule();
  }

  /** Repeats the request without a lock timeout, by which nothing changes for whoever renews the lock when he likes. */
  async #confirm(): Promise<boolean> {
    const sentMs = this.#options.clock.nowMs();
    const reply = await this.#repeat(0, Math.max(1, this.lease.knownMs * UNANSWERED_AFTER));
    if (reply !== null) this.lease.confirmed(sentMs, reply.certainMs);
    else if (!this.#retired) this.#lose(UNKNOWN);
    return reply !== null;
  }

  /** Makes the request that was granted once more. Null: its grant is gone. */
  async #repeat(lockTimeoutMs: number, timeoutMs: number): Promise<LockReply | null> {
    const { claim, requestId, key } = this.#target;
    const call = { ...claim, lockTimeoutMs, requestId };
    const reply = await this.#options.transport.tryLock(call, { timeoutMs, background: true });
    return reply.locked && reply.key === key ? reply : null;
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#isLost = true;
    this.#options.lost(why, cause);
  }
}
