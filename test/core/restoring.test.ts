import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand, UnlockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockRestorer } from '../../src/core/lock-restorer.ts';
import type { FencingToken } from '../../src/core/sink.ts';
import { ClaimHistory, copyOf, type HeldClaim } from './claim-history.ts';
import { checkInvariants } from './invariants.ts';
import { PairedRun } from './paired-run.ts';
import { seededIntegers } from './random.ts';
import { RecordingSink } from './recording-sink.ts';
import { CHOICE_END, CHOICES_PER_STEP, drawStep, type Step } from './step.ts';

const OPTIONS = {
  keepOnSessionEnd: false,
  keepOnStop: true,
  gcIntervalMs: 50,
  gcMinIdleMs: 20,
  startMs: 1024,
};
const TOKEN_SEED = 5;

/** A run of a core together with what its observer was told. */
class RecordedRun {
  readonly paired: PairedRun;
  readonly history: ClaimHistory;

  constructor(steps: Iterable<Step>) {
    this.history = new ClaimHistory(() => this.paired.nowMs);
    this.paired = new PairedRun(OPTIONS, this.history);
    for (const step of steps) this.paired.take(step);
  }
}

function heldIn(core: LockCore): HeldClaim[] {
  const state = LockCore.stateOf(core);
  const view = new ClaimView(state);
  const held: HeldClaim[] = [];
  for (let claim = 1; claim < state.claims.endRow; claim++) {
    if (state.claims.isOpen(claim) && state.claims.isHolding(claim)) held.push(copyOf(view.at(claim)));
  }
  return held.sort((x, y) => x.key.b - y.key.b);
}

/** Nobody but a repeat tells where a grant moved: its session is not compared. */
function withoutSession(claim: HeldClaim): HeldClaim {
  return claim.requestId === '' ? claim : { ...claim, anySession: 0 };
}

/** The sizes of locks that nobody holds. Who waits for them, because the core is suspended, is not kept. */
function idleIn(core: LockCore, without: ReadonlySet<string>): Record<string, number> {
  const { locks } = LockCore.stateOf(core);
  const idle: Record<string, number> = {};
  for (let lock = 1; lock < locks.endRow; lock++) {
    const isIdle = locks.isOpen(lock) && locks.holders(lock) === 0;
    if (isIdle && !without.has(locks.name(lock))) idle[locks.name(lock)] = locks.size(lock);
  }
  return idle;
}

/** Released request ids that are remembered now, and until when. */
function releasedIn(core: LockCore, nowMs: number): Record<string, number> {
  const { requests } = LockCore.stateOf(core);
  const released: Record<string, number> = {};
  for (let entry = requests.firstReleased(); entry !== 0; entry = requests.nextReleased(entry)) {
    const forgetAtMs = requests.forgetAtMs(entry);
    if (forgetAtMs > nowMs) released[requests.keyOf(entry)] = forgetAtMs;
  }
  return released;
}

function wholeToken({ high, low }: FencingToken): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function highestToken({ entries }: ClaimHistory): bigint {
  let highest = BigInt(TOKEN_SEED) << 32n;
  for (const entry of entries) {
    if (entry.kind !== 'grant') continue;
    const token = wholeToken(entry.claim.token);
    if (token > highest) highest = token;
  }
  return highest;
}

/** Replays what the run's observer was told into a new core, and compares what both know. */
function compareRestored({ paired, history }: RecordedRun): { core: LockCore; sink: RecordingSink } {
  const { core: lived, nowMs } = paired;
  const held = heldIn(lived);
  const revoked = history.strikeOutRevoked(new Set(held.map(({ key }) => key.b)));
  const revokedNames = new Set(revoked.map(({ name }) => name));
  const sink = new RecordingSink();
  const core = new LockCore({ ...OPTIONS, tokenSeed: TOKEN_SEED, startMs: nowMs }, sink);
  const restorer = new LockRestorer(core);
  history.replay(restorer);
  const state = LockCore.stateOf(core);
  checkInvariants(state, null);
  expect(heldIn(core).map(withoutSession)).toEqual(held.map(withoutSession));
  expect(idleIn(core, revokedNames)).toEqual(idleIn(lived, revokedNames));
  expect(releasedIn(core, nowMs)).toEqual(releasedIn(lived, nowMs));
  expect(wholeToken(state.lastToken)).toBe(highestToken(history));
  restorer.begin(nowMs, 60_000, () => {});
  expect(sink.outcomes).toEqual([]);
  return { core, sink };
}

/** Repeats every request and gives every grant back, as the callers of the old core would. */
function useUp(core: LockCore, sink: RecordingSink, nowMs: number): void {
  const lock = new LockCommand();
  const unlock = new UnlockCommand();
  for (const claim of heldIn(core)) {
    const { name, size, permits, mode, requestId, key } = claim;
    if (requestId !== '') {
      core.lock(Object.assign(lock, { name, size, permits, mode, requestId }), nowMs);
      expect(sink.take()).toMatchObject([{ kind: 'granted', key, token: wholeToken(claim.token) }]);
    }
    Object.assign(unlock.key, key);
    expect(core.unlock(Object.assign(unlock, { name, keyValid: true }), nowMs)).toBe(null);
  }
  expect(core.counters.holders).toBe(0);
  checkInvariants(LockCore.stateOf(core), nowMs);
}

const choices = fc.array(fc.nat(CHOICE_END - 1), {
  minLength: CHOICES_PER_STEP,
  maxLength: CHOICES_PER_STEP,
});

describe('LockRestorer with what an observer was told', () => {
  it('makes a core that holds and answers the same', () => {
    fc.assert(
      fc.property(
        fc.array(choices, { maxLength: 100, size: 'max' }),
        fc.option(fc.nat(100)),
        (drawn, stopAt) => {
          const steps = drawn.map((step, i): Step => {
            return i === stopAt ? { kind: 'stop', elapsedMs: 1 } : drawStep(step, 4);
          });
          const run = new RecordedRun(steps);
          const { core, sink } = compareRestored(run);
          useUp(core, sink, run.paired.nowMs);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does so after long runs, in which everything happens', () => {
    const seen = {
      held: 0,
      renew: 0,
      release: 0,
      lockClosed: 0,
      refused: 0,
      idle: 0,
      released: 0,
      revocations: 0,
    };
    for (let seed = 1; seed <= 20; seed++) {
      const draw = seededIntegers(seed);
      const steps = Array.from({ length: 1500 }, () => {
        return drawStep(
          Array.from({ length: CHOICES_PER_STEP }, () => draw(CHOICE_END)),
          8,
        );
      });
      const run = new RecordedRun(steps);
      const { core, sink } = compareRestored(run);
      for (const { kind } of run.history.entries) if (kind !== 'grant') seen[kind]++;
      seen.held += core.counters.holders;
      seen.idle += Object.keys(idleIn(core, new Set())).length;
      seen.released += LockCore.stateOf(core).requests.released;
      seen.revocations += run.paired.core.counters.revocations;
      useUp(core, sink, run.paired.nowMs);
    }
    // A run in which something never happens proves nothing about it.
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
  });
});
