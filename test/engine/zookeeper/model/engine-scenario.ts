import { MetricWord } from '../../../../src/base/metric-words.ts';
import { LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import { SERVERS_PATH } from '../../../../src/engine/zookeeper/server-register.ts';
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
import type { EngineServer } from './engine-server.ts';
import { ForeignClient } from './foreign-client.ts';
import type { ForeignPlan } from './foreign-plan.ts';
import { GrantsChecker, must } from './grants-checker.ts';
import { checkLeaseHandOver } from './lease-hand-over-check.ts';
import { LockObservers } from './lock-observers.ts';
import { ServerPlaces } from './server-places.ts';
import { withVirtualImmediates } from './virtual-immediates.ts';

/** Beyond the last fault: whoever still waits then waits for ever. */
const PATIENCE_MS = 60_000;
/** How long nothing may be under way any more until everybody counts as done. */
const QUIET_MS = 50;
/** When all is over that servers have left behind, at the latest. */
const ORPHANS_MS = 20_000;
/** How soon somebody is let in when nothing is broken: with one server of the ensemble, and with some that are behind. */
const HAND_OVER_MS = 60;
const BEHIND_MS = 1_000;
/** Of so many holders a waiter does not watch all, and looks by itself. */
const WATCHED_MAX = 32;
const LOOK_MS = 3_000;

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
  readonly #places: ServerPlaces;
  readonly #observers: LockObservers | null;
  readonly #running = new Set<object>();
  #sessions = 0;
  #violation: Error | null = null;

  constructor(seed: number, isTraced = false) {
    this.plan = planEngines(seed);
    this.#isTraced = isTraced;
    this.#ensemble = new ModelEnsemble(this.#time, seededIntegers(~seed), { replicas: this.plan.replicas });
    const paths = new LockPaths(this.plan.mapped);
    this.#checker = new GrantsChecker(this.#ensemble.server, paths, () => this.#time.nowMs);
    const log = (what: () => string): void => this.#log(what);
    this.#faults = new FaultInjector(this.#ensemble, this.plan, log);
    const parts = {
      ...{ plan: this.plan, ensemble: this.#ensemble, paths, log },
      count: (what: Parameters<EngineCounts['add']>[0]) => this.#counts.add(what),
      violated: (error: Error) => this.#violate(error),
    };
    const serving = (server: EngineServer): void => this.#observers?.watch(server);
    this.#places = new ServerPlaces({ ...parts, faults: this.#faults, serving });
    this.#observers =
      this.plan.looks &&
      new LockObservers({
        ...parts,
        checker: this.#checker,
        servers: this.#places.current,
        newNumber: () => ++this.#sessions,
      });
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
    const nodes = plan.servers.map((_server, place) => this.#places.connect(place));
    await time.runUntil(BEGIN_MS);
    for (const [place, one] of nodes.entries()) void this.#places.serve(place, one);
    // They are ready when the microtasks have run.
    await time.runUntil(BEGIN_MS);
    this.#faults.scheduleOutage(nodes);
    this.#faults.scheduleFollowerCuts();
    for (const [number, client] of plan.clients.entries()) this.#start(number, client);
    for (const [number, foreigner] of plan.foreigners.entries()) this.#startForeign(number, foreigner);
    const isOver = (): boolean => this.#violation !== null || this.#running.size === 0;
    await time.runUntil(plan.faultsEndMs + PATIENCE_MS, isOver);
    if (this.#violation === null && isOver()) await this.#observe();
    if (this.#violation === null && isOver()) await this.#settle();
    this.#finish();
  }

  #finish(): void {
    this.#logWrites();
    this.#sum();
    if (this.#violation !== null) throw this.#violation;
    must(this.#running.size === 0, 'nobody waits for ever', this.#running.size);
    const left = this.#checker.contenders(this.plan.locks);
    // What outlives its server is seen to by the others, as long as there are any.
    const isTended = !this.plan.isDurable || this.#places.all.some(({ isGone }) => !isGone);
    must(left.length === 0 || !isTended, 'nothing is left of a lock that nobody wants', ...left);
    for (const server of this.#places.all) {
      server.checkAnswers();
      if (!server.isGone) checkNothingLeft(server, this.plan.isDurable);
    }
    const { isCalm, hasOddSizes, isDurable } = this.plan;
    if (isCalm && !hasOddSizes && !isDurable) this.#checkHandOver();
  }

  #start(number: number, { server, rounds }: EngineClientPlan): void {
    const client = new EngineClient({
      ...{
        name: `client ${number}`,
        plan: this.plan,
        time: this.#time,
        servers: this.#places.current,
        home: server,
      },
      checker: this.#checker,
      newNumber: () => ++this.#sessions,
      log: (what) => this.#log(what),
      count: (what) => this.#counts.add(what),
    });
    this.#track(client, client.run(rounds));
  }

  #startForeign(number: number, { lock, rounds, faults }: ForeignPlan): void {
    const { sessionTimeoutMs, requestTimeoutMs, locks, sizes, mapped } = this.plan;
    const name = `foreigner ${number}`;
    const nodes: ModelNodes = new ModelNodes(this.#ensemble, {
      ...{ sessionTimeoutMs, requestTimeoutMs },
      cutOf: (isWrite) => this.#faults.cutOf(nodes, name, isWrite),
    });
    nodes.onState((state) => this.#log(() => `${name} is ${state}, session ${nodes.sessionId}`));
    const path = mapped.find((one) => one.name === locks[lock])!;
    const client = new ForeignClient({
      ...{ name, nodes, lock: { ...path, size: sizes[lock]! }, checker: this.#checker },
      log: (what) => this.#log(what),
      count: (what) => this.#counts.add(what),
    });
    this.#faults.schedule(nodes, name, faults, () => this.#running.delete(client));
    this.#track(client, client.run(rounds));
  }

  #track(client: object, run: Promise<void>): void {
    this.#running.add(client);
    run.then(
      () => this.#running.delete(client),
      (error) => this.#violate(error as Error),
    );
  }

  async #observe(): Promise<void> {
    if (this.#observers === null) return;
    this.#faults.end();
    let isOver = false;
    this.#observers
      .compareAtRest()
      .catch((error) => this.#violate(error as Error))
      .finally(() => {
        isOver = true;
      });
    await this.#time.runUntil(this.#time.nowMs + PATIENCE_MS, () => isOver);
    if (!isOver) this.#violate(new Error('somebody who looks at the locks waits for ever'));
  }

  /** Gives servers the time that they need to clean up, and the ensemble that to end sessions. */
  async #settle(): Promise<void> {
    const time = this.#time;
    this.#faults.end();
    let quietSinceMs = time.nowMs;
    let wasQuiet = false;
    const patienceMs =
      this.plan.isDurable || this.plan.keepsSessions ? ORPHANS_MS : 5 * this.plan.sessionTimeoutMs;
    await time.runUntil(quietSinceMs + patienceMs, () => {
      const isCalm = this.#places.all.every((server) => server.isGone || isIdle(server));
      const isQuiet = isCalm && this.#checker.contenders(this.plan.locks).length === 0;
      if (!wasQuiet) quietSinceMs = time.nowMs;
      wasQuiet = isQuiet;
      return this.#violation !== null || (isQuiet && time.nowMs > quietSinceMs + QUIET_MS);
    });
  }

  #checkHandOver(): void {
    const { replicas, locks, sizes } = this.plan;
    const { server } = this.#ensemble;
    for (const [index, lock] of locks.entries()) {
      const grants = this.#checker.grants.get(lock) ?? new Map<string, number>();
      const size = sizes[index]!;
      const maxMs = (replicas === 1 ? HAND_OVER_MS : BEHIND_MS) + (size > WATCHED_MAX ? LOOK_MS : 0);
      const { base, mapped } = this.#checker.placeOf(lock);
      const isReadWrite = mapped === null ? size === 1 : mapped === 'rw';
      const layout = isReadWrite ? ({ kind: 'readWrite' } as const) : ({ kind: 'mutex', size } as const);
      if (mapped === 'semaphore') checkLeaseHandOver(server, base, size, maxMs);
      else checkHandOver(server, base, layout, grants, maxMs);
    }
  }

  #violate(error: Error): void {
    this.#violation ??= error;
  }

  #sum(): void {
    const { close: _closed, ...faults } = this.#faults.counts;
    for (const [what, times] of Object.entries(faults)) this.#counts.add(what as keyof typeof faults, times);
    for (const { losses, nodes } of this.#places.all) {
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

const WATCH_KINDS = ['data', 'exists', 'children', 'persistent', 'persistentRecursive'] as const;

/** @throws ViolationError */
function checkNothingLeft({ name, nodes, engine }: EngineServer, isTending: boolean): void {
  // Who sees to what others have left watches them.
  if (!isTending) {
    must(nodes.kept === 0, 'no process is kept running for nothing', name);
    const left = WATCH_KINDS.flatMap((kind) => nodes.session.watches.paths(kind));
    // All are told of the first server whose locks outlive it.
    must(
      left.every((path) => path === SERVERS_PATH),
      'no watch is left behind',
      name,
      ...left,
    );
  }
  for (const word of ['Holders', 'Waiters', 'Locks', 'Sessions'] as const) {
    const left = engine.sumOf(MetricWord[word]);
    must(left === 0, `no engine counts what is not there: ${word}`, name, left);
  }
}
