import { expect } from 'vitest';
import { Bystander, type Fared } from './bystander.ts';
import { breathe } from './hostile-peer.ts';
import type { Target } from './target.ts';

/** How long an attack goes on. The ordinary test run has half a second for each. */
export const attackMs = Number(process.env['HOSTILE_ATTACK_MS'] ?? 500);

/**
 * Whether a bystander's speed is judged. Not in the ordinary run, where other tests share the processors, so that
 * it would say nothing about the server.
 */
const judgesSpeed = process.env['HOSTILE_JUDGE_SPEED'] === '1';

/**
 * What two heaps may fill with garbage before it is collected, which differs between versions of Node.js: up to 70 MiB
 * with 24. What has no limit rises by more than this in any attack.
 */
const RSS_RISE_MIB_MAX = 128;
const RSS_LEFT_MIB_MAX = 48;
/** A heap grows to the size that it works with in the first attacks. What one leaves behind for good, each one does. */
const RSS_REPEATS = 3;
const RSS_FIRST_SETTLE_MS = 4_000;
const RSS_SETTLE_MS = 10_000;
const RSS_WORK_MS = 200;
const RATE_RATIO_MIN = 0.5;
const P99_RATIO_MAX = 5;
/** A tail below this is the scheduler's, whatever the server does. */
const P99_MS_FLOOR = 4;
/** The machine may be busy with something else once. */
const ATTEMPTS = 3;

/** Something that goes on until the time that it is given. */
export type Attack = (untilMs: number) => Promise<void>;

/** A server under attack with a bystander beside the attackers. */
export class Siege {
  readonly target: Target;
  readonly bystander: Bystander;

  constructor(target: Target) {
    this.target = target;
    this.bystander = new Bystander(target.address);
  }

  stop(): void {
    this.bystander.stop();
  }

  /**
   * Runs an attack, which goes on until the time that it is given, and checks what it did to others: the bystander
   * saw no error and kept its speed, and the server's memory stayed in bounds and came back.
   *
   * @param beside what goes on while the bystander's usual speed is taken; by default a processor is kept busy
   */
  async attack(run: Attack, beside: Attack = burnProcessor): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attackOnce(run, beside);
      } catch (error) {
        if (!judgesSpeed || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #attackOnce(run: Attack, beside: Attack, repeats = RSS_REPEATS): Promise<void> {
    const calm = judgesSpeed ? await this.#workBeside(beside) : null;
    const rssBefore = this.target.rssMiB();
    let rssMax = rssBefore;
    const sampler = setInterval(() => {
      rssMax = Math.max(rssMax, this.target.rssMiB());
    }, 20);
    const ends = Promise.all([this.bystander.work(attackMs), run(performance.now() + attackMs)]);
    const [fared] = await ends.finally(() => clearInterval(sampler));
    expect(fared.error).toBeNull();
    expect(fared.pairs).toBeGreaterThan(0);
    expect(this.target.alive).toBe(true);
    expect(rssMax - rssBefore).toBeLessThan(RSS_RISE_MIB_MAX);
    if (repeats > 0 && !(await this.#isMemoryBack(rssBefore, RSS_FIRST_SETTLE_MS))) {
      return this.#attackOnce(run, beside, repeats - 1);
    }
    await this.#isMemoryBack(rssBefore, RSS_SETTLE_MS);
    expect(this.target.rssMiB() - rssBefore).toBeLessThan(RSS_LEFT_MIB_MAX);
    if (calm !== null) judge(fared, calm);
  }

  async #workBeside(run: Attack): Promise<Fared> {
    const [fared] = await Promise.all([this.bystander.work(attackMs), run(performance.now() + attackMs)]);
    return fared;
  }

  /** What an attack used is garbage by now. It is collected when somebody works, not by waiting. */
  async #isMemoryBack(rssBefore: number, settleMs: number): Promise<boolean> {
    const giveUpMs = performance.now() + settleMs;
    while (this.target.rssMiB() - rssBefore >= RSS_LEFT_MIB_MAX && performance.now() < giveUpMs)
      await this.bystander.work(RSS_WORK_MS);
    return this.target.rssMiB() - rssBefore < RSS_LEFT_MIB_MAX;
  }
}

/** Takes a whole processor, as an attacker does, and leaves the server alone. */
async function burnProcessor(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const sliceEndMs = performance.now() + 5;
    while (performance.now() < sliceEndMs);
    await breathe();
  }
}

function judge(fared: Fared, calm: Fared): void {
  const rateRatio = fared.pairs / calm.pairs;
  const p99MsMax = Math.max(P99_RATIO_MAX * calm.p99Ms, P99_MS_FLOOR);
  const text = `${fared.pairs} pairs, p99 ${fared.p99Ms.toFixed(2)} ms; undisturbed ${calm.pairs}, ${calm.p99Ms.toFixed(2)} ms`;
  expect(rateRatio, text).toBeGreaterThanOrEqual(RATE_RATIO_MIN);
  expect(fared.p99Ms, text).toBeLessThanOrEqual(p99MsMax);
}
