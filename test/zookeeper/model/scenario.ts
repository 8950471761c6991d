import { childOf } from '../../../src/zookeeper/node-path.ts';
import { seededIntegers } from '../../core/random.ts';
import { FaultInjector } from './fault-injector.ts';
import { checkHandOver } from './hand-over-check.ts';
import { HoldersChecker, ViolationError } from './holders-checker.ts';
import { runTask } from './lock-task.ts';
import type { LockMode, LocksUnderTest, LockUnderTest } from './lock-under-test.ts';
import { ModelEnsemble } from './model-ensemble.ts';
import { ModelNodes } from './model-nodes.ts';
import { pathsTo } from './model-tree.ts';
import { type ClientPlan, planSchedule, type SchedulePlan } from './schedule-plan.ts';
import { shortenIds } from './trace-ids.ts';
import { VirtualTime } from './virtual-time.ts';

/** Beyond the last fault: whoever still waits then waits for ever. */
const PATIENCE_MS = 60_000;
/** How long nothing may be under way any more until everybody counts as done. */
const QUIET_MS = 50;
/** How soon somebody is let in when nothing is broken: with one server, and with replicas that are behind. */
const HAND_OVER_MS = 60;
const BEHIND_MS = 1_000;

/** One run of the locks by a plan. */
export class Scenario {
  readonly plan: SchedulePlan;
  readonly time = new VirtualTime();
  readonly ensemble: ModelEnsemble;
  readonly checker: HoldersChecker;
  readonly clients: ModelNodes[] = [];
  /** What happened, if it was asked for. */
  readonly trace: string[] = [];
  readonly #locks: LocksUnderTest;
  readonly #isTraced: boolean;
  readonly faults: FaultInjector;
  readonly #running = new Map<object, ModelNodes>();
  #violation: Error | null = null;
  #refusals = 0;

