import type { Claim } from './claim.ts';
import { ReleasedRequests } from './released-requests.ts';

/** All claims that came by this server and have not ended, by everything that they are looked for by. */
export class ClaimBook {
  /** Ids of requests that were released. */
  readonly released = new ReleasedRequests();
  readonly #byKey = new Map<string, Claim>();
  readonly #byCall = new Map<string, Claim>();
  readonly #byRequest = new Map<string, Claim>();
  readonly #bySession = new Map<number, Set<Claim>>();
  readonly #byName = new Map<string, Set<Claim>>();

  get count(): number {
    return this.#byKey.size;
  }

  /** Sessions that have claims. */
  get sessions(): number {
    return this.#bySession.size;
  }

  /** Names of which there are claims. */
  get locks(): number {
    return this.#byName.size;
  }

  [Symbol.iterator](): IterableIterator<Claim> {
    return this.#byKey.values();
  }

  add(claim: Claim): void {
    this.#byKey.set(claim.key, claim);
    if (claim.requestId !== '') this.#byRequest.set(requestKey(claim.place.name, claim.requestId), claim);
    addTo(this.#byName, claim.place.name, claim);
    this.#join(claim);
  }

  remove(claim: Claim): void {
    // Another request by the same id may be there already.
    if (this.#byKey.get(claim.key) === claim) this.#byKey.delete(claim.key);
    const request = requestKey(claim.place.name, claim.requestId);
    if (this.#byRequest.get(request) === claim) this.#byRequest.delete(request);
    removeFrom(this.#byName, claim.place.name, claim);
    this.#leave(claim);
  }

  /** Calls `change`, which makes the claim another call's. */
  move(claim: Claim, change: () => void): void {
    this.#leave(claim);
    change();
    this.#join(claim);
  }

  /** The session is over, and the claim goes on without one. */
  orphan(claim: Claim): void {
    this.#leave(claim);
    claim.origin.session = NO_SESSION;
    claim.origin.call = 0;
  }

  /** The most waiters that one lock has here. It looks at all claims. */
  longestQueue(): number {
    let longest = 0;
    for (const claims of this.#byName.values()) {
      if (claims.size <= longest) continue;
      let waiters = 0;
      for (const { state } of claims) if (state === 'waiting') waiters++;
      longest = Math.max(longest, waiters);
    }
    return longest;
  }

  ofCall(session: number, call: number): Claim | null {
    return this.#byCall.get(`${session} ${call}`) ?? null;
  }

  /** The number means another call from now on: whoever gives that up does not mean what this one was granted. */
  renumber(session: number, call: number): void {
    this.#byCall.delete(`${session} ${call}`);
  }

  ofSession(session: number): Claim[] {
    return [...(this.#bySession.get(session) ?? [])];
  }

  ofName(name: string): ReadonlySet<Claim> {
    return this.#byName.get(name) ?? NONE;
  }

  ofRequest(name: string, requestId: string): Claim | null {
    return this.#byRequest.get(requestKey(name, requestId)) ?? null;
  }

  ofKey(name: string, key: string): Claim | null {
    const claim = this.#byKey.get(key);
    return claim?.place.name === name ? claim : null;
  }

  /** Who holds the lock by this key. */
  holder(name: string, key: string): Claim | null {
    const claim = this.ofKey(name, key);
    return claim?.state === 'held' ? claim : null;
  }

  #join(claim: Claim): void {
    const { session, call } = claim.origin;
    if (session === NO_SESSION) return;
    this.#byCall.set(`${session} ${call}`, claim);
    addTo(this.#bySession, session, claim);
  }

  #leave(claim: Claim): void {
    const { session, call } = claim.origin;
    const key = `${session} ${call}`;
    // Numbers of calls are used again when their call has its answer.
    if (this.#byCall.get(key) === claim) this.#byCall.delete(key);
    removeFrom(this.#bySession, session, claim);
  }
}

/** Numbers of sessions begin at 1. */
const NO_SESSION = 0;
const NONE: ReadonlySet<Claim> = new Set();

/** What a request is known by. The length tells the name from the id. */
export function requestKey(name: string, requestId: string): string {
  return `${name.length} ${name}${requestId}`;
}

function addTo<Key>(sets: Map<Key, Set<Claim>>, key: Key, claim: Claim): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([claim]));
  else set.add(claim);
}

function removeFrom<Key>(sets: Map<Key, Set<Claim>>, key: Key, claim: Claim): void {
  const set = sets.get(key);
  if (set?.delete(claim) === true && set.size === 0) sets.delete(key);
}
