import { Refusals } from '../../contract/refusal.ts';
import type { LockCommand } from '../../core/command.ts';
import { Origin } from '../../core/origin.ts';
import { CallEnd } from '../../core/sink.ts';
import type { Claim } from './claim.ts';
import { requestKey } from './claim-book.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';

/** What a repeat has to have done for it. */
export interface RepeatEvents {
  /** The claim gets a new lease. Resolves, when whoever has to know of it does, with whether it is held. */
  renew(claim: Claim, lockTimeoutMs: number): Promise<boolean>;
  /** The claim has another deadline. */
  deadlineMoved(claim: Claim): void;
  /** A call is to be told of the grant of the claim. */
  tellGrant(claim: Claim, origin: Origin): void;
}

/** Answers requests that were made before: see `RequestMatcher`, which does the same for locks in this process. */
export class RequestRepeats {
  readonly #parts: Pick<LockDeskParts, 'book' | 'counts' | 'replies' | 'register'>;
  readonly #events: RepeatEvents;

  constructor(parts: Pick<LockDeskParts, 'book' | 'counts' | 'replies' | 'register'>, events: RepeatEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Answers a call whose request id is known. False: it is not, and the call is a new one. */
  answer(command: LockCommand, nowMs: number): boolean {
    const { book, replies } = this.#parts;
    const { origin, name, requestId } = command;
    const claim = book.ofRequest(name, requestId);
    if (claim === null) {
      if (!book.released.has(requestKey(name, requestId), nowMs)) return false;
      replies.notLocked(origin, name, Refusals.requestReleased);
    } else if (claim.size !== command.size || claim.mode !== command.mode)
      replies.notLocked(origin, name, Refusals.requestDiffers);
    else if (claim.state === 'held') this.#repeatHeld(claim, command);
    // TryLock never waits, so the waiter stays with the call that does.
    else if (command.tryOnly) replies.notLocked(origin, name, null);
    // An attempt that ZooKeeper has not answered yet is about to end, and takes with it who would wait in its place.
    else if (claim.tryOnly) replies.ended(origin, CallEnd.Elsewhere);
    else this.#repeatWaiting(claim, command, nowMs);
    return true;
  }

  /** Which of its calls its caller listens to, nobody can tell here. */
  #repeatHeld(claim: Claim, command: LockCommand): void {
    const { book, counts } = this.#parts;
    counts.repeated();
    book.move(claim, () => claim.move(command));
    claim.isShared = true;
    if (command.lockTimeoutMs <= 0) return this.#events.tellGrant(claim, claim.origin);
    const renewal = this.#events.renew(claim, command.lockTimeoutMs);
    if (this.#parts.register !== null)
      return void this.#tellWhenSaid(claim, renewal, Object.assign(new Origin(), command.origin));
    renewal.catch(ignore);
    this.#events.tellGrant(claim, claim.origin);
  }

  /** Where locks outlive their server, its node says the lease to those who see to it then: before that nobody is told. */
  async #tellWhenSaid(claim: Claim, renewal: Promise<boolean>, origin: Origin): Promise<void> {
    const isHeld = await renewal.catch(() => false);
    if (isHeld) this.#events.tellGrant(claim, origin);
    else this.#parts.replies.ended(origin, CallEnd.Unreachable);
  }

  /** The waiter keeps its place; the times are those of the new call. */
  #repeatWaiting(claim: Claim, command: LockCommand, nowMs: number): void {
    const { book, counts, replies } = this.#parts;
    counts.repeated();
    replies.ended(claim.origin, CallEnd.Superseded);
    book.move(claim, () => claim.move(command));
    claim.lockTimeoutMs = command.lockTimeoutMs;
    claim.setWait(command, nowMs);
    this.#events.deadlineMoved(claim);
  }
}

function ignore(): void {}
