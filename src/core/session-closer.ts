import { EndedSessions } from './ended-sessions.ts';
import type { LockState } from './lock-state.ts';

/** Ends sessions: what a session holds is released and what it waits for is given up, a slice at a time. */
export class SessionCloser {
  readonly #state: LockState;
  readonly #ended = new EndedSessions();
  /** Rows of ended sessions whose claims are not all cleared away, in the order of their end. */
  readonly #pending: number[] = [];

  constructor(state: LockState) {
    this.#state = state;
  }

  get isPending(): boolean {
    return this.#pending.length !== 0;
  }

  hasEnded(sessionId: number): boolean {
    return this.#ended.has(sessionId);
  }

  end(sessionId: number): void {
    this.#ended.add(sessionId);
    const session = this.#state.sessions.find(sessionId);
    if (session === 0) return;
    this.#state.sessions.end(session, this.#state.grantsStay);
    this.#pending.push(session);
  }

  /** Clears away no more than `countMax` claims. */
  runSlice(nowMs: number, countMax: number): void {
    const { sessions, counters } = this.#state;
    let done = 0;
    while (done < this.#pending.length) {
      const session = this.#pending[done]!;
      let claim = sessions.firstClaim(session);
      for (; claim !== 0 && countMax > 0; countMax--) {
        this.#state.endOrphan(claim, nowMs);
        claim = sessions.firstClaim(session);
      }
      if (claim !== 0) break;
      sessions.close(session);
      counters.sessions--;
      done++;
    }
    if (done !== 0) this.#pending.splice(0, done);
  }
}
