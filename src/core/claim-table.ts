import type { DurationCounts } from '../base/duration-counts.ts';
import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';
import { LockMode } from '../contract/lock-mode.ts';
import { Method } from '../contract/method.ts';
import type { LockCommand } from './command.ts';
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
/** A claim without a session has no such links: the id of the session that it had lies in their place. */
const FORMER_SESSION_FLOAT = SESSION_NEXT / 2;
const KEY_A = 8;
const KEY_B = 9;
const KEY_C = 10;
const KEY_D = 11;
/** A waiter needs the route of its reply, a holder its fencing token, and never both: they share a word. */
const ROUTE_OR_TOKEN_HIGH = 12;
const TOKEN_LOW = 13;
const LOCK_TIMEOUT_FLOAT = 14 / 2;
const SINCE_FLOAT = 16 / 2;
const PERMITS = 18;
const CALL = 19;

/** The bits of META: the reply form in the lowest eight, then one bit for each of these. */
const FORM_MASK = 0xff;
const HOLDING = 1 << 8;
const SHARED = 1 << 9;
const CALLER_DEADLINE = 1 << 10;
const HAS_REQUEST = 1 << 11;
const HAS_HOLDER = 1 << 12;
const SHARED_BY_CALLS = 1 << 13;
const TOLD = 1 << 14;

/** What taking a claim out of a list returns when the claim was not its first. */
export const FIRST_UNCHANGED = -1;

/**
 * The claims: one row of 80 bytes for each call that waits for a lock and each grant that holds one. A claim that is
 * granted stays the same row. What few claims have, the holder text, lies beside the rows; the deadline lies in the
 * heap.
 *
 * What one call does to a row it does in one method here, because the engine inlines only so much into a function.
 */
export class ClaimTable {
  readonly #rows = new RowTable(STRIDE);
  readonly #words = this.#rows.words;
  readonly #floats = this.#rows.floats;
  readonly #holderTexts = new Map<number, string>();

  get count(): number {
    return this.#rows.count;
  }

  /** One past the highest row ever used. */
  get endRow(): number {
    return this.#rows.endRow;
  }

  isOpen(claim: number): boolean {
    return this.#rows.isOpen(claim);
  }

  /** Tells this use of a row from others, see `RowTable.generation`. */
  generation(claim: number): number {
    return this.#rows.generation(claim) >>> 0;
  }

  /** A new claim that waits; its links mean nothing until it is linked. */
  open(command: LockCommand, lock: number, nowMs: number): number {
    const claim = this.#rows.open();
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    const { origin, key } = command;
    let meta = origin.form & FORM_MASK;
    if (command.mode === LockMode.Shared) meta |= SHARED;
    if (command.requestId !== '') meta |= HAS_REQUEST;
    if (command.holder !== '') {
      meta |= HAS_HOLDER;
      this.#holderTexts.set(claim, command.holder);
    }
    page[base + META] = meta;
    page[base + LOCK] = lock;
    page[base + SESSION] = 0;
    page[base + KEY_A] = key.a;
    page[base + KEY_B] = key.b;
    page[base + KEY_C] = key.c;
    page[base + KEY_D] = key.d;
    page[base + ROUTE_OR_TOKEN_HIGH] = origin.route;
    page[base + CALL] = origin.call;
    page[base + PERMITS] = command.permits === 0 ? 1 : command.permits;
    const floats = this.#floats[claim >>> ROW_SHIFT]!;
    floats[(base >>> 1) + LOCK_TIMEOUT_FLOAT] = command.lockTimeoutMs;
    floats[(base >>> 1) + SINCE_FLOAT] = nowMs;
    return claim;
  }

