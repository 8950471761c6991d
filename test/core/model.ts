/**
 * The lock semantics once more, as plainly as they can be written: arrays, maps, and no thought of speed. Nothing
 * is shared with the core, not even a text, so that a mistake has to be made twice to go unnoticed.
 *
 * After each step the model is settled: everything that is due is done.
 */

export interface ModelLockCall {
  readonly session: number;
  readonly call: number;
  readonly tryOnly: boolean;
  readonly name: string;
  readonly size: number;
  readonly permits: number;
  readonly mode: number;
  readonly lockTimeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly deadlineMs: number;
  readonly requestId: string;
  readonly holder: string;
  readonly key: number;
}

export type ModelOutcome = { readonly session: number; readonly call: number } & (
  | { readonly kind: 'granted'; readonly name: string; readonly key: number; readonly serial: number }
  | { readonly kind: 'notLocked'; readonly name: string; readonly refusal: ModelRefusal | null }
  | { readonly kind: 'ended'; readonly end: ModelEnd }
);

export type ModelEnd = 'deadline' | 'stopping' | 'suspended' | 'superseded';

/** An error code and its text. */
export type ModelRefusal = readonly [code: number, message: string];

export interface ModelClaim {
  /** null: the session is gone and the grant is kept. */
  session: number | null;
  /** The session that is gone, 0 while there is one. */
  formerSession: number;
  call: number;
  readonly key: number;
  readonly permits: number;
  readonly shared: boolean;
  readonly requestId: string;
  readonly holder: string;
  /** How many calls were told of the grant. */
  answers: number;
  lockTimeoutMs: number;
  waitUntilMs: number;
  callerUntilMs: number;
  expiresMs: number;
  /** When it began to wait, or was granted. */
  sinceMs: number;
  /** The position of the grant among all grants of the model. */
  serial: number;
}

export interface ModelLock {
  readonly name: string;
  readonly size: number;
  touchedMs: number;
  holders: ModelClaim[];
  queue: ModelClaim[];
}

export interface ModelOptions {
  readonly keepOnSessionEnd: boolean;
  readonly keepOnStop?: boolean;
  readonly gcIntervalMs: number;
  readonly gcMinIdleMs: number;
  readonly startMs: number;
}

const REQUEST_MEMORY_MS = 60_000;

