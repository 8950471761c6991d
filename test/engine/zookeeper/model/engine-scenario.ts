import { MetricWord } from '../../../../src/base/metric-words.ts';
import { seededIntegers } from '../../../core/random.ts';
import { FaultInjector } from '../../../zookeeper/model/fault-injector.ts';
import { checkHandOver } from '../../../zookeeper/model/hand-over-check.ts';
import { ModelEnsemble } from '../../../zookeeper/model/model-ensemble.ts';
import { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { Run } from '../../../zookeeper/model/simulate.ts';
import { shortenIds } from '../../../zookeeper/model/trace-ids.ts';
import { VirtualTime } from '../../../zookeeper/model/virtual-time.ts';
import { EngineClient } from './engine-client.ts';
import { EngineCounts } from './engine-counts.ts';
import { BEGIN_MS, type EngineClientPlan, type EnginePlan, planEngines } from './engine-plan.ts';
import { EngineServer } from './engine-server.ts';
import { GrantsChecker, must } from './grants-checker.ts';
import { openModelEngine } from './model-engine.ts';
import { SeededKeys } from './seeded-keys.ts';
import { withVirtualImmediates } from './virtual-immediates.ts';

/** Beyond the last fault: whoever still waits then waits for ever. */
const PATIENCE_MS = 60_000;
/** How long nothing may be under way any more until everybody counts as done. */
const QUIET_MS = 50;
const GRACE_MS = 100;
/** When all is over that servers have left behind, at the latest. */
const ORPHANS_MS = 20_000;
/** How soon somebody is let in when nothing is broken: with one server of the ensemble, and with some that are behind. */
const HAND_OVER_MS = 60;
const BEHIND_MS = 1_000;

/** One run of several engines over one ensemble, by a plan. */
export class EngineScenario implements Run {
  readonly plan: EnginePlan;
  readonly trace: string[] = [];
  readonly #isTraced: boolean;
  readonly #counts = new EngineCounts();
  readonly #time = new VirtualTime();
  readonly #ensemble: ModelEnsemble;
  readonly #faults: FaultInjector;
  readonly #checker: GrantsChecker;
  readonly #servers: EngineServer[] = [];
  #running = 0;
  #sessions = 0;
  #violation: Error | null = null;

  constructor(seed: number, isTraced = false) {
    this.plan = planEngines(seed);
    this.#isTraced = isTraced;
    this.#ensemble = new ModelEnsemble(this.#time, seededIntegers(~seed), { replicas: this.plan.replicas });
    this.#checker = new GrantsChecker(this.#ensemble.server, () => this.#time.nowMs);
    this.#faults = new FaultInjector(this.#ensemble, this.plan, (what) => this.#log(what));
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts.counts;
  }

  /** @throws ViolationError */
  run(): Promise<void> {
    return withVirtualImmediates(this.#time, () => this.#run());
  }

  async #run(): Promise<void> {
    const { plan } = this;
    const time = this.#time;
    const nodes = plan.servers.map((_server, number) => this.#connect(number));
    await time.runUntil(BEGIN_MS);
    for (const [number, one] of nodes.entries()) this.#serve(number, one);
    this.#faults.scheduleOutage(nodes);
    for (const [number, client] of plan.clients.entries()) this.#start(number, client);
    const isOver = (): boolean => this.#violation !== null || this.#running === 0;
    await time.runUntil(plan.faultsEndMs + PATIENCE_MS, isOver);
    if (this.#violation === null && isOver()) await this.#settle();
    this.#finish();
  }

  #finish(): void {
    this.#logWrites();
    this.#sum();
    if (this.#violation !== null) throw this.#violation;
    must(this.#running === 0, 'nobody waits for ever', this.#running);
    const left = this.#checker.contenders(this.plan.locks);
    // What outlives its server is seen to by the others, as long as there are any.
    const isTended = !this.plan.isDurable || this.#servers.some(({ isGone }) => !isGone);
    must(left.length === 0 || !isTended, 'nothing is left of a lock that nobody wants', ...left);
    for (const server of this.#servers) {
      server.checkAnswers();
      if (!server.isGone) checkNothingLeft(server, this.plan.isDurable);
    }
    const { isCalm, hasOddSizes, isDurable } = this.plan;
    if (isCalm && !hasOddSizes && !isDurable) this.#checkHandOver();
  }

  #connect(number: number): ModelNodes {
    const { sessionTimeoutMs, requestTimeoutMs } = this.plan;
    const name = `server ${number}`;
    const nodes: ModelNodes = new ModelNodes(this.#ensemble, {
      ...{ sessionTimeoutMs, requestTimeoutMs },
      cutOf: (isWrite) => this.#faults.cutOf(nodes, name, isWrite),
    });
    nodes.onState((state) => this.#log(() => `${name} is ${state}, session ${nodes.sessionId}`));
    return nodes;
  }

  #serve(number: number, nodes: ModelNodes): void {
    const time = this.#time;
    const keys = new SeededKeys(this.#ensemble.random);
    const server = new EngineServer({
      ...{ name: `server ${number}`, nodes, nowMs: () => time.nowMs },
      open: (events) => openModelEngine({ time, nodes, keys, keepOnSessionEnd: this.plan.isDurable }, events),
      log: (what) => this.#log(what),
      violated: (error) => this.#violate(error),
    });
    this.#servers.push(server);
    const { faults, stopsAtMs } = this.plan.servers[number]!;
    this.#faults.schedule(nodes, server.name, faults, () => server.crashed());
    if (stopsAtMs === null) return;
    time.at(stopsAtMs, () => {
      this.#log(() => `${server.name} stops`);
      this.#counts.add('stops');
      server.arrive(() => server.stop(GRACE_MS));
    });
  }

  #start(number: number, { server, rounds }: EngineClientPlan): void {
    const client = new EngineClient({
      ...{
        name: `client ${number}`,
        plan: this.plan,
        time: this.#time,
        servers: this.#servers,
        home: server,
      },
      checker: this.#checker,
      newNumber: () => ++this.#sessions,
      log: (what) => this.#log(what),
      count: (what) => this.#counts.add(what),
    });
    this.#running++;
    client.run(rounds).then(
      () => this.#running--,
      (error) => this.#violate(error as Error),
    );
  }

  /** Gives servers the time that they need to clean up, and the ensemble that to end sessions. */
  async #settle(): Promise<void> {
    const time = this.#time;
    this.#faults.end();
    let quietSinceMs = time.nowMs;
    let wasQuiet = false;
    const patienceMs = this.plan.isDurable ? ORPHANS_MS : 5 * this.plan.sessionTimeoutMs;
    await time.runUntil(quietSinceMs + patienceMs, () => {
      const isCalm = this.#servers.every((server) => server.isGone || isIdle(server));
      const isQuiet = isCalm && this.#checker.contenders(this.plan.locks).length === 0;
      if (!wasQuiet) quietSinceMs = time.nowMs;
      wasQuiet = isQuiet;
      return this.#violation !== null || (isQuiet && time.nowMs > quietSinceMs + QUIET_MS);
    });
  }

  #checkHandOver(): void {
    const { replicas, clients, locks } = this.plan;
    const maxMs = replicas === 1 ? HAND_OVER_MS : BEHIND_MS;
    for (const [index, lock] of locks.entries()) {
      const grants = this.#checker.grants.get(lock) ?? new Map<string, number>();
      const size = clients.flatMap(({ rounds }) => rounds).find((round) => round.lock === index)?.size ?? 1;
      const layout = size === 1 ? ({ kind: 'readWrite' } as const) : ({ kind: 'mutex', size } as const);
      checkHandOver(this.#ensemble.server, this.#checker.baseOf(lock), layout, grants, maxMs);
    }
  }

  #violate(error: Error): void {
    this.#violation ??= error;
  }

  #sum(): void {
    const { close: _closed, ...faults } = this.#faults.counts;
    for (const [what, times] of Object.entries(faults)) this.#counts.add(what as keyof typeof faults, times);
    for (const { losses, nodes } of this.#servers) {
      this.#counts.add('lostLocks', losses);
      this.#counts.add('lostSessions', nodes.session.losses);
    }
  }

  #log(what: () => string): void {
    if (this.#isTraced) this.trace.push(`${this.#time.nowMs.toFixed(3).padStart(10)} ${what()}`);
  }

  /** Puts what the ensemble did among what the clients saw. */
  #logWrites(): void {
    if (!this.#isTraced) return;
    for (const { write, written, zxid, nowMs } of this.#ensemble.server.log) {
      const what = write.kind === 'endSession' ? `of ${write.sessionId}` : written.path;
      this.trace.push(`${nowMs.toFixed(3).padStart(10)}   zxid ${zxid} ${write.kind} ${what}`);
    }
    this.trace.sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
    shortenIds(this.trace);
  }
}

/** Whether nothing is under way, and a watch has told of all that others have unlocked. */
function isIdle({ nodes, engine }: EngineServer): boolean {
  return nodes.session.isIdle && !nodes.clock.isStalled && engine.sumOf(MetricWord.Holders) === 0;
}

/** @throws ViolationError */
function checkNothingLeft({ name, nodes, engine }: EngineServer, isTending: boolean): void {
  // Who sees to what others have left watches them.
  if (!isTending) {
    must(nodes.kept === 0, 'no process is kept running for nothing', name);
    must(nodes.session.watches.isEmpty, 'no watch is left behind', name);
  }
  for (const word of ['Holders', 'Waiters', 'Locks', 'Sessions'] as const) {
    const left = engine.sumOf(MetricWord[word]);
    must(left === 0, `no engine counts what is not there: ${word}`, name, left);
  }
}
