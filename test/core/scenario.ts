import type { Refusal } from '../../src/contract/refusal.ts';
import type { ClaimObserver } from '../../src/core/claim-observer.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../src/core/command.ts';
import type { CoreCounters } from '../../src/core/counters.ts';
import { type CoreOptions, LockCore } from '../../src/core/lock-core.ts';
import type { HoldObserver } from '../../src/core/slow-holders.ts';
import { checkInvariants } from './invariants.ts';
import { type Outcome, RecordingSink } from './recording-sink.ts';

type LockFields = Partial<
  Pick<
    LockCommand,
    'size' | 'permits' | 'mode' | 'lockTimeoutMs' | 'waitTimeoutMs' | 'deadlineMs' | 'requestId' | 'holder'
  >
> & { session?: number; call?: number };

const DEFAULTS: CoreOptions = {
  keepOnSessionEnd: false,
  gcIntervalMs: 1_800_000,
  gcMinIdleMs: 300_000,
  tokenSeed: 100,
  startMs: 0,
};

/** A core and a clock, with calls that read like the case they are about. Calls are known by their number. */
export class Scenario {
  readonly core: LockCore;
  nowMs: number;
  readonly #sink = new RecordingSink();
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  #calls = 0;

  constructor(
    options: Partial<CoreOptions> = {},
    observer: ClaimObserver | null = null,
    holdObserver: HoldObserver | null = null,
  ) {
    const whole = { ...DEFAULTS, ...options };
    this.nowMs = whole.startMs;
    this.core = new LockCore(whole, this.#sink, observer, holdObserver);
  }

  get counters(): CoreCounters {
    return this.core.counters;
  }

  lock(name: string, fields: LockFields = {}): number {
    return this.#send(name, fields, false);
  }

  tryLock(name: string, fields: LockFields = {}): number {
    return this.#send(name, fields, true);
  }

  /** Unlocks with the key that the call was given, null when that worked. */
  unlock(name: string, call: number, requestId = ''): Refusal | null {
    Object.assign(this.#unlock, { name, keyValid: true, keyBytes: 36, requestId });
    fillKey(this.#unlock.key, call);
    return this.core.unlock(this.#unlock, this.nowMs);
  }

  /** A reply with the key that this call was given could not be delivered. */
  releaseUndelivered(name: string, call: number): void {
    Object.assign(this.#unlock, { name, keyValid: true, keyBytes: 36, requestId: '' });
    fillKey(this.#unlock.key, call);
    this.core.releaseUndelivered(this.#unlock, this.nowMs);
  }

  /** Unlocks by request id alone, or with a key that is none. */
  unlockRequest(name: string, requestId: string, keyBytes = 0): Refusal | null {
    Object.assign(this.#unlock, { name, keyValid: false, keyBytes, requestId });
    return this.core.unlock(this.#unlock, this.nowMs);
  }

  renew(name: string, call: number, lockTimeoutMs: number): Refusal | null {
    Object.assign(this.#renew, { name, keyValid: true, keyBytes: 36, lockTimeoutMs });
    fillKey(this.#renew.key, call);
    return this.core.renew(this.#renew, this.nowMs);
  }

  /** Undoes the grant with the key that the call was given. */
  revoke(name: string, call: number): void {
    fillKey(this.#unlock.key, call);
    this.core.revoke(name, this.#unlock.key, this.nowMs);
  }

  cancel(session: number, call: number): void {
    this.core.cancel(session, call, this.nowMs);
  }

  endSession(session: number): void {
    this.core.endSession(session, this.nowMs);
  }

  stop(): void {
    this.core.stop(this.nowMs);
  }

  /** Lets time pass, waking the core whenever it asked for it, and checks the state. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.core.nextWakeMs() <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.core.nextWakeMs());
      this.core.advance(this.nowMs);
    }
    this.nowMs = endMs;
    this.core.advance(endMs);
    checkInvariants(LockCore.stateOf(this.core), endMs);
  }

  /** All outcomes of the call: one, once it is answered. */
  outcomesOf(call: number): Outcome[] {
    return this.#sink.outcomes.filter((outcome) => outcome.call === call);
  }

  /** What the call was answered: 'waits' while it was not, 'granted', or the refusal, null when the lock is taken. */
  answer(call: number): 'waits' | 'granted' | 'ended' | Refusal | null {
    const outcome = this.outcomesOf(call)[0];
    if (outcome === undefined) return 'waits';
    return outcome.kind === 'notLocked' ? outcome.refusal : outcome.kind;
  }

  isGranted(call: number): boolean {
    return this.answer(call) === 'granted';
  }

  token(call: number): bigint {
    const outcome = this.outcomesOf(call)[0];
    if (outcome?.kind !== 'granted') throw new Error(`call ${call} was not granted`);
    return outcome.token;
  }

  /** The calls that were granted, in that order. */
  get grants(): number[] {
    return this.#sink.outcomes.filter((outcome) => outcome.kind === 'granted').map((outcome) => outcome.call);
  }

  #send(name: string, fields: LockFields, tryOnly: boolean): number {
    const { session = 1, call = ++this.#calls } = fields;
    Object.assign(this.#lock, new LockCommand(), { name, tryOnly }, fields);
    Object.assign(this.#lock.origin, { session, call, route: 9, form: 2 });
    fillKey(this.#lock.key, call);
    this.core.lock(this.#lock, this.nowMs);
    return call;
  }
}

function fillKey(key: { a: number; b: number; c: number; d: number }, call: number): void {
  Object.assign(key, { a: call, b: 0x4000, c: -call, d: -1 });
}
