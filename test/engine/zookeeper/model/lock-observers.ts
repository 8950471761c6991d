import type { LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { ModelEnsemble } from '../../../zookeeper/model/model-ensemble.ts';
import { ClientSession } from './client-session.ts';
import type { Counted } from './engine-counts.ts';
import type { EnginePlan } from './engine-plan.ts';
import type { EngineServer } from './engine-server.ts';
import { type GrantsChecker, must } from './grants-checker.ts';
import { LockObserver } from './lock-observer.ts';

export interface LockObserversOptions {
  readonly ensemble: ModelEnsemble;
  readonly plan: EnginePlan;
  readonly paths: LockPaths;
  readonly checker: GrantsChecker;
  /** Those that take calls. */
  readonly servers: readonly EngineServer[];
  readonly newNumber: () => number;
  readonly log: (what: () => string) => void;
  readonly count: (what: Counted) => void;
  readonly violated: (error: Error) => void;
}

/** How long everything takes to come to rest, with lost connections and what is looked at again after a second. */
const REST_MS = 2_500;
/** How often a watch may be found behind a listing, and what is waited between. */
const LOOKS_MAX = 8;
const LOOK_MS = 500;
const LEASE_MS = 10_000;
/** How long a server cannot be reached that misses something: its session lives on. */
const MISSED_MS = 200;

/** All who list and watch the locks. */
export class LockObservers {
  readonly #options: LockObserversOptions;
  readonly #observers = new Map<EngineServer, LockObserver>();
  #isOver = false;

  constructor(options: LockObserversOptions) {
    this.#options = options;
    const { plan, servers, ensemble } = options;
    for (const { atMs, server, pageSize, pauseMs } of plan.looks ?? [])
      ensemble.time.at(atMs, () => {
        const observer = this.#observers.get(servers[server]!);
        if (observer === undefined || !observer.server.isServing) return;
        if (pauseMs > 0) observer.pause(pauseMs);
        else void this.#list(observer, pageSize).catch(options.violated);
      });
  }

  watch(server: EngineServer): void {
    if (!this.#isOver) this.#observers.set(server, new LockObserver(server, this.#options.paths));
  }

  /**
   * Some hold locks and some wait, and when everything has come to rest, each watcher knows what a listing says, at every server the
   * same.
   *
   * @throws ViolationError
   */
  async compareAtRest(): Promise<void> {
    await this.#pause(REST_MS);
    const end = await this.#occupy(this.#serving());
    await this.#pause(REST_MS);
    for (const observer of this.#serving()) await this.#compare(observer);
    await end();
    await this.#missAnEnd();
    this.#isOver = true;
    for (const observer of this.#observers.values()) {
      observer.check();
      observer.close();
    }
  }

  /** What is held all the time is listed once. @throws ViolationError */
  async #list(observer: LockObserver, pageSize: number): Promise<void> {
    const { checker, count, log } = this.#options;
    const before = checker.believers();
    const locks = await observer.list(pageSize);
    log(() => `${observer.server.name} lists ${JSON.stringify(locks)}`);
    if (locks === null) return;
    count('listed');
    for (const { lock, token, ownerId } of before.filter((holder) => checker.isBelieved(holder))) {
      // Its server does not know yet that its session is over.
      if (ownerId !== 0n && !this.#options.ensemble.server.isOpen(ownerId)) continue;
      const rows = locks.filter(({ name }) => name === lock);
      const holders = rows.flatMap((row) =>
        row.holders.filter(({ fencingToken }) => BigInt(fencingToken) === token),
      );
      must(
        rows.length === 1 && holders.length === 1,
        'what is held is listed once',
        lock,
        token,
        holders.length,
      );
    }
  }

  /**
   * Others give up all locks while a server is cut off from ZooKeeper. It does nothing with any of them before or after, which would
   * have its watcher look there again. @throws ViolationError
   */
  async #missAnEnd(): Promise<void> {
    const [cut, ...others] = this.#serving();
    if (cut === undefined || others.length === 0) return;
    const end = await this.#occupy(others);
    await this.#pause(REST_MS);
    const { session } = cut.server.nodes;
    session.isolate(MISSED_MS);
    session.link?.cut();
    await end();
    await this.#pause(REST_MS);
    await this.#compare(cut);
  }

  /** Has each of them hold each lock or wait for it. Returns what ends that. */
  async #occupy(observers: readonly LockObserver[]): Promise<() => Promise<void>> {
    const { plan, newNumber } = this.#options;
    const ends: (() => Promise<unknown>)[] = [];
    for (const { server } of observers) {
      const session = new ClientSession(newNumber(), server);
      for (const [at, name] of plan.locks.entries()) {
        const request = { name, size: plan.sizes[at]!, lock_timeout_ms: String(LEASE_MS) };
        let key = '';
        void server.send(session, 'Lock', request).answer.then((answer) => {
          if (answer.kind === 'reply') key = answer.message.key ?? '';
        });
        ends.push(async () => key !== '' && server.send(session, 'Unlock', { name, key }).answer);
      }
      ends.push(async () => session.end());
    }
    return async () => {
      for (const end of ends) await end();
    };
  }

  async #compare(observer: LockObserver): Promise<void> {
    const { count, log } = this.#options;
    for (let looks = 1; observer.server.isServing; looks++) {
      const words = await observer.compare();
      log(() => `${observer.server.name} lists ${words?.listed}, and has told of ${words?.told}`);
      if (words !== null && String(words.listed) === String(words.told)) {
        count('watched');
        if (observer.watched.missed > 0) count('missed');
        return;
      }
      const isFinal = looks === LOOKS_MAX && words !== null && observer.server.isServing;
      must(!isFinal, 'a watch tells what a listing says', observer.server.name, words?.listed, words?.told);
      if (looks === LOOKS_MAX) return;
      await this.#pause(LOOK_MS);
    }
  }

  #serving(): LockObserver[] {
    return [...this.#observers.values()].filter(({ server }) => server.isServing);
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.ensemble.time.after(waitMs, resolve));
  }
}
