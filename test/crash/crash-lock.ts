import type { CrashConnection } from './crash-connection.ts';

/** How far the clocks of two processes may be apart. */
export const CLOCK_MS = 20;
/** How long a server under load may take to notice that a deadline has passed. */
const NOTICE_MS = 1_000;
/** What a server gives at least to a lock that a restart finds (almost) overdue, unless its own timeout is shorter. */
const RESTORED_GRACE_MS = 10_000;

/** A lock that the clients use, and what they know of it. */
export class CrashLock {
  readonly name: string;
  readonly size: number;
  /** Whether each call carries a request id, so that a grant nobody was told of can be found again. */
  readonly hasRequestIds: boolean;
  /** Nobody but one slot uses it at a time. */
  readonly isOwn: boolean;
  /** All that may be held. */
  readonly claims = new Set<CrashClaim>();
  /** Calls for it that nobody has answered: each may hold it, with a key that nobody knows. */
  strays = 0;
  tokenMax = 0n;

  constructor(name: string, size: number, hasRequestIds: boolean, isOwn: boolean) {
    this.name = name;
    this.size = size;
    this.hasRequestIds = hasRequestIds;
    this.isOwn = isOwn;
  }

  get isFree(): boolean {
    return this.claims.size === 0 && this.strays === 0;
  }

  /** Permits that are certainly taken. */
  permitsTaken(nowMs: number): number {
    let permits = 0;
    for (const claim of this.claims) if (claim.isHeld(nowMs)) permits += claim.permits;
    return permits;
  }
}

/** A grant that a client was told of. When it ends by itself is known to lie between two times. */
export class CrashClaim {
  readonly lock: CrashLock;
  readonly key: string;
  readonly token: bigint;
  readonly permits: number;
  readonly requestId: Buffer | undefined;
  /** With whose end it may end; null when it has outlived the server that granted it. */
  owner: CrashConnection | null;
  /** Nothing but the time can have ended it. */
  isSure = true;
  endsFromMs = Number.POSITIVE_INFINITY;
  endsByMs = Number.POSITIVE_INFINITY;
  /** Its lock timeout is between these; both 0: it has none. */
  #timeoutMinMs = 0;
  #timeoutMaxMs = 0;
  #hasEnded = false;

  constructor(
    lock: CrashLock,
    key: string,
    token: bigint,
    permits: number,
    requestId: Buffer | undefined,
    owner: CrashConnection,
  ) {
    this.lock = lock;
    this.key = key;
    this.token = token;
    this.permits = permits;
    this.requestId = requestId;
    this.owner = owner;
  }

  get hasTimeout(): boolean {
    return this.#timeoutMinMs > 0;
  }

  isHeld(nowMs: number): boolean {
    return this.isSure && nowMs + CLOCK_MS < this.endsFromMs;
  }

  hasEnded(nowMs: number): boolean {
    return this.#hasEnded || nowMs > this.endsByMs + CLOCK_MS;
  }

  /** Its timeout began to run between two times. 0: it has none. */
  timeoutBegan(timeoutMs: number, fromMs: number, byMs: number): void {
    if (timeoutMs === 0) return;
    this.#timeoutMinMs = timeoutMs;
    this.#timeoutMaxMs = timeoutMs;
    this.endsFromMs = fromMs + timeoutMs;
    this.endsByMs = byMs + timeoutMs;
  }

  /** It may get another timeout from now on: a renewal is on its way. */
  timeoutMayBegin(timeoutMs: number, nowMs: number): void {
    this.#timeoutMinMs = Math.min(this.#timeoutMinMs, timeoutMs);
    this.#timeoutMaxMs = Math.max(this.#timeoutMaxMs, timeoutMs);
    this.endsFromMs = Math.min(this.endsFromMs, nowMs + timeoutMs);
  }

  /** A renewal to such a timeout was not answered until now. */
  timeoutMayHaveBegun(timeoutMs: number, nowMs: number): void {
    this.endsByMs = Math.max(this.endsByMs, nowMs + timeoutMs);
  }

  /** The server was killed, or has stopped. What was due just then may have ended or not. */
  serverEnded(nowMs: number): void {
    if (nowMs > this.endsByMs + NOTICE_MS) this.#hasEnded = true;
    if (!this.isHeld(nowMs)) this.isSure = false;
    this.owner = null;
  }

  /** A server has read it from its files between two times. */
  restored(fromMs: number, byMs: number, defaultTimeoutMs: number): void {
    if (!this.hasTimeout) return this.timeoutBegan(defaultTimeoutMs, fromMs, byMs);
    const leastMs = Math.min(this.#timeoutMinMs, RESTORED_GRACE_MS);
    const mostMs = Math.min(this.#timeoutMaxMs, RESTORED_GRACE_MS);
    this.endsFromMs = Math.max(this.endsFromMs, fromMs + leastMs);
    this.endsByMs = Math.max(this.endsByMs, byMs + mostMs);
  }
}
