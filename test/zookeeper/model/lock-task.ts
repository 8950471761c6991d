import { type HoldersChecker, ViolationError } from './holders-checker.ts';
import type { LeaseUnderTest, LockMode, LockUnderTest } from './lock-under-test.ts';
import type { ModelNodes } from './model-nodes.ts';
import type { Round } from './schedule-plan.ts';

/** What time a recipe may take beyond its timeout, when its process runs: nothing that has to cross the network. */
const SLACK_MS = 0.01;

/** What a task works with. */
export interface TaskPlace {
  readonly name: string;
  readonly nodes: ModelNodes;
  readonly checker: HoldersChecker;
  readonly lockFor: (mode: LockMode) => LockUnderTest;
  readonly log: (what: () => string) => void;
  readonly isReentrant: boolean;
  readonly refused: () => void;
}

/** One user of the lock in a client: wants it, holds it and gives it back, time and again, and sees to it that it may. */
export async function runTask(place: TaskPlace, rounds: readonly Round[]): Promise<void> {
  for (const round of rounds) {
    await pause(place, round.gapMs);
    if (place.nodes.state === 'closed') return;
    const owner = {};
    const lease = await acquire(place, round, round.mode, owner);
    if (lease === null) continue;
    const claim = place.checker.granted(place.nodes, owner, round.mode, lease);
    await pause(place, round.holdMs / 2);
    const second = round.mode === 'write' ? 'read' : round.mode;
    const mayTwice = round.mode === 'write' || place.isReentrant;
    const again =
      round.takesTwice && mayTwice && lease.locked
        ? await acquire(place, { ...round, timeoutMs: null, abortMs: null }, second, owner)
        : null;
    const secondClaim = again && place.checker.granted(place.nodes, owner, second, again);
    for (const held of [claim, secondClaim]) {
      if (held === null) continue;
      const wasHeld = place.checker.releasing(held);
      place.log(() => `${place.name} releases ${held.lease.path}`);
      const result = await release(place, held.lease);
      place.log(() => `${place.name} has released ${held.lease.path}: ${result}`);
      if (result !== null) place.checker.released(held, wasHeld, result);
      await pause(place, round.holdMs / 2);
    }
  }
}

async function acquire(
  { name, nodes, lockFor, log, refused }: TaskPlace,
  round: Round,
  mode: LockMode,
  owner: object,
): Promise<LeaseUnderTest | null> {
  const { timeoutMs, abortMs } = round;
  const { clock, session } = nodes;
  const startMs = clock.nowMs();
  const { stalledMs } = clock;
  const { losses } = session;
  const controller = new AbortController();
  let abortedMs = Number.POSITIVE_INFINITY;
  if (abortMs !== null)
    clock.after(abortMs, () => {
      abortedMs = clock.nowMs();
      controller.abort();
    });
  log(() => `${name} wants ${mode} within ${timeoutMs ?? 'any time'}, aborts at ${abortMs ?? 'no time'}`);
  const lastMs = () =>
    Math.min(
      timeoutMs ? startMs + timeoutMs + clock.stalledMs - stalledMs : Number.POSITIVE_INFINITY,
      abortedMs,
    ) + SLACK_MS;
  try {
    const lease = await lockFor(mode).acquire({ timeoutMs, signal: controller.signal, owner });
    log(() => `${name} is granted ${mode} by ${lease.path}, token ${lease.fencingToken}`);
    if (clock.nowMs() > lastMs()) throw new ViolationError(`${name} was granted ${mode} after its timeout`);
    return lease;
  } catch (error) {
    if (error instanceof ViolationError) throw error;
    const nowMs = clock.nowMs();
    refused();
    log(() => `${name} is refused ${mode}: ${String(error)}`);
    if (nowMs > lastMs()) throw new ViolationError(`${name} was refused ${mode} too late: ${String(error)}`);
    const isOver = timeoutMs !== null && nowMs >= startMs + timeoutMs - SLACK_MS;
    const isLost = session.losses > losses || !nodes.isSessionAlive(nodes.sessionId);
    const isExcused = isOver || isLost || nodes.state === 'closed' || nowMs >= abortedMs;
    if (!isExcused) throw new ViolationError(`${name} was refused ${mode} for nothing: ${String(error)}`);
    return null;
  } finally {
    abortedMs = Number.POSITIVE_INFINITY;
  }
}

/** Null: it failed, because the session is over. */
async function release({ name, nodes }: TaskPlace, lease: LeaseUnderTest): Promise<boolean | null> {
  const { sessionId } = nodes;
  try {
    return await lease.release();
  } catch (error) {
    if (nodes.isSessionAlive(sessionId))
      throw new ViolationError(`${name} cannot release ${lease.path}: ${String(error)}`);
    return null;
  }
}

function pause({ nodes }: TaskPlace, waitMs: number): Promise<void> {
  return new Promise((resolve) => nodes.clock.after(waitMs, resolve));
}
