import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';
import type { LockKey } from './lock-key.ts';
import type { Origin } from './origin.ts';
import type { FencingToken } from './sink.ts';

const STRIDE = 20;
const META = 1;
const LOCK = 2;
/** Links within the lock's queue while waiting, within the lock's holders while holding. */
const NEXT = 3;
const PREVIOUS = 4;
const SESSION = 5;
const SESSION_NEXT = 6;
const SESSION_PREVIOUS = 7;
const KEY_A = 8;
const KEY_B = 9;
const KEY_C = 10;
const KEY_D = 11;
/** A waiter needs the way of its reply, a holder its fencing token, and never both: they share two words. */
const ROUTE_OR_TOKEN_HIGH = 12;
const CALL_OR_TOKEN_LOW = 13;
const LOCK_TIMEOUT_FLOAT = 14 / 2;
const SINCE_FLOAT = 16 / 2;
const PERMITS = 18;

/** The bits of META: the reply form in the lowest eight, then one bit for each of these. */
const FORM_MASK = 0xff;
const HOLDING = 1 << 8;
const SHARED = 1 << 9;
const CALLER_DEADLINE = 1 << 10;
const HAS_REQUEST = 1 << 11;
const HAS_HOLDER = 1 << 12;

/**
 * The claims: one row of 80 bytes for each call that waits for a lock and each grant that holds one. A claim that is
 * granted stays the same row. What few claims have, the holder text, lies beside the rows; the deadline lies in the
 * heap.
 */
export class ClaimTable extends RowTable {
  readonly #holderTexts = new Map<number, string>();

  constructor() {
    super(STRIDE);
  }