export class LockModel {
  readonly locks = new Map<string, ModelLock>();
  /** Released request ids by name and id, with the time to forget them. */
  readonly released = new Map<string, number>();
  readonly outcomes: ModelOutcome[] = [];
  /** How long each grant was waited for, and how long each that was released was held, in milliseconds. */
  readonly waitsMs: number[] = [];
  readonly holdsMs: number[] = [];
  stopping = false;
  suspended = false;
  readonly #options: ModelOptions;
  readonly #endedSessions = new Set<number>();
  #sweeps = 0;
  #serial = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  lock(call: ModelLockCall, nowMs: number): void {
    if (this.stopping) return this.#end(call, 'stopping');
    if (this.suspended) return this.#end(call, 'suspended');
    if (call.deadlineMs <= nowMs) return this.#end(call, 'deadline');
    const wrong = this.#whatIsWrong(call);
    if (wrong !== null) return this.#refuse(call, wrong);
    if (this.#endedSessions.has(call.session)) return;
    this.#settle(nowMs);
    if (call.requestId !== '' && this.#repeat(call, nowMs)) return;
    let lock = this.locks.get(call.name);
    if (lock === undefined) {
      lock = { name: call.name, size: call.size, touchedMs: nowMs, holders: [], queue: [] };
      this.locks.set(call.name, lock);
    }
    if (lock.size !== call.size) return this.#refuse(call, [6, 'lock size mismatch']);
    lock.touchedMs = nowMs;
    const claim = this.#newClaim(call, nowMs);
    if (lock.queue.length === 0 && this.#fits(lock, claim)) this.#grant(lock, claim, nowMs);
    else if (call.tryOnly) this.#refuse(call, null);
    else lock.queue.push(claim);
  }

  unlock(name: string, key: number | null, requestId: string, nowMs: number): ModelRefusal | null {
    if (requestId !== '' && (requestId.length < 8 || requestId.length > 64)) {
      return [0, 'request id must be 8 to 64 bytes long'];
    }
    this.#settle(nowMs);
    const lock = this.locks.get(name);
    if (lock !== undefined) lock.touchedMs = nowMs;
    const holder = lock?.holders.find((claim) => claim.key === key);
    if (lock !== undefined && holder !== undefined) {
      this.#release(lock, holder, nowMs);
      this.#letThrough(nowMs);
      return null;
    }
    if (requestId !== '') {
      const byId = this.#claimOfRequest(name, requestId);
      this.released.delete(`${name} ${requestId}`);
      this.released.set(`${name} ${requestId}`, nowMs + REQUEST_MEMORY_MS);
      if (byId !== undefined) {
        if (byId.lock.holders.includes(byId.claim)) this.#release(byId.lock, byId.claim, nowMs);
        else {
          byId.lock.queue = byId.lock.queue.filter((claim) => claim !== byId.claim);
          this.#end(byId.claim, 'superseded');
        }
        this.#letThrough(nowMs);
        return null;
      }
    }
    return lock === undefined ? [1, 'a lock by that name does not exist'] : [2, 'invalid lock key'];
  }

  renew(name: string, key: number | null, lockTimeoutMs: number, nowMs: number): ModelRefusal | null {
    if (lockTimeoutMs <= 0) return [0, 'lock timeout must be greater than 0'];
    this.#settle(nowMs);
    const claim = this.locks.get(name)?.holders.find((holder) => holder.key === key);
    if (claim === undefined || claim.expiresMs === Number.POSITIVE_INFINITY) {
      return [5, 'lock does not exist or invalid key'];
    }
    claim.lockTimeoutMs = lockTimeoutMs;
    claim.expiresMs = nowMs + lockTimeoutMs;
    return null;
  }

  cancel(session: number, call: number, nowMs: number): void {
    for (const lock of this.locks.values()) {
      const waiters = lock.queue.length;
      lock.queue = lock.queue.filter((claim) => claim.session !== session || claim.call !== call);
      if (lock.queue.length !== waiters) continue;
      const grant = lock.holders.find((claim) => claim.session === session && claim.call === call);
      if (grant?.answers === 1) this.#release(lock, grant, nowMs);
    }
    this.#settle(nowMs);
  }

  endSession(session: number, nowMs: number): void {
    this.#endedSessions.add(session);
    const isKept = this.#options.keepOnSessionEnd || (this.#options.keepOnStop === true && this.stopping);
    for (const lock of this.locks.values()) {
      lock.queue = lock.queue.filter((claim) => claim.session !== session);
      for (const claim of lock.holders.filter((holder) => holder.session === session)) {
        if (isKept) [claim.session, claim.formerSession] = [null, session];
        else this.#release(lock, claim, nowMs);
      }
    }
    this.#settle(nowMs);
  }

  stop(nowMs: number): void {
    this.#settle(nowMs);
    this.stopping = true;
    for (const lock of this.locks.values()) {
      for (const claim of lock.queue.splice(0)) this.#end(claim, 'stopping');
    }
  }

  suspend(): void {
    this.suspended = true;
  }

  resume(nowMs: number): void {
    this.suspended = false;
    this.#settle(nowMs);
  }

  revoke(name: string, key: number, nowMs: number): void {
    const lock = this.locks.get(name);
    const claim = lock?.holders.find((holder) => holder.key === key);
    if (lock === undefined || claim === undefined) return;
    lock.holders = lock.holders.filter((holder) => holder !== claim);
    if (lock.holders.length === 0 && lock.queue.length === 0) this.locks.delete(name);
    this.#settle(nowMs);
  }

  advance(nowMs: number): void {
    this.#settle(nowMs);
    const { startMs, gcIntervalMs, gcMinIdleMs } = this.#options;
    const sweeps = Math.floor((nowMs - startMs) / gcIntervalMs);
    if (sweeps > this.#sweeps) {
      for (const lock of [...this.locks.values()]) {
        const isUsed = lock.holders.length > 0 || lock.queue.length > 0;
        if (!isUsed && nowMs - lock.touchedMs > gcMinIdleMs) this.locks.delete(lock.name);
      }
    }
    this.#sweeps = sweeps;
    this.#forgetReleased(nowMs);
  }

  /** The earliest time at which something is due, sweeps apart. */
  nextDeadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { holders, queue } of this.locks.values()) {
      for (const claim of holders) nextMs = Math.min(nextMs, claim.expiresMs);
      for (const claim of queue) nextMs = Math.min(nextMs, claim.waitUntilMs, claim.callerUntilMs);
    }
    return nextMs;
  }

