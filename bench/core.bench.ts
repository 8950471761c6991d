import { Bench } from 'tinybench';
import type { LockMode } from '../src/contract/lock-mode.ts';
import { LockCommand, UnlockCommand } from '../src/core/command.ts';
import { LockCore } from '../src/core/lock-core.ts';
import type { LockKey } from '../src/core/lock-key.ts';
import type { Origin } from '../src/core/origin.ts';
import type { CoreSink } from '../src/core/sink.ts';

/** One command takes less time than reading the clock around it, so a hundred are timed at once. */
const batch = 100;
const startMs = 1_800_000_000_000;

/** Remembers the key of the last grant, with which the lock is given back. */
class KeySink implements CoreSink {
  readonly unlock = new UnlockCommand();
  grants = 0;

  constructor() {
    this.unlock.keyValid = true;
    this.unlock.keyBytes = 36;
  }

  granted(_origin: Origin, name: string, key: LockKey): void {
    this.grants++;
    this.unlock.name = name;
    copyKey(key, this.unlock.key);
  }

  notLocked(): void {}
  ended(): void {}
}

function copyKey(from: LockKey, to: LockKey): void {
  to.a = from.a;
  to.b = from.b;
  to.c = from.c;
  to.d = from.d;
}

/** Commands through a core: what a shard does for them beside reading and writing messages. */
export function coreBench(): Bench {
  const bench = new Bench({ name: 'core', time: 500, warmupTime: 100 });
  addCycle(bench, `lock + unlock, one name x ${batch}`, 1, 0, 0);
  addCycle(bench, `lock + unlock, 1000 names x ${batch}`, 1_000, 0, 0);
  addCycle(bench, `lock + unlock beside 100,000 held locks x ${batch}`, 1_000, 100_000, 0);
  addCycle(bench, `lock with a timeout + unlock x ${batch}`, 1_000, 0, 30_000);
  addCycle(bench, `shared lock + unlock x ${batch}`, 1_000, 0, 0, 1);
  addQueue(bench, 8);
  addQueue(bench, 1_000);
  addExpiry(bench);
  return bench;
}

function openCore(sink: CoreSink): LockCore {
  const options = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, tokenSeed: 1, startMs };
  return new LockCore(options, sink);
}

/** A command for the session, with a key that differs from the one before. */
class Commands {
  readonly lock = new LockCommand();
  #calls = 0;

  next(name: string, session = 1): LockCommand {
    const { lock } = this;
    this.#calls++;
    lock.name = name;
    lock.origin.session = session;
    lock.origin.call = this.#calls >>> 0;
    lock.key.a = this.#calls;
    lock.key.d = Math.imul(this.#calls, 0x9e37_79b1);
    return lock;
  }
}

function addCycle(
  bench: Bench,
  title: string,
  nameCount: number,
  heldCount: number,
  lockTimeoutMs: number,
  mode: LockMode = 0,
): void {
  const sink = new KeySink();
  const core = openCore(sink);
  const commands = new Commands();
  for (let i = 0; i < heldCount; i++) core.lock(commands.next(`held-${i}`, 2), startMs);
  const names = Array.from({ length: nameCount }, (_, i) => `orders/invoice-${i}`);
  commands.lock.lockTimeoutMs = lockTimeoutMs;
  commands.lock.mode = mode;
  let nowMs = startMs;
  let next = 0;
  bench.add(title, () => {
    nowMs += 0.1;
    for (let i = 0; i < batch; i++) {
      core.lock(commands.next(names[next]!), nowMs);
      core.unlock(sink.unlock, nowMs);
      next = next + 1 === nameCount ? 0 : next + 1;
    }
  });
}

/** One name that so many wait for: each unlock grants to the first, and one more joins the end. */
function addQueue(bench: Bench, waiters: number): void {
  const sink = new KeySink();
  const core = openCore(sink);
  const commands = new Commands();
  for (let i = 0; i <= waiters; i++) core.lock(commands.next('hot'), startMs);
  let nowMs = startMs;
  bench.add(`unlock with ${waiters} waiting + lock x ${batch}`, () => {
    nowMs += 0.1;
    for (let i = 0; i < batch; i++) {
      core.unlock(sink.unlock, nowMs);
      core.lock(commands.next('hot'), nowMs);
    }
  });
}

/** Locks that nobody gives back: each round takes some and lets as many expire. */
function addExpiry(bench: Bench): void {
  const core = openCore(new KeySink());
  const commands = new Commands();
  const names = Array.from({ length: 100 * batch }, (_, i) => `lease-${i}`);
  const roundMs = 10;
  commands.lock.lockTimeoutMs = 50 * roundMs;
  let nowMs = startMs;
  let next = 0;
  bench.add(`lock + expiry x ${batch}`, () => {
    nowMs += roundMs;
    core.advance(nowMs);
    for (let i = 0; i < batch; i++) {
      core.lock(commands.next(names[next]!), nowMs);
      next = next + 1 === names.length ? 0 : next + 1;
    }
  });
}