  constructor(seed: number, locks: LocksUnderTest, isTraced = false) {
    this.plan = planSchedule(seed, locks);
    this.#locks = locks;
    this.#isTraced = isTraced;
    const { replicas, path, layout } = this.plan;
    this.ensemble = new ModelEnsemble(this.time, seededIntegers(~seed), { replicas });
    this.checker = new HoldersChecker(this.ensemble.server, path, layout, () => this.time.nowMs);
    this.faults = new FaultInjector(this.ensemble, this.plan, (what) => this.#log(what));
    this.#log(() => JSON.stringify({ layout, path, replicas }));
  }

  /** @throws ViolationError */
  async run(): Promise<void> {
    const { plan, time } = this;
    this.#putJunk();
    for (const client of plan.clients) this.#start(client);
    this.faults.scheduleOutage(this.clients);
    this.faults.scheduleFollowerCuts();
    await time.runUntil(plan.faultsEndMs + PATIENCE_MS, () => this.#violation !== null || this.#isOver());
    if (this.#violation === null && this.#isOver()) await this.#settle();
    this.#logWrites();
    if (this.#violation !== null) throw this.#violation;
    if (!this.#isOver()) throw new ViolationError('nobody waits for ever');
    for (const nodes of this.clients) if (!this.faults.crashed.has(nodes)) checkNothingLeft(nodes);
    this.checker.finished();
    const isPrompt =
      plan.layout.kind === 'readWrite' || plan.layout.size === 1 || this.#locks.givesFreeLeases;
    if (!plan.isCalm || !isPrompt) return;
    const maxMs = plan.replicas === 1 ? HAND_OVER_MS : BEHIND_MS;
    checkHandOver(this.ensemble.server, plan.path, plan.layout, this.checker.grants, maxMs);
  }

  #putJunk(): void {
    const { server } = this.ensemble;
    const { junk, path } = this.plan;
    if (junk.length === 0) return;
    const sessionId = server.openSession(0, 0);
    const data = Buffer.alloc(0);
    for (const junkPath of [...pathsTo(path), ...junk.map((name) => childOf(path, name))])
      server.write(
        sessionId,
        { kind: 'create', path: junkPath, mode: 'persistent', data, ttlMs: 0, sessionId },
        0,
      );
    for (const replica of this.ensemble.replicas) replica.catchUp();
  }

  /** Gives clients the time that they need to clean up, and servers that to end sessions. */
  async #settle(): Promise<void> {
    const { time, plan } = this;
    this.faults.end();
    let quietSinceMs = time.nowMs;
    let wasQuiet = false;
    await time.runUntil(quietSinceMs + 5 * plan.sessionTimeoutMs, () => {
      const isCalm = this.clients.every(
        (nodes) => this.faults.crashed.has(nodes) || (nodes.session.isIdle && !nodes.clock.isStalled),
      );
      const isQuiet = isCalm && this.checker.isQueueEmpty;
      if (!wasQuiet) quietSinceMs = time.nowMs;
      wasQuiet = isQuiet;
      return this.#violation !== null || (isQuiet && time.nowMs > quietSinceMs + QUIET_MS);
    });
  }

  /** How often happened what schedules are made for. */
  get counts(): Record<string, number> {
    const { grants, downgrades } = this.checker;
    let losses = 0;
    for (const { session } of this.clients) losses += session.losses;
    return { ...this.faults.counts, grants: grants.size, downgrades, losses, refusals: this.#refusals };
  }

  #isOver(): boolean {
    return this.#running.size === 0;
  }

  #start(plan: ClientPlan): void {
    const { sessionTimeoutMs, requestTimeoutMs, path, layout } = this.plan;
    const number = this.clients.length;
    const client = `client ${number}`;
    const nodes: ModelNodes = new ModelNodes(this.ensemble, {
      sessionTimeoutMs,
      requestTimeoutMs,
      cutOf: (isWrite) => this.faults.cutOf(nodes, client, isWrite),
    });
    this.clients.push(nodes);
    nodes.onState((state) => this.#log(() => `${client} is ${state}, session ${nodes.sessionId}`));
    this.faults.schedule(nodes, client, plan.faults, () => {
      for (const [task, runner] of this.#running) if (runner === nodes) this.#running.delete(task);
    });
    const lockMaker = this.#lockMaker(nodes, path, layout);
    for (const [task, rounds] of plan.tasks.entries()) {
      const name = `task ${number}.${task}`;
      const lockFor = lockMaker();
      const { checker } = this;
      const refused = () => {
        this.#refusals++;
      };
      const log = (what: () => string) => this.#log(what);
      const place = { name, nodes, checker, lockFor, log, isReentrant: this.#locks.isReentrant, refused };
      this.#running.set(rounds, nodes);
      runTask(place, rounds).then(
        () => this.#running.delete(rounds),
        (error) => {
          this.#violation ??= error as Error;
        },
      );
    }
  }

  /** Some programs share one lock object, and some make one for each task: an owner is known to the object that he uses. */
  #lockMaker(
    nodes: ModelNodes,
    path: string,
    layout: SchedulePlan['layout'],
  ): () => (mode: LockMode) => LockUnderTest {
    const make = () => {
      if (layout.kind === 'mutex') {
        const mutex = this.#locks.mutex(nodes, path, layout.size);
        return () => mutex;
      }
      const both = this.#locks.readWrite!(nodes, path);
      return (mode: LockMode) => (mode === 'write' ? both.write : both.read);
    };
    const shared = make();
    return () => (this.ensemble.random(2) === 0 ? shared : make());
  }

  #log(what: () => string): void {
    if (this.#isTraced) this.trace.push(`${this.time.nowMs.toFixed(3).padStart(10)} ${what()}`);
  }

  /** Puts what the servers did among what the clients saw. */
  #logWrites(): void {
    if (!this.#isTraced) return;
    for (const { write, written, zxid, nowMs } of this.ensemble.server.log) {
      const what = write.kind === 'endSession' ? `of ${write.sessionId}` : written.path;
      this.trace.push(`${nowMs.toFixed(3).padStart(10)}   zxid ${zxid} ${write.kind} ${what}`);
    }
    this.trace.sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
    shortenIds(this.trace);
  }
}

/** @throws ViolationError */
function checkNothingLeft(nodes: ModelNodes): void {
  if (nodes.kept > 0) throw new ViolationError('no process is kept running for nothing');
  if (!nodes.session.watches.isEmpty) throw new ViolationError('no watch is left behind');
}