  #whatIsWrong(call: ModelLockCall): ModelRefusal | null {
    if (call.lockTimeoutMs < 0) return [0, 'lock timeout must be greater than 0'];
    if (call.waitTimeoutMs < 0) return [0, 'wait timeout must be greater than 0'];
    if (call.name === '') return [0, 'lock name cannot be empty'];
    if (call.name.length > 65_536) return [0, 'lock name must not be longer than 65536 bytes'];
    if (call.size < 1) return [7, 'lock size must be greater than 0'];
    const permits = Math.max(call.permits, 1);
    if (permits > call.size) return [7, 'permits must not exceed the lock size'];
    if (call.mode > 1) return [0, 'lock mode must be EXCLUSIVE (0) or SHARED (1)'];
    if (call.mode === 1 && (call.size > 1 || permits > 1)) {
      return [0, 'a shared lock must have size 1 and permits 1'];
    }
    if (call.holder.length > 256) return [0, 'holder must not be longer than 256 bytes'];
    const idBytes = call.requestId.length;
    if (idBytes !== 0 && (idBytes < 8 || idBytes > 64)) return [0, 'request id must be 8 to 64 bytes long'];
    return null;
  }

  #newClaim(call: ModelLockCall, nowMs: number): ModelClaim {
    return {
      session: call.session,
      formerSession: 0,
      call: call.call,
      key: call.key,
      permits: Math.max(call.permits, 1),
      shared: call.mode === 1,
      requestId: call.requestId,
      holder: call.holder,
      answers: 0,
      lockTimeoutMs: call.lockTimeoutMs,
      waitUntilMs: call.waitTimeoutMs === 0 ? Number.POSITIVE_INFINITY : nowMs + call.waitTimeoutMs,
      callerUntilMs: call.deadlineMs,
      expiresMs: Number.POSITIVE_INFINITY,
      sinceMs: nowMs,
      serial: 0,
    };
  }

  #fits(lock: ModelLock, claim: ModelClaim): boolean {
    if (claim.shared) return lock.holders.every((holder) => holder.shared);
    if (lock.holders.some((holder) => holder.shared)) return false;
    return lock.holders.reduce((sum, holder) => sum + holder.permits, claim.permits) <= lock.size;
  }

  #grant(lock: ModelLock, claim: ModelClaim, nowMs: number): void {
    claim.serial = ++this.#serial;
    this.waitsMs.push(nowMs - claim.sinceMs);
    claim.sinceMs = nowMs;
    if (claim.lockTimeoutMs > 0) claim.expiresMs = nowMs + claim.lockTimeoutMs;
    lock.holders.push(claim);
    this.#answerGranted(lock, claim);
  }

  #answerGranted(lock: ModelLock, claim: ModelClaim): void {
    claim.answers++;
    const { session, call, key, serial } = claim;
    if (session === null) return;
    this.outcomes.push({ session, call, kind: 'granted', name: lock.name, key, serial });
  }

  #refuse(call: ModelLockCall, refusal: ModelRefusal | null): void {
    this.outcomes.push({
      session: call.session,
      call: call.call,
      kind: 'notLocked',
      name: call.name,
      refusal,
    });
  }

  #end(claim: { session: number | null; call: number }, end: ModelEnd): void {
    if (claim.session === null) return;
    this.outcomes.push({ session: claim.session, call: claim.call, kind: 'ended', end });
  }

  #release(lock: ModelLock, claim: ModelClaim, nowMs: number): void {
    lock.holders = lock.holders.filter((holder) => holder !== claim);
    lock.touchedMs = nowMs;
    this.holdsMs.push(nowMs - claim.sinceMs);
    if (claim.requestId === '') return;
    this.released.set(`${lock.name} ${claim.requestId}`, nowMs + REQUEST_MEMORY_MS);
  }

  #settle(nowMs: number): void {
    for (const lock of this.locks.values()) {
      for (const claim of [...lock.holders]) {
        if (claim.expiresMs <= nowMs) this.#release(lock, claim, nowMs);
      }
      for (const claim of [...lock.queue]) this.#endOverdueWait(lock, claim, nowMs);
    }
    this.#letThrough(nowMs);
  }

  #endOverdueWait(lock: ModelLock, claim: ModelClaim, nowMs: number): void {
    if (Math.min(claim.waitUntilMs, claim.callerUntilMs) > nowMs) return;
    lock.queue = lock.queue.filter((waiter) => waiter !== claim);
    const { session, call } = claim;
    if (claim.callerUntilMs < claim.waitUntilMs) return this.#end(claim, 'deadline');
    if (session === null) return;
    const refusal: ModelRefusal = [3, 'timeout waiting to acquire lock'];
    this.outcomes.push({ session, call, kind: 'notLocked', name: lock.name, refusal });
  }

  #letThrough(nowMs: number): void {
    if (this.stopping || this.suspended) return;
    for (const lock of this.locks.values()) {
      while (lock.queue.length > 0 && this.#fits(lock, lock.queue[0]!)) {
        this.#grant(lock, lock.queue.shift()!, nowMs);
      }
    }
  }

  #claimOfRequest(name: string, requestId: string): { lock: ModelLock; claim: ModelClaim } | undefined {
    const lock = this.locks.get(name);
    const claim = [...(lock?.holders ?? []), ...(lock?.queue ?? [])].find((c) => c.requestId === requestId);
    return lock === undefined || claim === undefined ? undefined : { lock, claim };
  }

  #repeat(call: ModelLockCall, nowMs: number): boolean {
    const found = this.#claimOfRequest(call.name, call.requestId);
    if (found === undefined) {
      this.#forgetReleased(nowMs);
      if (!this.released.has(`${call.name} ${call.requestId}`)) return false;
      this.#refuse(call, [5, 'the lock of this request id was released already']);
      return true;
    }
    const { lock, claim } = found;
    const isSame =
      lock.size === call.size &&
      claim.permits === Math.max(call.permits, 1) &&
      claim.shared === (call.mode === 1);
    if (!isSame) {
      this.#refuse(call, [
        0,
        'a request id can be repeated only with the size, permits and mode of the first request',
      ]);
    } else if (lock.holders.includes(claim)) {
      [claim.session, claim.formerSession] = [call.session, 0];
      claim.call = call.call;
      if (call.lockTimeoutMs > 0) {
        claim.lockTimeoutMs = call.lockTimeoutMs;
        claim.expiresMs = nowMs + call.lockTimeoutMs;
      }
      this.#answerGranted(lock, claim);
    } else if (call.tryOnly) {
      this.#refuse(call, null);
    } else {
      this.#end(claim, 'superseded');
      [claim.session, claim.formerSession] = [call.session, 0];
      claim.call = call.call;
      claim.lockTimeoutMs = call.lockTimeoutMs;
      claim.waitUntilMs = call.waitTimeoutMs === 0 ? Number.POSITIVE_INFINITY : nowMs + call.waitTimeoutMs;
      claim.callerUntilMs = call.deadlineMs;
    }
    return true;
  }

  #forgetReleased(nowMs: number): void {
    for (const [request, forgetAtMs] of this.released) {
      if (forgetAtMs <= nowMs) this.released.delete(request);
    }
  }
}
