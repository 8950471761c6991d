import type { DeadlineHeap } from '../base/deadline-heap.ts';
import { LockMode } from '../contract/lock-mode.ts';
import type { ClaimTable } from './claim-table.ts';
import type { LockKey } from './lock-key.ts';
import type { LockTable } from './lock-table.ts';
import type { RequestMemory } from './request-memory.ts';
import type { SessionTable } from './session-table.ts';
import type { FencingToken } from './sink.ts';

/** The tables that a claim's data is spread over. */
export interface ClaimTables {
  readonly claims: ClaimTable;
  readonly locks: LockTable;
  readonly sessions: SessionTable;
  readonly deadlines: DeadlineHeap;
  readonly requests: RequestMemory;
}

/** Reads one claim at a time. It copies nothing until asked, so pointing it at a claim costs nothing. */
export class ClaimView {
  readonly #tables: ClaimTables;
  #claim = 0;

  constructor(tables: ClaimTables) {
    this.#tables = tables;
  }

  /** Points the view at a claim's row. What it shows is right until the next call of the core. */
  at(claim: number): this {
    this.#claim = claim;
    return this;
  }

  /** The row and its generation: together they are never another claim's, until 2^31 have used the row. */
  get row(): number {
    return this.#claim;
  }

  get generation(): number {
    return this.#tables.claims.generation(this.#claim);
  }

  /** Byte string. */
  get name(): string {
    return this.#tables.locks.name(this.#lock);
  }

  get size(): number {
    return this.#tables.locks.size(this.#lock);
  }

  /** The row of its lock. */
  get lockRow(): number {
    return this.#lock;
  }

  /** All holders and waiters of the lock. */
  get holderCount(): number {
    return this.#tables.locks.holders(this.#lock);
  }

  get waiterCount(): number {
    return this.#tables.locks.waiters(this.#lock);
  }

  get permits(): number {
    return this.#tables.claims.permits(this.#claim);
  }

  get mode(): LockMode {
    return this.#tables.claims.isShared(this.#claim) ? LockMode.Shared : LockMode.Exclusive;
  }

  get isHolding(): boolean {
    return this.#tables.claims.isHolding(this.#claim);
  }

  /** The session that the claim ends with; 0 when that is gone and the grant runs to its own timeout. */
  get session(): number {
    const session = this.#tables.claims.session(this.#claim);
    return session === 0 ? 0 : this.#tables.sessions.id(session);
  }

  /** The session that a grant ended with, or was restored without; 0 when it has one, or never had. */
  get formerSession(): number {
    return this.#tables.claims.formerSession(this.#claim);
  }

  /** The session, or the former one where that is gone. */
  get anySession(): number {
    return this.session || this.formerSession;
  }

  /** When it was granted, or began to wait. */
  get sinceMs(): number {
    return this.#tables.claims.sinceMs(this.#claim);
  }

  /** The lock timeout as it was given last, 0 for none. */
  get lockTimeoutMs(): number {
    return this.#tables.claims.lockTimeoutMs(this.#claim);
  }

  /** When a grant expires or a wait ends, Infinity when never. */
  get deadlineMs(): number {
    return this.#tables.deadlines.deadlineMs(this.#claim);
  }

  /** Byte string; empty when none was given. */
  get holder(): string {
    return this.#tables.claims.holder(this.#claim);
  }

  /** Byte string; empty when none was given. */
  get requestId(): string {
    const { claims, requests } = this.#tables;
    return claims.hasRequest(this.#claim) ? requests.requestIdOf(this.#claim) : '';
  }

  readKey(into: LockKey): void {
    this.#tables.claims.readKey(this.#claim, into);
  }

  /** The fencing token of a grant; meaningless while it waits. */
  readToken(into: FencingToken): void {
    this.#tables.claims.readToken(this.#claim, into);
  }

  get #lock(): number {
    return this.#tables.claims.lock(this.#claim);
  }
}
