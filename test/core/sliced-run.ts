import { LockCommand, RenewCommand, UnlockCommand } from '../../src/core/command.ts';
import { type CoreOptions, LockCore } from '../../src/core/lock-core.ts';
import type { LockKey } from '../../src/core/lock-key.ts';
import { slowHolderDelayMs } from '../../src/core/slow-holders.ts';
import { checkInvariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { type LockSent, RequestHistory } from './request-history.ts';
import type { Step } from './step.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/**
 * Takes steps on a core whose long work goes on in small slices that other steps come between, checked by a
 * {@link Ledger}. What is answered when may depend on the slices; what must never happen does not.
 */
export class SlicedRun {
  readonly core: LockCore;
  readonly ledger: Ledger;
  nowMs: number;
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  /** The sessions by place, 0 for none, and the one that ended last at each place. */
  readonly #sessions: number[] = [];
  readonly #endedSessions: number[] = [];
  readonly #requests = new RequestHistory();
  readonly #heldLongMs: number;
  #nextSession = 1;
  #calls = 0;
  /** The name of each call, so that later steps can unlock what it was granted. */
  readonly #names: string[] = [''];
  readonly #callSessions: number[] = [0];

  constructor(options: CoreOptions) {
    this.nowMs = options.startMs;
    this.#heldLongMs = options.heldLongMs ?? 0;
    this.ledger = new Ledger(this.#heldLongMs);
    this.core = new LockCore(options, this.ledger.sink, this.ledger.observer, this.ledger.holdObserver);
  }

  take(step: Step): void {
    this.nowMs += step.elapsedMs;
    const { core, nowMs } = this;
    switch (step.kind) {
      case 'lock':
        return this.#takeLock(this.#requests.lockToSend(step));
      case 'suspend':
        this.ledger.suspended(true);
        return core.suspend();
      case 'resume':
        return this.#resume();
      case 'revoke': {
        const name = this.#nameOf(step.grant);
        this.#fillKey(this.#unlock.key, step.grant);
        this.ledger.revokes(name, this.#unlock.key.b);
        return core.revoke(name, this.#unlock.key, nowMs);
      }
      case 'unlock': {
        // Nobody could be told of it.
        if (core.suspended) return;
        const { name, requestId } = this.#requests.unlockToSend(step.requestId);
        const unlockName = name ?? step.name ?? this.#nameOf(step.grant);
        Object.assign(this.#unlock, { name: unlockName, keyValid: step.keyValid, requestId });
        this.#fillKey(this.#unlock.key, step.grant);
        core.unlock(this.#unlock, nowMs);
        return;
      }
      case 'renew': {
        if (core.suspended) return;
        const { lockTimeoutMs } = step;
        const name = step.name ?? this.#nameOf(step.grant);
        Object.assign(this.#renew, { name, keyValid: true, lockTimeoutMs });
        this.#fillKey(this.#renew.key, step.grant);
        core.renew(this.#renew, nowMs);
        return;
      }
      case 'cancel': {
        const waiters = NAMES.flatMap((name) => this.ledger.queueOf(name));
        const call = step.granted ? this.#calls - step.claim : waiters[step.claim]?.call;
        const session = call === undefined ? undefined : this.#callSessions[call];
        if (call === undefined || session === undefined) return;
        const waiter = waiters.find((open) => open.call === call);
        if (waiter !== undefined) this.ledger.cancelled(waiter);
        return core.cancel(session, call, nowMs);
      }
      case 'endSession':
        return this.#end(step.session);
      case 'stop':
        return core.stop(nowMs);
      case 'advance':
        return core.advance(nowMs);
    }
  }

  check(): void {
    checkInvariants(LockCore.stateOf(this.core), null);
  }

  /** Does all the work that is left and checks that nothing was forgotten. */
  settle(): void {
    this.drain();
    checkInvariants(LockCore.stateOf(this.core), this.nowMs);
    const { waiters } = this.core.counters;
    if (waiters !== this.ledger.openCalls)
      throw new Error(`${this.ledger.openCalls} calls open, ${waiters} wait`);
    if (this.core.counters.holders !== this.ledger.held)
      throw new Error(`the ledger holds ${this.ledger.held}`);
    if (this.#heldLongMs === 0) return;
    const untold = this.ledger.countUntold(
      this.nowMs - this.#heldLongMs - slowHolderDelayMs(this.#heldLongMs),
    );
    if (untold !== 0) throw new Error(`${untold} grants that are held for long were not told of`);
  }

  /** Ends all sessions and lets all timeouts pass: then nothing may be left of anything but locks without timeout. */
  finish(): void {
    for (let place = 0; place < this.#sessions.length; place++) this.#end(place);
    this.nowMs += 100_000;
    this.#resume();
    this.settle();
  }

  drain(): void {
    do this.core.advance(this.nowMs);
    while (this.core.nextWakeMs() <= this.nowMs);
  }

  #takeLock(sent: LockSent): void {
    const ended = sent.late ? this.#endedSessions[sent.session] : undefined;
    const session = ended ?? this.#sessionAt(sent.session);
    const call = ++this.#calls;
    const { tryOnly, name, size, permits, mode, lockTimeoutMs, waitTimeoutMs, requestId, holder } = sent;
    const sizes = { name, size, permits, mode, requestId, holder };
    const deadlineMs = this.nowMs + sent.callerMs;
    const command = Object.assign(this.#lock, sizes, { tryOnly, lockTimeoutMs, waitTimeoutMs, deadlineMs });
    Object.assign(command.origin, { session, call, route: 1, form: 1 });
    this.#fillKey(command.key, 0);
    this.#names[call] = name;
    this.#callSessions[call] = session;
    this.ledger.takes(session, call, name);
    this.core.lock(command, this.nowMs);
    this.ledger.took();
  }

  #resume(): void {
    this.ledger.suspended(false);
    this.core.resume(this.nowMs);
  }

  #end(place: number): void {
    const session = this.#sessionAt(place);
    this.#endedSessions[place] = session;
    this.#sessions[place] = 0;
    this.ledger.sessionEnded(session);
    this.core.endSession(session, this.nowMs);
  }

  #sessionAt(place: number): number {
    this.#sessions[place] ||= this.#nextSession++;
    return this.#sessions[place];
  }

  /** The name that the call so many calls ago was for. */
  #nameOf(back: number): string {
    return this.#names[this.#calls - back] ?? '';
  }

  /** The key that the call so many calls ago was given. */
  #fillKey(key: LockKey, back: number): void {
    const number = Math.max(this.#calls - back, 0);
    Object.assign(key, { a: number & 3, b: number, c: 0, d: 0 });
  }
}
