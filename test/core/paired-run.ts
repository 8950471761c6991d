import { DURATION_WORDS, DurationCounts, readDurations } from '../../src/base/duration-counts.ts';
import type { ClaimObserver } from '../../src/core/claim-observer.ts';
import { ClaimTimings } from '../../src/core/claim-timings.ts';
import { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { checkInvariants } from './invariants.ts';
import {
  LockModel,
  type ModelClaim,
  type ModelLockCall,
  type ModelOptions,
  type ModelOutcome,
} from './model.ts';
import { type Outcome, RecordingSink } from './recording-sink.ts';
import { RequestHistory } from './request-history.ts';
import type { LockStep, Step } from './step.ts';

const END_NAMES: Partial<Record<CallEnd, string>> = {
  [CallEnd.Deadline]: 'deadline',
  [CallEnd.Stopping]: 'stopping',
  [CallEnd.Superseded]: 'superseded',
  [CallEnd.Suspended]: 'suspended',
};

/** Grants that later steps unlock and renew by position, newest first. */
const REMEMBERED_GRANTS = 16;

export class DisagreementError extends Error {}

/** Takes the same steps on a core and on the model, and compares all that can be seen of them. */
export class PairedRun {
  readonly core: LockCore;
  readonly model: LockModel;
  nowMs: number;
  readonly #sink = new RecordingSink();
  readonly #view: ClaimView;
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  readonly #key = new LockKey();
  /** The token of each grant, by the model's position of the grant. */
  readonly #tokens = new Map<number, bigint>();
  #highestToken = 0n;
  readonly #grants: { name: string; key: number }[] = [];
  /** How often the session at each place has ended. */
  readonly #ends: number[] = [];
  readonly #requests = new RequestHistory();
  #calls = 0;
  readonly #waits = new Float64Array(DURATION_WORDS);
  readonly #holds = new Float64Array(DURATION_WORDS);

  /** `observer` sees what the core does. */
  constructor(options: ModelOptions, observer: ClaimObserver | null = null) {
    this.nowMs = options.startMs;
    const timings = new ClaimTimings(new DurationCounts(this.#waits), new DurationCounts(this.#holds));
    this.core = new LockCore({ ...options, tokenSeed: 5, timings }, this.#sink, observer);
    this.model = new LockModel(options);
    this.#view = new ClaimView(LockCore.stateOf(this.core));
  }

  /** Throws {@link DisagreementError} when the two differ in what they answer. */
  take(step: Step): void {
    this.nowMs += step.elapsedMs;
    switch (step.kind) {
      case 'lock':
        this.#takeLock(step);
        break;
      case 'unlock':
        this.#takeUnlock(step);
        break;
      case 'renew':
        this.#takeRenew(step);
        break;
      case 'cancel':
        this.#takeCancel(step);
        break;
      case 'endSession': {
        const session = this.#sessionId(step.session);
        this.#ends[step.session] = (this.#ends[step.session] ?? 0) + 1;
        this.core.endSession(session, this.nowMs);
        this.model.endSession(session, this.nowMs);
        break;
      }
      case 'stop':
        this.core.stop(this.nowMs);
        this.model.stop(this.nowMs);
        break;
      case 'suspend':
        this.core.suspend();
        this.model.suspend();
        break;
      case 'resume':
        this.core.resume(this.nowMs);
        this.model.resume(this.nowMs);
        break;
      case 'revoke':
        this.#takeRevoke(step);
        break;
      case 'advance':
        break;
    }
    this.#settle();
    this.#compareOutcomes();
  }

  /** Compares the whole state of both. */
  compareStates(): void {
    checkInvariants(LockCore.stateOf(this.core), this.nowMs);
    same('locks', this.#coreState(), this.#modelState());
    const { immediateGrants } = this.core.counters;
    same('waits', describeCounts(this.#waits, immediateGrants), describeDurations(this.model.waitsMs));
    same('holds', describeCounts(this.#holds, 0), describeDurations(this.model.holdsMs));
    same('released ids', LockCore.stateOf(this.core).requests.released, this.model.released.size);
  }

  #takeLock(step: LockStep): void {
    const sent = this.#requests.lockToSend(step);
    const call: ModelLockCall = {
      ...sent,
      session: this.#sessionId(sent.session, sent.late),
      call: ++this.#calls,
      deadlineMs: this.nowMs + sent.callerMs,
      key: this.#calls,
    };
    const command = Object.assign(this.#lock, {
      tryOnly: call.tryOnly,
      name: call.name,
      size: call.size,
      permits: call.permits,
      mode: call.mode,
      lockTimeoutMs: call.lockTimeoutMs,
      waitTimeoutMs: call.waitTimeoutMs,
      deadlineMs: call.deadlineMs,
      requestId: call.requestId,
      holder: call.holder,
    });
    Object.assign(command.origin, {
      session: call.session,
      call: call.call,
      route: call.call ^ 0xffff,
      form: 2,
    });
    fillKey(command.key, call.key);
    this.core.lock(command, this.nowMs);
    this.model.lock(call, this.nowMs);
  }

  #takeRevoke(step: Step & { kind: 'revoke' }): void {
    const { name, key } = this.#grants[step.grant] ?? { name: 'a', key: 0 };
    fillKey(this.#key, key);
    this.core.revoke(name, this.#key, this.nowMs);
    this.model.revoke(name, key, this.nowMs);
  }

  #takeUnlock(step: Step & { kind: 'unlock' }): void {
    // Nobody could be told of it.
    if (this.core.suspended) return;
    const grant = this.#grants[step.grant] ?? { name: 'a', key: 0 };
    const { name: requestName, requestId } = this.#requests.unlockToSend(step.requestId);
    const name = requestName ?? step.name ?? grant.name;
    const key = step.keyValid ? grant.key : null;
    const command = Object.assign(this.#unlock, { name, keyValid: step.keyValid, requestId });
    fillKey(command.key, grant.key);
    const refusal = this.core.unlock(command, this.nowMs);
    same(
      'unlock',
      refusal === null ? null : [refusal.code, refusal.message],
      this.model.unlock(name, key, requestId, this.nowMs),
    );
  }

  #takeRenew(step: Step & { kind: 'renew' }): void {
    if (this.core.suspended) return;
    const grant = this.#grants[step.grant] ?? { name: 'a', key: 0 };
    const name = step.name ?? grant.name;
    const { lockTimeoutMs } = step;
    const command = Object.assign(this.#renew, { name, keyValid: true, lockTimeoutMs });
    fillKey(command.key, grant.key);
    const refusal = this.core.renew(command, this.nowMs);
    same(
      'renew',
      refusal === null ? null : [refusal.code, refusal.message],
      this.model.renew(name, grant.key, lockTimeoutMs, this.nowMs),
    );
  }

  #takeCancel(step: Step & { kind: 'cancel' }): void {
    const claims = [...this.model.locks.values()].flatMap((lock) =>
      step.granted ? lock.holders : lock.queue,
    );
    const claim = step.known ? claims[step.claim % Math.max(claims.length, 1)] : undefined;
    const session = claim?.session ?? this.#sessionId(0);
    const call = claim?.call ?? this.#calls - step.claim;
    this.core.cancel(session, call, this.nowMs);
    this.model.cancel(session, call, this.nowMs);
  }

  #sessionId(place: number, late = false): number {
    const ends = this.#ends[place] ?? 0;
    return (late ? Math.max(ends - 1, 0) : ends) * 1000 + place + 1;
  }

  #settle(): void {
    do this.core.advance(this.nowMs);
    while (this.core.nextWakeMs() <= this.nowMs);
    this.model.advance(this.nowMs);
    const nextMs = this.model.nextDeadlineMs();
    if (this.core.nextWakeMs() > nextMs)
      throw new DisagreementError(`sleeps beyond the deadline at ${nextMs}`);
  }

  #compareOutcomes(): void {
    const actual = this.#sink.take().sort(byCall);
    const expected = this.model.outcomes.splice(0).sort(byCall);
    if (actual.length !== expected.length) same('outcomes', actual.map(describe), expected);
    for (let i = 0; i < actual.length; i++) this.#compareOutcome(actual[i]!, expected[i]!);
    if (expected.some((outcome) => outcome.kind === 'granted')) this.#compareTokens(actual, expected);
  }

  #compareOutcome(actual: Outcome, expected: ModelOutcome): void {
    let agree =
      actual.session === expected.session && actual.call === expected.call && actual.kind === expected.kind;
    if (actual.kind === 'granted' && expected.kind === 'granted') {
      agree &&= actual.name === expected.name && actual.key.b === expected.key && isKey(actual.key);
    } else if (actual.kind === 'notLocked' && expected.kind === 'notLocked') {
      agree &&=
        actual.name === expected.name &&
        actual.refusal?.code === expected.refusal?.[0] &&
        actual.refusal?.message === expected.refusal?.[1];
    } else if (actual.kind === 'ended' && expected.kind === 'ended') {
      agree &&= END_NAMES[actual.end] === expected.end;
    }
    if (!agree) same('outcome', describe(actual), expected);
  }

  /** A repeated grant has its first token; a new grant of a name has a higher one than all before of that name. */
  #compareTokens(actual: readonly Outcome[], expected: readonly ModelOutcome[]): void {
    const fresh = new Map<string, { serial: number; token: bigint }[]>();
    for (let i = 0; i < actual.length; i++) {
      const [outcome, model] = [actual[i]!, expected[i]!];
      if (outcome.kind !== 'granted' || model.kind !== 'granted') continue;
      const { name, token } = outcome;
      const { serial } = model;
      const known = this.#tokens.get(serial);
      if (known !== undefined) {
        same('token of a repeat', token, known);
        continue;
      }
      this.#tokens.set(serial, token);
      this.#grants.unshift({ name, key: model.key });
      fresh.set(name, [...(fresh.get(name) ?? []), { serial, token }]);
    }
    this.#grants.splice(REMEMBERED_GRANTS);
    const below = this.#highestToken;
    for (const grants of fresh.values()) {
      let last = below;
      for (const { token } of grants.sort((a, b) => a.serial - b.serial)) {
        if (token <= last) throw new DisagreementError(`token ${token} is not above ${last}`);
        last = token;
      }
      if (last > this.#highestToken) this.#highestToken = last;
    }
  }

  #coreState(): unknown {
    const { locks, claims } = LockCore.stateOf(this.core);
    const out: Record<string, unknown> = {};
    for (let lock = 1; lock < locks.endRow; lock++) {
      if (!locks.isOpen(lock)) continue;
      const holders: unknown[] = [];
      for (let c = locks.firstHolder(lock); c !== 0; c = claims.next(c)) holders.unshift(this.#coreClaim(c));
      const queue: unknown[] = [];
      for (let c = locks.firstWaiter(lock); c !== 0; c = claims.next(c)) queue.push(this.#coreClaim(c));
      const touchedMs = locks.touchedMs(lock);
      out[locks.name(lock)] = { size: locks.size(lock), touchedMs, holders, queue };
    }
    return out;
  }

  #coreClaim(claim: number): unknown {
    const view = this.#view.at(claim);
    view.readKey(this.#key);
    const { session, formerSession, permits, mode, lockTimeoutMs, deadlineMs, holder } = view;
    return { key: this.#key.b, session, formerSession, permits, mode, lockTimeoutMs, deadlineMs, holder };
  }

  #modelState(): unknown {
    const out: Record<string, unknown> = {};
    for (const { name, size, touchedMs, holders, queue } of this.model.locks.values()) {
      out[name] = {
        size,
        touchedMs,
        holders: holders.map((claim) => modelClaim(claim, claim.expiresMs)),
        queue: queue.map((claim) => modelClaim(claim, Math.min(claim.waitUntilMs, claim.callerUntilMs))),
      };
    }
    return out;
  }
}

function describeCounts(words: Float64Array, zeros: number): unknown {
  const { count, sumMs, upTo } = readDurations([words], 1, zeros);
  return { count, sum: sumMs.toFixed(3), upTo: upTo.map((bucket) => bucket.count) };
}

function describeDurations(durationsMs: readonly number[]): unknown {
  const sum = durationsMs.reduce((total, ms) => total + ms, 0).toFixed(3);
  const upTo = readDurations([]).upTo.map(({ boundMs }) => durationsMs.filter((ms) => ms <= boundMs).length);
  return { count: durationsMs.length, sum, upTo };
}

function modelClaim(claim: ModelClaim, deadlineMs: number): unknown {
  const { key, formerSession, permits, lockTimeoutMs, holder } = claim;
  const session = claim.session ?? 0;
  const mode = claim.shared ? 1 : 0;
  return { key, session, formerSession, permits, mode, lockTimeoutMs, deadlineMs, holder };
}

/** Few first words, so that keys collide where they are found by it. */
function fillKey(key: LockKey, number: number): void {
  key.a = number & 3;
  key.b = number;
  key.c = ~number;
  key.d = 4;
}

function isKey(key: LockKey): boolean {
  return key.a === (key.b & 3) && key.c === ~key.b && key.d === 4;
}

function byCall(x: { session: number; call: number }, y: { session: number; call: number }): number {
  return x.call - y.call || x.session - y.session;
}

function describe(outcome: Outcome): unknown {
  return outcome.kind === 'granted'
    ? { ...outcome, key: outcome.key.b, token: String(outcome.token) }
    : outcome;
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [a, e] = [toText(actual), toText(expected)];
  if (a !== e) throw new DisagreementError(`${what}: the core says\n  ${a}\nthe model says\n  ${e}`);
}

/** JSON with the keys in order, so that equal values have equal texts; Infinity and bigints are told apart. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint' || part === Number.POSITIVE_INFINITY) return String(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)));
  });
}
