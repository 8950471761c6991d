import { Limits } from '../../src/base/limits.ts';
import type { LockCore } from '../../src/core/lock-core.ts';
import { LockCore as Core } from '../../src/core/lock-core.ts';
import { openStateFiles, type StateFiles } from '../../src/journal/state-files.ts';
import type { ShardJournalOptions } from '../../src/shard/open-journal.ts';
import { seededIntegers } from '../core/random.ts';
import { BrokenPromiseError, CrashClients, must } from './crash-clients.ts';
import { type Draw, PowerCutError, SimulatedDisk } from './simulated-disk.ts';
import { SimulatedShard } from './simulated-shard.ts';
import { type HeldClaim, heldClaims, heldText } from './state-text.ts';

const PATH = '/state/locks';
const NEVER = Number.POSITIVE_INFINITY;
const FOR_EVER_MS = 1e9;
/** Operations that one life of a shard has, no more than. */
const LIFE_OPERATIONS = 120;

interface Plan {
  readonly sync: 'always' | 'interval' | 'never';
  readonly defaultLockTimeoutMs: number;
  readonly compactionBytesMin: number;
  readonly compactionSliceRows: number;
  readonly callsPerTurn: number;
}

/** What is on the disk in the end, in the best and the worst case. */
interface Possible {
  /** What was held after each batch since the last crash, in order. */
  readonly states: string[];
  /** All before this one is durable. */
  durable: number;
  /** All before this one is written. */
  written: number;
}

/**
 * A shard with a journal on a disk that forgets, and its clients, over many crashes. Everything follows from the seed.
 */
export class CrashRun {
  readonly clients: CrashClients;
  readonly totals = { crashes: 0, powerLosses: 0, failures: 0, divisions: 0, compactions: 0 };
  readonly #draw: Draw;
  readonly #disk: SimulatedDisk;
  readonly #plan: Plan;
  readonly #hashSeed: number;
  readonly #clock: { ms: number; nowMs(): number };
  #possible: Possible = { states: [''], durable: 0, written: 0 };

  /** How often what is held had changed when it was looked at last. */
  #changes = 0;
  /** Since the disk was looked at last. */
  #isPowerLost = false;
  #recovered: readonly HeldClaim[] = [];

  constructor(seed: number) {
    const draw = seededIntegers(seed);
    this.#draw = draw;
    this.#disk = new SimulatedDisk(draw, draw(2) === 0 ? 512 : 4096);
    this.#disk.writesAreShort = draw(4) === 0;
    this.#hashSeed = draw(2 ** 32);
    this.#plan = {
      sync: (['always', 'always', 'interval', 'never'] as const)[draw(4)]!,
      defaultLockTimeoutMs: [FOR_EVER_MS, FOR_EVER_MS, 0, 5_000][draw(4)]!,
      compactionBytesMin: draw(2) === 0 ? 1 + draw(8_000) : NEVER,
      compactionSliceRows: 1 + draw(4),
      callsPerTurn: 1 + draw(6),
    };
    const clock = { ms: 1_800_000_000_000, nowMs: () => clock.ms };
    this.#clock = clock;
    this.clients = new CrashClients(draw, this.#hashSeed, clock.nowMs);
  }

  /** A life of the shard, from its start to its crash, and what has become of everything. */
  liveAndCrash(): void {
    const [id] = this.#openFiles().data;
    const shard = this.#openShard({ ...id!, syncIntervalMs: 50, ...this.#plan });
    const isPowerCut = shard === null || this.#live(shard) === 'power';
    this.totals.crashes++;
    this.clients.disconnect();
    this.#disk.mend();
    if (isPowerCut || this.#draw(2) === 0) this.#losePower();
    else this.#disk.kill();
    this.#clock.ms += this.#draw(3) === 0 ? this.#draw(20_000) : this.#draw(100);
  }

  #losePower(): void {
    this.totals.powerLosses++;
    this.#isPowerLost = true;
    this.#disk.losePower();
    this.#possible.written = this.#possible.durable;
  }

