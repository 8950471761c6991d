import type { ClaimObserver } from '../../src/core/claim-observer.ts';
import type { ClaimView } from '../../src/core/claim-view.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import type { Origin } from '../../src/core/origin.ts';
import { CallEnd, type CoreSink, FencingToken } from '../../src/core/sink.ts';
import type { HoldObserver } from '../../src/core/slow-holders.ts';

export class LedgerError extends Error {}

function must(holds: boolean, what: string, ...values: unknown[]): asserts holds {
  if (!holds) throw new LedgerError(`${what}: ${values.map(String).join(', ')}`);
}

interface Grant {
  readonly name: string;
  readonly permits: number;
  readonly shared: boolean;
  readonly sinceMs: number;
  toldHeldLong: boolean;
}

interface OpenCall {
  readonly id: string;
  readonly session: number;
  readonly call: number;
  readonly name: string;
}

/**
 * Watches a core from outside, through its sink and its observer, and checks what must hold at every moment,
 * however the work is sliced: never more held than there is, one answer for each call, first come first served,
 * growing tokens, and nothing for sessions that have ended.
 */
export class Ledger {
  /** By key. */
  readonly #grants = new Map<number, Grant>();
  readonly #used = new Map<string, { permits: number; readers: number; token: bigint }>();
  /** Calls without an answer, by session and call. */
  readonly #open = new Map<string, OpenCall>();
  readonly #queues = new Map<string, OpenCall[]>();
  readonly #endedSessions = new Set<number>();
  readonly #heldLongMs: number;
  readonly #key = new LockKey();
  readonly #token = new FencingToken();
  /** The call that is being taken right now: if it takes a waiter's place, it stands where that stood. */
  #taking: OpenCall | null = null;
  #superseded: OpenCall | null = null;
  #suspended = false;
  /** How many grants were told to be held for long. */
  toldHeldLong = 0;
  readonly sink: CoreSink = {
    granted: (origin) => this.#answerGrant(origin),
    notLocked: (origin, name) => must(this.#answered(origin).name === name, 'an answer names its lock', name),
    ended: (origin, end) => this.#answerEnd(origin, end),
  };
  readonly observer: ClaimObserver = {
    granted: (claim) => this.#observeGrant(claim),
    released: (claim) => this.#observeRelease(claim),
    renewed: (claim) => this.#observeRenewal(claim),
    lockClosed: (name) => this.#observeClose(name),
    requestRefused: () => {},
  };

  readonly holdObserver: HoldObserver = {
    heldLong: (claim, heldMs) => this.#observeHeldLong(claim, heldMs),
    walked: () => {},
  };

  /** `heldLongMs`: after how long a grant is to be told of. */
  constructor(heldLongMs = 0) {
    this.#heldLongMs = heldLongMs;
  }

  /** Grants that nobody was told of though they were made at `sinceMs` or earlier. */
  countUntold(sinceMs: number): number {
    return [...this.#grants.values()].filter((grant) => grant.sinceMs <= sinceMs && !grant.toldHeldLong)
      .length;
  }

  /** Call before the core is suspended; with false, before it is resumed. */
  suspended(isSuspended: boolean): void {
    this.#suspended = isSuspended;
  }

  /** Call before the grant with this key, if the name has one, is revoked: no observer hears of it. */
  revokes(name: string, key: number): void {
    if (this.#grants.get(key)?.name === name) this.#takeBack(key);
  }

  get openCalls(): number {
    return this.#open.size;
  }

  /** The open calls of a name in the order of their arrival. */
  queueOf(name: string): readonly OpenCall[] {
    return this.#queues.get(name) ?? [];
  }

  /** Call before a Lock is given to the core, and {@link took} after it. */
  takes(session: number, call: number, name: string): void {
    this.#taking = { id: `${session} ${call}`, session, call, name };
    this.#superseded = null;
    this.#open.set(this.#taking.id, this.#taking);
  }

  /** The Lock was taken; if it has no answer by now, it waits. A session that has ended gets none and waits not. */
  took(): void {
    const call = this.#taking;
    this.#taking = null;
    if (call === null || !this.#open.has(call.id)) return;
    if (this.#endedSessions.has(call.session)) {
      this.#open.delete(call.id);
      return;
    }
    const queue = this.#queues.get(call.name) ?? [];
    this.#queues.set(call.name, queue);
    const place = this.#superseded === null ? -1 : queue.indexOf(this.#superseded);
    if (place >= 0) queue[place] = call;
    else queue.push(call);
  }

  /** The call gave up. */
  cancelled(open: OpenCall): void {
    this.#close(open);
  }

  sessionEnded(session: number): void {
    this.#endedSessions.add(session);
    for (const open of [...this.#open.values()]) if (open.session === session) this.#close(open);
  }

  #answerEnd(origin: Origin, end: CallEnd): void {
    const open = this.#open.get(`${origin.session} ${origin.call}`);
    if (end === CallEnd.Superseded && this.#taking !== null && open !== undefined) {
      // Its place is kept for the call that is being taken.
      this.#superseded = open;
      this.#open.delete(open.id);
      return;
    }
    this.#answered(origin);
  }

  #observeHeldLong(claim: ClaimView, heldMs: number): void {
    const grant = this.#grants.get(this.#keyOf(claim));
    must(grant !== undefined && grant.name === claim.name, 'what is held for long was granted', claim.name);
    must(!grant.toldHeldLong, 'a grant is told of once', claim.name);
    must(heldMs >= this.#heldLongMs, 'what is held for long is', claim.name, heldMs);
    must(claim.sinceMs === grant.sinceMs, 'a grant is held since it was granted', claim.name);
    grant.toldHeldLong = true;
    this.toldHeldLong++;
  }

  #observeRelease(claim: ClaimView): void {
    const key = this.#keyOf(claim);
    const grant = this.#grants.get(key);
    must(grant !== undefined && grant.name === claim.name, 'what is released was granted', key);
    this.#takeBack(key);
  }

  #takeBack(key: number): void {
    const grant = this.#grants.get(key);
    if (grant === undefined) return;
    this.#grants.delete(key);
    const used = this.#usedOf(grant.name);
    if (grant.shared) used.readers--;
    else used.permits -= grant.permits;
  }

  #observeRenewal(claim: ClaimView): void {
    must(this.#grants.has(this.#keyOf(claim)), 'what is renewed is held', claim.name);
    must(claim.deadlineMs < Number.POSITIVE_INFINITY, 'what is renewed has a deadline', claim.name);
  }

  #observeClose(name: string): void {
    const used = this.#usedOf(name);
    must(used.permits === 0 && used.readers === 0, 'a lock that is held is not forgotten', name);
    must(this.queueOf(name).length === 0, 'a lock that is waited for is not forgotten', name);
  }

  get held(): number {
    return this.#grants.size;
  }

  #observeGrant(claim: ClaimView): void {
    const { name, permits, session, size } = claim;
    const shared = claim.mode === 1;
    must(!this.#suspended, 'nothing is granted while suspended', name);
    must(!this.#endedSessions.has(session), 'an ended session is granted nothing', session, name);
    const used = this.#usedOf(name);
    if (shared) used.readers++;
    else used.permits += permits;
    must(used.permits <= size, 'no more permits are held than there are', name, used.permits, size);
    must(used.readers === 0 || used.permits === 0, 'one writer or readers', name, used.readers, used.permits);
    claim.readToken(this.#token);
    const token = (BigInt(this.#token.high) << 32n) | BigInt(this.#token.low);
    must(token > used.token, 'tokens of a name grow', name, token, used.token);
    used.token = token;
    const key = this.#keyOf(claim);
    must(!this.#grants.has(key), 'a key is granted once', key);
    this.#grants.set(key, { name, permits, shared, sinceMs: claim.sinceMs, toldHeldLong: false });
  }

  #answerGrant(origin: Origin): void {
    const open = this.#open.get(`${origin.session} ${origin.call}`);
    if (open !== undefined && open !== this.#taking) {
      must(this.queueOf(open.name)[0] === open, 'nobody passes the head of the queue', open.id, open.name);
    }
    this.#answered(origin);
  }

  #answered(origin: Origin): OpenCall {
    const open = this.#open.get(`${origin.session} ${origin.call}`);
    must(
      open !== undefined,
      'a call is answered once, and not after it has gone',
      origin.session,
      origin.call,
    );
    this.#close(open);
    return open;
  }

  #close(open: OpenCall): void {
    this.#open.delete(open.id);
    const queue = this.#queues.get(open.name);
    const place = queue?.indexOf(open) ?? -1;
    if (place >= 0) queue?.splice(place, 1);
  }

  #usedOf(name: string): { permits: number; readers: number; token: bigint } {
    let used = this.#used.get(name);
    if (used === undefined) {
      used = { permits: 0, readers: 0, token: 0n };
      this.#used.set(name, used);
    }
    return used;
  }

  #keyOf(claim: ClaimView): number {
    claim.readKey(this.#key);
    return this.#key.b;
  }
}