  close(claim: number): void {
    if ((this.#word(claim, META) & HAS_HOLDER) !== 0) this.#holderTexts.delete(claim);
    this.#rows.close(claim);
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
    const meta = this.#word(claim, META);
    this.#set(claim, META, isCallers ? meta | CALLER_DEADLINE : meta & ~CALLER_DEADLINE);
  }

  hasRequest(claim: number): boolean {
    return (this.#word(claim, META) & HAS_REQUEST) !== 0;
  }

  /** Whether the grant was told to more than one call, so that none of them can give it back on its own. */
  isSharedByCalls(claim: number): boolean {
    return (this.#word(claim, META) & SHARED_BY_CALLS) !== 0;
  }

  shareByCalls(claim: number): void {
    this.#set(claim, META, this.#word(claim, META) | SHARED_BY_CALLS);
  }

  /** Whether the claim holds, and nobody was told that it does so for long. */
  isUntoldHolder(claim: number): boolean {
    return (this.#word(claim, META) & (HOLDING | TOLD)) === HOLDING;
  }

  setTold(claim: number): void {
    this.#set(claim, META, this.#word(claim, META) | TOLD);
  }

  /** Free text that the holder gave about itself; empty when it gave none. */
  holder(claim: number): string {
    return (this.#word(claim, META) & HAS_HOLDER) === 0 ? '' : (this.#holderTexts.get(claim) ?? '');
  }

  /** When the claim began to wait or, once it holds, when it was granted. */
  sinceMs(claim: number): number {
    return this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + SINCE_FLOAT]!;
  }

  /**
   * Counts the time since then. It is done here, and not with {@link sinceMs}: a number with a fraction that goes from one
   * function to another takes an object with it.
   */
  countAge(claim: number, nowMs: number, into: DurationCounts): void {
    into.add(nowMs - this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + SINCE_FLOAT]!);
  }

  /** 0 when the lock has no timeout. */
  lockTimeoutMs(claim: number): number {
    return this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + LOCK_TIMEOUT_FLOAT]!;
  }

  setLockTimeoutMs(claim: number, timeoutMs: number): void {
    this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + LOCK_TIMEOUT_FLOAT] = timeoutMs;
  }

  keyEquals(claim: number, key: LockKey): boolean {
    const page = this.#words[claim >>> ROW_SHIFT]!;
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
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    into.a = page[base + KEY_A]!;
    into.b = page[base + KEY_B]!;
    into.c = page[base + KEY_C]!;
    into.d = page[base + KEY_D]!;
  }

  /** The call within the session that the claim answers, or has answered. */
  call(claim: number): number {
    return this.#word(claim, CALL) >>> 0;
  }

  setCall(claim: number, call: number): void {
    this.#set(claim, CALL, call);
  }

  /** While waiting: all of the origin but the session, which the session row knows. Only Lock waits. */
  readOrigin(claim: number, into: Origin): void {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    into.route = page[base + ROUTE_OR_TOKEN_HIGH]! >>> 0;
    into.call = page[base + CALL]! >>> 0;
    into.form = page[base + META]! & FORM_MASK;
    into.method = Method.Lock;
  }

  setOrigin(claim: number, origin: Origin): void {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + META] = (page[base + META]! & ~FORM_MASK) | (origin.form & FORM_MASK);
    page[base + ROUTE_OR_TOKEN_HIGH] = origin.route;
    page[base + CALL] = origin.call;
  }

  /** Turns the waiter into a holder, in front of the lock's holders so far. Of the origin only the call is left after this. */
  hold(claim: number, firstHolder: number, token: FencingToken, nowMs: number): void {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + META] = page[base + META]! | HOLDING;
    page[base + ROUTE_OR_TOKEN_HIGH] = token.high;
    page[base + TOKEN_LOW] = token.low;
    page[base + PREVIOUS] = 0;
    page[base + NEXT] = firstHolder;
    if (firstHolder !== 0) this.#set(firstHolder, PREVIOUS, claim);
    this.#floats[claim >>> ROW_SHIFT]![(base >>> 1) + SINCE_FLOAT] = nowMs;
  }

  /** While holding. */
  readToken(claim: number, into: FencingToken): void {
    into.high = this.#word(claim, ROUTE_OR_TOKEN_HIGH) >>> 0;
    into.low = this.#word(claim, TOKEN_LOW) >>> 0;
  }

  /** Links a waiter behind the last one of its lock, 0 for none. */
  linkBehind(claim: number, last: number): void {
    this.#set(claim, PREVIOUS, last);
    this.#set(claim, NEXT, 0);
    if (last !== 0) this.#set(last, NEXT, claim);
  }

  /** Takes the claim out of its queue or holders. Returns the new first of them, or {@link FIRST_UNCHANGED}. */
  unlink(claim: number): number {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    const next = page[base + NEXT]!;
    const previous = page[base + PREVIOUS]!;
    if (next !== 0) this.#set(next, PREVIOUS, previous);
    if (previous === 0) return next;
    this.#set(previous, NEXT, next);
    return FIRST_UNCHANGED;
  }

  next(claim: number): number {
    return this.#word(claim, NEXT);
  }

  previous(claim: number): number {
    return this.#word(claim, PREVIOUS);
  }

  /** The session's row, 0 when the session is gone and the grant stays until its own timeout. */
  session(claim: number): number {
    return this.#word(claim, SESSION);
  }

  /** The id of the session that the claim had, when it has none any more; 0 otherwise. */
  formerSession(claim: number): number {
    if (this.session(claim) !== 0) return 0;
    return this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + FORMER_SESSION_FLOAT]!;
  }

  /** For a claim without a session: the id of the one that it had, an integer below 2^53; 0 for none. */
  setFormerSession(claim: number, id: number): void {
    this.#floats[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * (STRIDE / 2) + FORMER_SESSION_FLOAT] = id;
  }

  /** Links the claim in front of the session's claims so far. */
  linkSession(claim: number, session: number, firstClaim: number): void {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    page[base + SESSION] = session;
    page[base + SESSION_NEXT] = firstClaim;
    page[base + SESSION_PREVIOUS] = 0;
    if (firstClaim !== 0) this.#set(firstClaim, SESSION_PREVIOUS, claim);
  }

  /** Parts the claim from its session. Returns the session's new first claim, or {@link FIRST_UNCHANGED}. */
  unlinkSession(claim: number): number {
    const page = this.#words[claim >>> ROW_SHIFT]!;
    const base = (claim & ROW_MASK) * STRIDE;
    const next = page[base + SESSION_NEXT]!;
    const previous = page[base + SESSION_PREVIOUS]!;
    page[base + SESSION] = 0;
    if (next !== 0) this.#set(next, SESSION_PREVIOUS, previous);
    if (previous === 0) return next;
    this.#set(previous, SESSION_NEXT, next);
    return FIRST_UNCHANGED;
  }

  sessionNext(claim: number): number {
    return this.#word(claim, SESSION_NEXT);
  }

  sessionPrevious(claim: number): number {
    return this.#word(claim, SESSION_PREVIOUS);
  }

  #word(claim: number, field: number): number {
    return this.#words[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * STRIDE + field]!;
  }

  #set(claim: number, field: number, value: number): void {
    this.#words[claim >>> ROW_SHIFT]![(claim & ROW_MASK) * STRIDE + field] = value;
  }
}