  /** Opens the files, as often as it takes, sometimes dividing them among three shards and putting them together again. */
  #openFiles(): StateFiles {
    for (;;) {
      try {
        if (this.#draw(6) === 0) this.#disk.failAfter(this.#draw(25), 'power');
        if (this.#draw(12) === 0) {
          this.#openFilesOf(3);
          this.totals.divisions++;
        }
        const files = this.#openFilesOf(1);
        this.#disk.mend();
        return files;
      } catch (error) {
        if (!(error instanceof PowerCutError)) throw error;
        this.#losePower();
      }
    }
  }

  #openFilesOf(shards: number): StateFiles {
    return openStateFiles({
      ...{ disk: this.#disk, path: PATH, shards, newSeed: this.#hashSeed, repair: false },
      ...{ nowMs: this.#clock.ms, notice: () => {} },
    });
  }

  /** Null when the power is cut meanwhile. */
  #openShard(journal: ShardJournalOptions): SimulatedShard | null {
    const draw = this.#draw;
    const disk = this.#disk;
    // Mostly there is no room for long extensions: all those zeros take most of the time.
    disk.bytesMax = [NEVER, disk.bytesUsed + draw(6_000), disk.bytesUsed + 24 * 1024][Math.min(2, draw(16))]!;
    if (draw(12) === 0) disk.failAfter(draw(4), 'power');
    const { keys } = this.clients;
    try {
      const shard = new SimulatedShard(
        { disk, journal, clock: this.#clock, keys, tokenSeed: 0 },
        this.clients,
      );
      disk.failAfter(NEVER, 'power');
      this.clients.isSuspended = () => shard.core.suspended;
      this.#checkRecovered(shard.core);
      return shard;
    } catch (error) {
      if (!(error instanceof PowerCutError)) throw error;
      return null;
    }
  }

  /** Looks at what the shard has found on the disk, before any time passes. */
  #checkRecovered(core: LockCore): void {
    const held = heldClaims(core);
    const text = heldText(held);
    const { states, written } = this.#possible;
    const at = states.lastIndexOf(text);
    must(at >= 0, 'what is recovered was the state once', this.#describe(text));
    must(at >= written, 'what is recovered is all that must be there', this.#describe(text));
    const lost = this.#isPowerLost && this.#plan.sync !== 'always';
    this.clients.checkAskedFor(held);
    if (!lost) this.clients.checkNothingLost(held);
    this.clients.checkRequests(rememberedRequests(core), !lost);
    this.clients.accept(held, lost, this.#plan.defaultLockTimeoutMs === FOR_EVER_MS);
    this.#possible = { states: [text], durable: 0, written: 0 };
    this.#recovered = held;
    this.#changes = -1;
    this.#isPowerLost = false;
  }

  /** Returns why it has ended, null when it might have gone on. */
  #live(shard: SimulatedShard): 'power' | 'EIO' | null {
    const draw = this.#draw;
    const disk = this.#disk;
    const failure = draw(8);
    if (failure < 4) disk.failAfter(draw(LIFE_OPERATIONS), failure === 0 ? 'EIO' : 'power');
    else if (failure < 6) disk.failAfter(draw(LIFE_OPERATIONS), 'ENOSPC', draw(4) === 0 ? 'open' : 'write');
    let isFirst = true;
    for (let turns = 1 + draw(24); turns > 0; turns--) {
      if (!isFirst)
        for (let calls = draw(this.#plan.callsPerTurn + 1); calls > 0; calls--) this.clients.act(shard);
      const end = this.#turn(shard);
      if (end !== null) return end;
      if (isFirst) this.#checkBegun(shard.core);
      isFirst = false;
      if (draw(3) === 0) disk.writeBack();
      if (draw(12) === 0) disk.bytesMax = NEVER;
      this.#clock.ms += draw(10) === 0 ? draw(1_000) : draw(30);
    }
    return null;
  }

  /** Returns why it could not be ended, null when it could. */
  #turn(shard: SimulatedShard): 'power' | 'EIO' | null {
    const { core } = shard;
    const wasSuspended = core.suspended;
    // What is owed to the journal when it has room again, and written before anything else.
    if (wasSuspended) this.#push(core);
    const { sync: syncs, rename: renames } = this.#disk.counts;
    try {
      shard.turn();
    } catch (error) {
      if (error instanceof BrokenPromiseError) throw error;
      this.#push(core);
      // Something behind the batch may have failed; but if anybody was told, it has to be there.
      if (this.clients.takeReplies() > 0 && !wasSuspended) this.#settle(this.#disk.counts.sync > syncs);
      if (error instanceof PowerCutError) return 'power';
      must(isBrokenDisk(error), 'only a broken disk ends a shard', error);
      this.totals.failures++;
      return 'EIO';
    }
    this.totals.compactions += this.#disk.counts.rename - renames;
    this.clients.takeReplies();
    if (core.suspended) return null;
    this.#push(core);
    // One that resumes has written two batches, and perhaps synced the first of them only.
    this.#settle(!wasSuspended && this.#disk.counts.sync > syncs);
    return null;
  }

  /** Everything up to now is written and, as the plan has it, durable. `hasSynced`: something was synced in the end. */
  #settle(hasSynced: boolean): void {
    const { sync, compactionBytesMin } = this.#plan;
    this.#possible.written = this.#possible.states.length - 1;
    // Where no other file is made meanwhile, a sync is one of the journal.
    const isSynced = compactionBytesMin === NEVER && hasSynced;
    if (sync === 'always' || isSynced) this.#possible.durable = this.#possible.written;
  }

  #push(core: LockCore): void {
    const { grants, unlocks, expiries, sessionReleases, revocations, renewals, repeats } = core.counters;
    const changes = grants + unlocks + expiries + sessionReleases + revocations + renewals + repeats;
    if (changes === this.#changes) return;
    this.#changes = changes;
    const held = heldClaims(core);
    this.clients.see(held);
    const text = heldText(held);
    const { states } = this.#possible;
    if (states.at(-1) !== text) states.push(text);
  }

  /** What was recovered runs on, but nothing ends before there was time to renew it. */
  #checkBegun(core: LockCore): void {
    const readyMs = this.#clock.ms;
    const { defaultLockTimeoutMs } = this.#plan;
    const expected = this.#recovered.map((claim) => {
      if (claim.lockTimeoutMs === 0) {
        return { ...claim, lockTimeoutMs: defaultLockTimeoutMs, deadlineMs: readyMs + defaultLockTimeoutMs };
      }
      const leastMs = readyMs + Math.min(claim.lockTimeoutMs, Limits.restoredGraceMs);
      return { ...claim, deadlineMs: Math.max(claim.deadlineMs, leastMs) };
    });
    const text = heldText(heldClaims(core));
    must(text === heldText(expected), 'what was recovered runs on', text, '\nexpected', heldText(expected));
  }

  #describe(text: string): string {
    const { states, written, durable } = this.#possible;
    const { sync } = this.#plan;
    return `${sync}, ${states.length} states, ${written} written, ${durable} durable\nrecovered\n${text}\nwritten\n${states[written]}\nlast\n${states.at(-1)}`;
  }
}

function isBrokenDisk(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'LDLM_STATE_IO')
  );
}

function rememberedRequests(core: LockCore): Set<string> {
  const { requests } = Core.stateOf(core);
  const keys = new Set<string>();
  for (let entry = requests.firstReleased(); entry !== 0; entry = requests.nextReleased(entry)) {
    keys.add(requests.keyOf(entry));
  }
  return keys;
}
