import type { RestCall } from './rest-call.ts';

/** A session of REST: what a cookie names, and under which number the engine knows it. */
export class RestSession {
  /** 32 hexadecimal digits in lower case, known to its client only. */
  readonly id: string;
  /** The engine's number; never reused. */
  readonly number: number;
  /** A bit for every shard that it has sent a request to. */
  shardMask = 0;
  ended = false;
  usedMs: number;
  /** Its requests in progress. While there are any, the session does not expire. */
  readonly calls = new Set<RestCall>();
  /** How many of those are long polls. */
  waiters = 0;
  /** Its neighbours among the idle sessions: the one that was idle longer, and the one that was not so long. */
  previous: RestSession | null = null;
  next: RestSession | null = null;

  constructor(id: string, number: number, nowMs: number) {
    this.id = id;
    this.number = number;
    this.usedMs = nowMs;
  }
}

/** Idle sessions in the order in which they were used last, so that those that expire stand first. */
export class IdleSessions {
  first: RestSession | null = null;
  #last: RestSession | null = null;

  add(session: RestSession): void {
    session.previous = this.#last;
    if (this.#last === null) this.first = session;
    else this.#last.next = session;
    this.#last = session;
  }

  /** Takes a session out; one that is not in is left as it is. */
  remove(session: RestSession): void {
    const { previous, next } = session;
    if (previous === null && next === null && this.first !== session) return;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    session.previous = null;
    session.next = null;
  }
}
