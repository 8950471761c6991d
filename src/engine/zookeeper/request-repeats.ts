import { Refusals } from '../../contract/refusal.ts';
import type { LockCommand } from '../../core/command.ts';
import { Origin } from '../../core/origin.ts';
import { CallEnd } from '../../core/sink.ts';
import { lookAt } from '../../zookeeper/locks/node-removal.ts';
import type { Claim } from './claim.ts';
import { requestKey } from './claim-book.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { untilAnswered } from './until-answered.ts';

/** What a repeat has to have done for it. */
export interface RepeatEvents {
  /** The claim gets a new lease. Resolves, when whoever has to know of it does, with whether it is held. */
  renew(claim: Claim, lockTimeoutMs: number): Promise<boolean>;
  /** The claim has another deadline. */
  deadlineMoved(claim: Claim): void;
  /** The node of the claim is gone. */
  gone(claim: Claim): void;
  /** A call is to be told of the grant of the claim. */
  tellGrant(claim: Claim, origin: Origin): void;
}

type RepeatParts = Pick<LockDeskParts, 'book' | 'counts' | 'replies' | 'nodes' | 'register'>;

/** Answers requests that were made before: see `RequestMatcher`, which does the same for locks in this process. */
export class RequestRepeats {
  readonly #parts: RepeatParts;
  readonly #events: RepeatEvents;

  constructor(parts: RepeatParts, events: RepeatEvents) {
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
    else if (claim.tryOnly) replies.ended(origin, CallEnd.Pending);
    else this.#repeatWaiting(claim, command, nowMs);
    return true;
  }

  /** Which of its calls its caller listens to, nobody can tell here. */
  #repeatHeld(claim: Claim, command: LockCommand): void {
    const { book, counts } = this.#parts;
    counts.repeated();
    book.move(claim, () => claim.move(command));
    claim.isShared = true;
    void this.#tellConfirmed(claim, command.lockTimeoutMs, Object.assign(new Origin(), command.origin));
  }

  /**
   * Another server may have released the lock, and somebody may have it since: nobody is told of the grant before ZooKeeper
   * has said that its node is there still. While that cannot be asked, the call waits: the lock is its session's already.
   */
  async #tellConfirmed(claim: Claim, lockTimeoutMs: number, origin: Origin): Promise<void> {
    const { nodes, replies } = this.#parts;
    const { path, czxid, sessionId } = claim.node!;
    try {
      if (lockTimeoutMs > 0) await this.#renew(claim, lockTimeoutMs);
      if ((await untilAnswered(nodes, () => lookAt(nodes, path, czxid))) === null) {
        this.#events.gone(claim);
        replies.notLocked(origin, claim.place.name, Refusals.requestReleased);
      } else if (nodes.isSessionAlive(sessionId) && claim.state === 'held')
        this.#events.tellGrant(claim, origin);
      // It has ended here meanwhile, and its node is about to go.
      else replies.ended(origin, CallEnd.Unreachable);
    } catch {
      replies.ended(origin, CallEnd.Unreachable);
    }
  }

  /** Where locks outlive their server, those who see to this one then have to know of its lease. */
  async #renew(claim: Claim, lockTimeoutMs: number): Promise<void> {
    try {
      await this.#events.renew(claim, lockTimeoutMs);
    } catch (error) {
      if (this.#parts.register !== null) throw error;
    }
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
