import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';
import { type ClaimTable, FIRST_UNCHANGED } from './claim-table.ts';

const STRIDE = 6;
const FIRST_CLAIM = 1;
/** 0 until the session has ended, then what becomes of its grants. */
const END = 2;
const ID_FLOAT = 4 / 2;

const GRANTS_END = 1;
const GRANTS_STAY = 2;

/**
 * The sessions that have claimed a lock since they began, and the claims of each as a linked list, newest first.
 * A row stays until the session ends, so that a session with one lock at a time does not make and drop one for each.
 */
export class SessionTable {
  readonly #rows = new RowTable(STRIDE);
  readonly #words = this.#rows.words;
  readonly #floats = this.#rows.floats;
  readonly #claims: ClaimTable;
  readonly #rowsById = new Map<number, number>();
  /** The row found last: the calls of one connection arrive in batches. */
  #lastId = -1;
  #lastRow = 0;

  constructor(claims: ClaimTable) {
    this.#claims = claims;
  }

  get count(): number {
    return this.#rows.count;
  }

  /** One past the highest row ever used. */
  get endRow(): number {
    return this.#rows.endRow;
  }

  isOpen(session: number): boolean {
    return this.#rows.isOpen(session);
  }

  /** Sessions that have ended and are not closed yet. */
  get ended(): number {
    return this.#rows.count - this.#rowsById.size;
  }

  /** The row of a session that has not ended, 0 when it has none. */
  find(id: number): number {
    if (id === this.#lastId) return this.#lastRow;
    const session = this.#rowsById.get(id) ?? 0;
    if (session !== 0) {
      this.#lastId = id;
      this.#lastRow = session;
    }
    return session;
  }

  open(id: number): number {
    const session = this.#rows.open();
    const page = this.#words[session >>> ROW_SHIFT]!;
    const base = (session & ROW_MASK) * STRIDE;
    page[base + FIRST_CLAIM] = 0;
    page[base + END] = 0;
    this.#floats[session >>> ROW_SHIFT]![(base >>> 1) + ID_FLOAT] = id;
    this.#rowsById.set(id, session);
    return session;
  }

  /**
   * Ends the session: it is no longer found, while its claims are still linked to the row until it is closed.
   * `grantsStay`: what it holds is not to end with it.
   */
  end(session: number, grantsStay = false): void {
    const id = this.id(session);
    this.#rowsById.delete(id);
    if (id === this.#lastId) this.#lastId = -1;
    this.#words[session >>> ROW_SHIFT]![(session & ROW_MASK) * STRIDE + END] = grantsStay
      ? GRANTS_STAY
      : GRANTS_END;
  }

  close(session: number): void {
    this.#rows.close(session);
  }

  id(session: number): number {
    return this.#floats[session >>> ROW_SHIFT]![(session & ROW_MASK) * (STRIDE / 2) + ID_FLOAT]!;
  }

  isEnded(session: number): boolean {
    return this.#words[session >>> ROW_SHIFT]![(session & ROW_MASK) * STRIDE + END] !== 0;
  }

  /** Whether what an ended session holds stays until its own timeout. */
  doGrantsStay(session: number): boolean {
    return this.#words[session >>> ROW_SHIFT]![(session & ROW_MASK) * STRIDE + END] === GRANTS_STAY;
  }

  firstClaim(session: number): number {
    return this.#words[session >>> ROW_SHIFT]![(session & ROW_MASK) * STRIDE + FIRST_CLAIM]!;
  }

  link(session: number, claim: number): void {
    this.#claims.linkSession(claim, session, this.firstClaim(session));
    this.#setFirstClaim(session, claim);
  }

  /** Does nothing when the claim belongs to no session. */
  unlink(claim: number): void {
    const session = this.#claims.session(claim);
    if (session === 0) return;
    const first = this.#claims.unlinkSession(claim);
    if (first !== FIRST_UNCHANGED) this.#setFirstClaim(session, first);
  }

  /** Parts a claim from its session, which it remembers as its former one. */
  part(claim: number): void {
    const session = this.#claims.session(claim);
    if (session === 0) return;
    this.unlink(claim);
    this.#claims.setFormerSession(claim, this.id(session));
  }

  #setFirstClaim(session: number, claim: number): void {
    this.#words[session >>> ROW_SHIFT]![(session & ROW_MASK) * STRIDE + FIRST_CLAIM] = claim;
  }
}
