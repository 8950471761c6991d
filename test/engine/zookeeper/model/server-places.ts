import type { LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import type { FaultInjector } from '../../../zookeeper/model/fault-injector.ts';
import type { ModelEnsemble } from '../../../zookeeper/model/model-ensemble.ts';
import { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { Counted } from './engine-counts.ts';
import type { EnginePlan } from './engine-plan.ts';
import { EngineServer } from './engine-server.ts';
import { newModelEngine } from './model-engine.ts';
import { SeededKeys } from './seeded-keys.ts';
import { ServerLine } from './server-line.ts';
import { SessionKeeper } from './session-keeper.ts';

export interface ServerPlacesOptions {
  readonly ensemble: ModelEnsemble;
  readonly plan: EnginePlan;
  readonly paths: LockPaths;
  readonly faults: FaultInjector;
  readonly log: (what: () => string) => void;
  readonly count: (what: Counted) => void;
  readonly violated: (error: Error) => void;
  /** A server takes calls from now on. */
  readonly serving: (server: EngineServer) => void;
}

/** How long a stopping server waits for its clients. */
const GRACE_MS = 100;
/** How soon a server that could not start is started again. */
const AGAIN_MS = 200;

/** Where servers run: one at each place at a time, the next one when that has ended. */
export class ServerPlaces {
  /** Those that take calls, or did last, by their places. */
  readonly current: EngineServer[] = [];
  /** Also those that have ended. */
  readonly all: EngineServer[] = [];
  readonly #options: ServerPlacesOptions;
  readonly #lines: readonly ServerLine[];
  readonly #restartsMs: number[][];

  constructor(options: ServerPlacesOptions) {
    this.#options = options;
    const { servers } = options.plan;
    this.#lines = servers.map(() => new ServerLine(options.ensemble.server));
    this.#restartsMs = servers.map(({ restartsAfterMs }) => [...restartsAfterMs]);
  }

  connect(place: number): ModelNodes {
    const { ensemble, faults, log, plan } = this.#options;
    const { sessionTimeoutMs, requestTimeoutMs } = plan;
    const name = nameOf(place);
    const nodes: ModelNodes = new ModelNodes(ensemble, {
      ...{ sessionTimeoutMs, requestTimeoutMs, resume: this.#lines[place]!.saved?.sessionId ?? 0n },
      cutOf: (isWrite) => faults.cutOf(nodes, name, isWrite),
    });
    nodes.onState((state) => log(() => `${name} is ${state}, session ${nodes.sessionId}`));
    return nodes;
  }

  /** A server begins with this session. */
  async serve(place: number, nodes: ModelNodes): Promise<void> {
    const { log, serving, violated } = this.#options;
    const server = this.#open(place, nodes);
    this.all.push(server);
    this.#suffer(place, server);
    try {
      await server.engine.ready();
    } catch (error) {
      // It has died meanwhile, and the next one is started for that.
      if (server.isGone) return;
      log(() => `${server.name} does not start: ${error}`);
      server.isHandedOver = true;
      server.isGone = true;
      await server.engine.close();
      return this.#startAfter(place, AGAIN_MS);
    }
    if (server.isGone) return;
    server.line.current = server;
    this.current[place] = server;
    const { stopsAtMs } = this.#options.plan.servers[place]!;
    const { time } = this.#options.ensemble;
    if (stopsAtMs !== null && (stopsAtMs > time.nowMs || this.#restartsMs[place]!.length > 0))
      time.at(stopsAtMs > time.nowMs ? stopsAtMs : time.nowMs + stopsAtMs, () => this.#stop(server));
    try {
      serving(server);
    } catch (error) {
      violated(error as Error);
    }
  }

  #open(place: number, nodes: ModelNodes): EngineServer {
    const { ensemble, plan, paths, log, violated } = this.#options;
    const { time } = ensemble;
    const line = this.#lines[place]!;
    const { keepsSessions, isDurable: keepOnSessionEnd, defaultLockTimeoutMs } = plan;
    const keeper = keepsSessions ? new SessionKeeper(nodes, line, defaultLockTimeoutMs) : null;
    const keys = new SeededKeys(ensemble.random);
    const process = `process${this.all.length}`;
    return new EngineServer({
      ...{ name: nameOf(place), nodes, line, keepsSession: keepsSessions, nowMs: () => time.nowMs },
      open: (events) =>
        newModelEngine(
          { ...{ time, nodes, keys, paths, keepOnSessionEnd, process }, ...(keeper !== null && { keeper }) },
          events,
        ),
      ...{ log, violated },
      ended: () => this.#ended(place),
    });
  }

  #suffer(place: number, server: EngineServer): void {
    const { faults, plan, ensemble } = this.#options;
    const left = plan.servers[place]!.faults.filter(({ atMs }) => atMs > ensemble.time.nowMs);
    faults.schedule(server.nodes, server.name, left, () => server.crashed());
  }

  #stop(server: EngineServer): void {
    if (server.isGone) return;
    this.#options.log(() => `${server.name} stops`);
    this.#options.count('stops');
    server.arrive(() => server.stop(GRACE_MS));
  }

  #ended(place: number): void {
    const afterMs = this.#restartsMs[place]!.shift();
    if (afterMs !== undefined) this.#startAfter(place, afterMs);
  }

  #startAfter(place: number, waitMs: number): void {
    this.#options.ensemble.time.after(waitMs, () => {
      this.#options.log(() => `${nameOf(place)} is started again`);
      this.#options.count('restarted');
      const nodes = this.connect(place);
      const endState = nodes.onState((state) => {
        if (state !== 'connected') return;
        endState();
        void this.serve(place, nodes);
      });
    });
  }
}

function nameOf(place: number): string {
  return `server ${place}`;
}