  /** A new claim that waits, linked nowhere. */
  open(lock: number, permits: number, shared: boolean, key: LockKey, nowMs: number): number {
    const claim = this.openRow();
    const page = this.words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + META] = shared ? SHARED : 0;
    page[base + LOCK] = lock;
    page[base + NEXT] = 0;
    page[base + PREVIOUS] = 0;
    page[base + SESSION] = 0;
    page[base + SESSION_NEXT] = 0;
    page[base + SESSION_PREVIOUS] = 0;
    page[base + KEY_A] = key.a;
    page[base + KEY_B] = key.b;
    page[base + KEY_C] = key.c;
    page[base + KEY_D] = key.d;
    page[base + PERMITS] = permits;
    this.floats[claim >>> ROW_SHIFT]![(base >>> 1) + SINCE_FLOAT] = nowMs;
    return claim;
  }

  close(claim: number): void {
    if ((this.#word(claim, META) & HAS_HOLDER) !== 0) this.#holderTexts.delete(claim);
    this.closeRow(claim);
  }

  lock(claim: number): number {
    return this.#word(claim, LOCK);
  }

  isHolding(claim: number): boolean {
    return (this.#word(claim, META) & HOLDING) !== 0;
  }

  isShared(claim: number): boolean {
    return (this.#word(claim, META) & SHARED) !== 0;
  }

  permits(claim: number): number {
    return this.#word(claim, PERMITS);
  }

  /** While waiting: whether the deadline in the heap is the caller's own, or the wait timeout. */
  isCallerDeadline(claim: number): boolean {
    return (this.#word(claim, META) & CALLER_DEADLINE) !== 0;
  }

  setCallerDeadline(claim: number, isCallers: boolean): void {
    this.#setFlag(claim, CALLER_DEADLINE, isCallers);
  }

  hasRequest(claim: number): boolean {
    return (this.#word(claim, META) & HAS_REQUEST) !== 0;
  }

  setHasRequest(claim: number): void {
    this.#setFlag(claim, HAS_REQUEST, true);
  }

  /** Free text that the holder gave about itself; empty when it gave none. */
  holder(claim: number): string {
    return (this.#word(claim, META) & HAS_HOLDER) === 0 ? '' : (this.#holderTexts.get(claim) ?? '');
  }

  setHolder(claim: number, holder: string): void {
    this.#setFlag(claim, HAS_HOLDER, true);
    this.#holderTexts.set(claim, holder);
  }

  /** When the claim began to wait or, once it holds, when it was granted. */
  sinceMs(claim: number): number {
    return this.#float(claim, SINCE_FLOAT);
  }

  /** 0 when the lock has no timeout. */
  lockTimeoutMs(claim: number): number {
    return this.#float(claim, LOCK_TIMEOUT_FLOAT);
  }

  setLockTimeoutMs(claim: number, timeoutMs: number): void {
    this.floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + LOCK_TIMEOUT_FLOAT] = timeoutMs;
  }

  keyEquals(claim: number, key: LockKey): boolean {
    const page = this.words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    return (
      page[base + KEY_A] === (key.a | 0) &&
      page[base + KEY_B] === (key.b | 0) &&
      page[base + KEY_C] === (key.c | 0) &&
      page[base + KEY_D] === (key.d | 0)
    );
  }

  /** The key's first word: random in every key that the server makes, so it serves as the key's hash. */
  keyHash(claim: number): number {
    return this.#word(claim, KEY_A);
  }

  readKey(claim: number, into: LockKey): void {
    into.a = this.#word(claim, KEY_A);
    into.b = this.#word(claim, KEY_B);
    into.c = this.#word(claim, KEY_C);
    into.d = this.#word(claim, KEY_D);
  }

  /** While waiting: the call within the session, as it was given. */
  call(claim: number): number {
    return this.#word(claim, CALL_OR_TOKEN_LOW) >>> 0;
  }

  /** While waiting: all of the origin but the session, which the session row knows. */
  readOrigin(claim: number, into: Origin): void {
    into.route = this.#word(claim, ROUTE_OR_TOKEN_HIGH) >>> 0;
    into.call = this.#word(claim, CALL_OR_TOKEN_LOW) >>> 0;
    into.form = this.#word(claim, META) & FORM_MASK;
  }

  setOrigin(claim: number, origin: Origin): void {
    const page = this.words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + META] = (page[base + META]! & ~FORM_MASK) | (origin.form & FORM_MASK);
    page[base + ROUTE_OR_TOKEN_HIGH] = origin.route;
    page[base + CALL_OR_TOKEN_LOW] = origin.call;
  }

  /** Turns the waiter into a holder. The origin is gone after this. */
  hold(claim: number, token: FencingToken, nowMs: number): void {
    const page = this.words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + META] = page[base + META]! | HOLDING;
    page[base + ROUTE_OR_TOKEN_HIGH] = token.high;
    page[base + CALL_OR_TOKEN_LOW] = token.low;
    this.floats[claim >>> ROW_SHIFT]![(base >>> 1) + SINCE_FLOAT] = nowMs;
  }

  /** While holding. */
  readToken(claim: number, into: FencingToken): void {
    into.high = this.#word(claim, ROUTE_OR_TOKEN_HIGH) >>> 0;
    into.low = this.#word(claim, CALL_OR_TOKEN_LOW) >>> 0;
  }

  next(claim: number): number {
    return this.#word(claim, NEXT);
  }

  previous(claim: number): number {
    return this.#word(claim, PREVIOUS);
  }

  setNext(claim: number, next: number): void {
    this.#set(claim, NEXT, next);
  }

  setPrevious(claim: number, previous: number): void {
    this.#set(claim, PREVIOUS, previous);
  }

  /** The session's row, 0 when the session is gone and the grant stays until its own timeout. */
  session(claim: number): number {
    return this.#word(claim, SESSION);
  }

  sessionNext(claim: number): number {
    return this.#word(claim, SESSION_NEXT);
  }

  sessionPrevious(claim: number): number {
    return this.#word(claim, SESSION_PREVIOUS);
  }

  setSession(claim: number, session: number): void {
    this.#set(claim, SESSION, session);
  }

  setSessionNext(claim: number, next: number): void {
    this.#set(claim, SESSION_NEXT, next);
  }

  setSessionPrevious(claim: number, previous: number): void {
    this.#set(claim, SESSION_PREVIOUS, previous);
  }

  #word(claim: number, field: number): number {
    return this.words[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * STRIDE + field]!;
  }

  #float(claim: number, field: number): number {
    return this.floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + field]!;
  }

  #set(claim: number, field: number, value: number): void {
    this.words[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * STRIDE + field] = value;
  }

  #setFlag(claim: number, flag: number, on: boolean): void {
    const meta = this.#word(claim, META);
    this.#set(claim, META, on ? meta | flag : meta & ~flag);
  }
}
