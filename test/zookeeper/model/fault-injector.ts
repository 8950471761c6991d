import type { ModelEnsemble } from './model-ensemble.ts';
import type { ModelNodes } from './model-nodes.ts';
import type { Fault, FaultKind, FaultPlan } from './schedule-plan.ts';

/** How many times less often than a write a read breaks its connection. */
const READS_PER_WRITE = 4;
/** How many times less often than that a process stalls behind a request, and finds an old answer when it goes on. */
const CUTS_PER_STALL = 3;

/** Breaks what the plan says, and counts it. */
export class FaultInjector {
  /** The processes that are dead. */
  readonly crashed = new Set<ModelNodes>();
  readonly counts: Record<FaultKind | 'before' | 'after' | 'outage' | 'followerCut', number> = {
    cut: 0,
    replies: 0,
    everything: 0,
    stall: 0,
    crash: 0,
    close: 0,
    before: 0,
    after: 0,
    outage: 0,
    followerCut: 0,
  };
  readonly #ensemble: ModelEnsemble;
  readonly #plan: FaultPlan;
  readonly #log: (what: () => string) => void;
  #isOver = false;

  constructor(ensemble: ModelEnsemble, plan: FaultPlan, log: (what: () => string) => void) {
    this.#ensemble = ensemble;
    this.#plan = plan;
    this.#log = log;
  }

  /** Nothing new breaks. */
  end(): void {
    this.#isOver = true;
  }

  /** @param crashed is called when the client's process dies */
  schedule(nodes: ModelNodes, name: string, faults: readonly Fault[], crashed: () => void): void {
    for (const fault of faults)
      this.#ensemble.time.at(fault.atMs, () => {
        if (this.#isOver || nodes.state === 'closed' || this.crashed.has(nodes)) return;
        this.#log(() => `${name} suffers ${fault.kind} for ${fault.durationMs} ms`);
        this.counts[fault.kind]++;
        this.#inject(nodes, fault);
        if (fault.kind === 'crash') crashed();
      });
  }

  /** All servers go down, and come up again with the sessions that there were. */
  scheduleOutage(clients: readonly ModelNodes[]): void {
    const { outageAtMs, outageMs } = this.#plan;
    if (outageAtMs === null) return;
    const { time } = this.#ensemble;
    time.at(outageAtMs, () => {
      if (this.#isOver) return;
      this.#log(() => `all servers are down for ${outageMs} ms`);
      this.counts.outage++;
      this.#ensemble.isDown = true;
      for (const { session } of clients) {
        session.isolate(outageMs);
        session.link?.cut();
      }
      time.after(outageMs, () => {
        this.#ensemble.isDown = false;
        this.#ensemble.server.restart(time.nowMs);
      });
    });
  }

  scheduleFollowerCuts(): void {
    for (const { atMs, durationMs } of this.#plan.followerCuts)
      this.#ensemble.time.at(atMs, () => {
        if (this.#isOver) return;
        this.#log(() => `a follower is cut off from the leader for ${durationMs} ms`);
        this.counts.followerCut++;
        this.#ensemble.cutOff(durationMs);
      });
  }

  /** Where the next request of the client cuts its connection; some clients then find no server for a while. */
  cutOf(nodes: ModelNodes, name: string, isWrite: boolean): 'nowhere' | 'before' | 'after' {
    const { writesPerCut, faultsEndMs, sessionTimeoutMs } = this.#plan;
    const { random, time } = this.#ensemble;
    if (writesPerCut === 0 || this.#isOver || time.nowMs >= faultsEndMs) return 'nowhere';
    if (random(writesPerCut * CUTS_PER_STALL) === 0) {
      const stalledMs = random(2 * sessionTimeoutMs);
      this.counts.stall++;
      this.#log(() => `${name} stalls for ${stalledMs} ms behind a request`);
      nodes.clock.stall(stalledMs);
    }
    if (random(isWrite ? writesPerCut : writesPerCut * READS_PER_WRITE) > 0) return 'nowhere';
    const cut = random(2) === 0 ? 'before' : 'after';
    const isolatedMs = random(2) === 0 ? 0 : random(2 * sessionTimeoutMs);
    if (isolatedMs > 0) nodes.session.isolate(isolatedMs);
    this.counts[cut]++;
    this.#log(
      () => `${name}: cut ${cut} the next ${isWrite ? 'write' : 'read'}, and no server for ${isolatedMs} ms`,
    );
    return cut;
  }

  #inject(nodes: ModelNodes, { kind, durationMs }: Fault): void {
    const { link } = nodes.session;
    switch (kind) {
      case 'cut':
        nodes.session.isolate(durationMs);
        return link?.cut();
      case 'replies':
      case 'everything':
        nodes.session.isolate(durationMs);
        if (link !== null) link.swallows = kind;
        return;
      case 'stall':
        return nodes.clock.stall(durationMs);
      case 'close':
        // A process that is stalled closes nothing.
        nodes.clock.after(0, () => nodes.close());
        return;
      case 'crash':
        this.crashed.add(nodes);
        nodes.clock.stall(Number.POSITIVE_INFINITY);
        link?.close();
    }
  }
}
